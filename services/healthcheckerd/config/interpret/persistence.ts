import type { Block } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import type { Word } from '../../../shared/config/tree.js';
import { parseIpAddress } from '../../../shared/net/address.js';
import * as K from '../keywords/server.js';
import { DEFAULT_PERSISTENCE_TIMEOUT_S, type PersistenceConfig } from '../model.js';

/** Reads the `persistence_*` keywords of a virtual server of the given family; undefined: it is not persistent. */
export function readPersistence(block: Block, family: 4 | 6, report: Reporter): PersistenceConfig | undefined {
  const timeout = block.last(K.PERSISTENCE_TIMEOUT);
  const granularity = block.last(K.PERSISTENCE_GRANULARITY);
  const engine = block.last(K.PERSISTENCE_ENGINE);
  const word = granularity?.statement.words[1];
  const prefixLength = word === undefined ? undefined : readGranularity(word, family, report);
  if (timeout === undefined && granularity === undefined) {
    if (engine !== undefined) {
      const hint = 'add persistence_timeout';
      report.warning(engine.keyword, 'ignored', "'persistence_engine' without a timeout is ignored", hint);
    }
    return undefined;
  }
  const name = engine?.values[0];
  if (name !== undefined && name !== 'sip') {
    report.warning(
      engine?.statement.words[1],
      'unknown-engine',
      `the kernel knows no persistence engine '${name}' but sip`,
    );
  }
  return {
    timeoutSeconds: timeout?.values[0] ?? DEFAULT_PERSISTENCE_TIMEOUT_S,
    prefixLength: prefixLength ?? (family === 4 ? 32 : 128),
    ...(name === undefined ? {} : { engine: name }),
  };
}

/** A netmask (IPv4) or a prefix length. */
function readGranularity(word: Word, family: 4 | 6, report: Reporter): number | undefined {
  const bits = family === 4 ? 32 : 128;
  if (/^[0-9]{1,3}$/.test(word.text) && Number(word.text) >= 1 && Number(word.text) <= bits) return Number(word.text);
  const mask = family === 4 ? parseIpAddress(word.text) : undefined;
  const length = mask?.family === 4 ? prefixLengthOf(mask.bytes) : undefined;
  if (length !== undefined && length > 0) return length;
  const wanted = family === 4 ? 'a netmask such as 255.255.255.0' : 'a prefix length 1..128';
  report.error(word, 'bad-value', `'persistence_granularity' needs ${wanted}, not '${word.text}'`);
  return undefined;
}

/** Undefined when the ones are not all before the zeros. */
function prefixLengthOf(mask: Uint8Array): number | undefined {
  const bits = [...mask].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : undefined;
}
