import type { Occurrence } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import { formatIpAddress } from '../../../shared/net/address.js';
import type { VirtualServerTarget } from '../model.js';
import { readEndpoint, readMark } from './endpoint.js';

/** Reads what stands between `virtual_server` and its brace; undefined when it is wrong, which is reported. */
export function readTarget(
  found: Occurrence,
  groups: ReadonlySet<string>,
  report: Reporter,
): VirtualServerTarget | undefined {
  const { keyword, statement } = found;
  const [, first, second, extra] = statement.words;
  if (first === undefined) return undefined;
  if (first.text !== 'fwmark' && first.text !== 'group') {
    const endpoint = readEndpoint(keyword, statement.words.slice(1), report);
    return endpoint === undefined ? undefined : { kind: 'address', ...endpoint };
  }
  if (extra !== undefined) report.warning(extra, 'extra-words', `'${extra.text}' after '${second?.text}' is ignored`);
  if (first.text === 'fwmark') {
    const fwmark = readMark(first, second, report);
    return fwmark === undefined ? undefined : { kind: 'fwmark', fwmark };
  }
  if (second === undefined) {
    report.error(first, 'missing-argument', "'virtual_server group' needs the name of a virtual_server_group");
    return undefined;
  }
  if (!groups.has(second.text)) {
    report.error(second, 'unknown-group', `there is no virtual_server_group '${second.text}'`);
    return undefined;
  }
  return { kind: 'group', name: second.text };
}

/** How a virtual server is called in messages. */
export function describeTarget(target: VirtualServerTarget): string {
  if (target.kind === 'fwmark') return `fwmark ${target.fwmark}`;
  if (target.kind === 'group') return `group ${target.name}`;
  return `${formatIpAddress(target.address)} ${target.port}`;
}
