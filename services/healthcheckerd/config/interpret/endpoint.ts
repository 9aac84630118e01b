import type { Reporter } from '../../../shared/config/reporter.js';
import type { Word } from '../../../shared/config/tree.js';
import { type IpAddress, parseIpAddress } from '../../../shared/net/address.js';

/** An address with a port; port 0 when none was written. */
export interface Endpoint {
  readonly address: IpAddress;
  readonly port: number;
}

/** Reads `ADDRESS [PORT]` after a keyword; undefined when it is wrong, which is reported. */
export function readEndpoint(keyword: Word, words: readonly Word[], report: Reporter): Endpoint | undefined {
  const [host, port, extra] = words;
  if (host === undefined) return undefined;
  const address = parseIpAddress(host.text);
  if (address === undefined) {
    report.error(host, 'bad-address', `'${keyword.text}' needs an IP address, not '${host.text}'`);
    return undefined;
  }
  if (extra !== undefined) report.warning(extra, 'extra-words', `'${extra.text}' after the port is ignored`);
  if (port === undefined) return { address, port: 0 };
  const number = readPort(port, report);
  return number === undefined ? undefined : { address, port: number };
}

/** Reads a port; 0 means every port. */
export function readPort(word: Word, report: Reporter): number | undefined {
  if (/^[0-9]{1,5}$/.test(word.text) && Number(word.text) <= 65535) return Number(word.text);
  report.error(word, 'out-of-range', `a port is 1..65535, not '${word.text}'`);
  return undefined;
}

/** Reads a firewall mark. */
export function readMark(keyword: Word, word: Word | undefined, report: Reporter): number | undefined {
  if (word === undefined) {
    report.error(keyword, 'missing-argument', "'fwmark' needs a number");
    return undefined;
  }
  if (/^[0-9]{1,10}$/.test(word.text) && Number(word.text) >= 1 && Number(word.text) < 2 ** 32)
    return Number(word.text);
  report.error(word, 'out-of-range', `'fwmark' must be 1..4294967295, not '${word.text}'`);
  return undefined;
}
