import type { Block } from '../../../../shared/config/readBlock.js';
import type { Reporter } from '../../../../shared/config/reporter.js';
import type { DnsCheckConfig } from '../../checkerModel.js';
import * as C from '../../keywords/checkers.js';

/** RFC 1035 3.2.2, RFC 3596. */
const TYPES: ReadonlyMap<string, number> = new Map([
  ['A', 1],
  ['NS', 2],
  ['CNAME', 5],
  ['SOA', 6],
  ['MX', 15],
  ['TXT', 16],
  ['AAAA', 28],
]);
const SOA = 6;
const MAX_LABEL = 63;
/** With a length before each label and the empty one at the end (RFC 1035 3.1). */
const MAX_NAME = 255;

/** Reads what to ask for; undefined for a name that cannot be asked for, which is reported. A wrong type was reported already. */
export function readDnsQuestion(block: Block, report: Reporter): Pick<DnsCheckConfig, 'type' | 'labels'> | undefined {
  const type = TYPES.get((block.last(C.DNS_TYPE)?.values[0] ?? 'SOA').toUpperCase()) ?? SOA;
  const found = block.last(C.DNS_NAME);
  const name = found?.values[0] ?? '.';
  const labels = name === '.' ? [] : name.replace(/\.$/, '').split('.');
  const lengths = labels.map((label) => new TextEncoder().encode(label).length);
  const total = lengths.reduce((sum, length) => sum + length + 1, 1);
  if (total <= MAX_NAME && lengths.every((length) => length > 0 && length <= MAX_LABEL)) return { type, labels };
  const message = `'name' is a domain of labels of 1 to 63 bytes, 255 in all, not '${name}'`;
  report.error(found?.statement.words[1], 'bad-value', message);
  return undefined;
}
