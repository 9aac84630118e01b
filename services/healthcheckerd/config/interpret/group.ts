import type { Occurrence } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import type { Word } from '../../../shared/config/tree.js';
import { compareIpBytes, type IpAddress, parseIpAddress } from '../../../shared/net/address.js';
import type { GroupMember, VirtualServerGroupConfig } from '../model.js';
import { readMark, readPort } from './endpoint.js';

/** A group may stand for so many addresses at most, since each becomes a service in the kernel. */
const MAXIMUM_ADDRESSES = 65_536n;

/** Gives meaning to one `virtual_server_group`. */
export function readGroup(found: Occurrence, name: string, report: Reporter): VirtualServerGroupConfig {
  const members: GroupMember[] = [];
  for (const { words } of found.statement.children) {
    const member = words[0]?.text === 'fwmark' ? readMarkLine(words, report) : readAddressLine(words, report);
    if (member !== undefined) members.push(member);
  }
  return { name, members, position: report.position(found.keyword) };
}

function readMarkLine(words: readonly Word[], report: Reporter): GroupMember | undefined {
  const [keyword, mark, family] = words;
  if (keyword === undefined) return undefined;
  const fwmark = readMark(keyword, mark, report);
  if (fwmark === undefined) return undefined;
  if (family === undefined) return { kind: 'fwmark', fwmark };
  if (family.text === 'inet' || family.text === 'inet6') {
    return { kind: 'fwmark', fwmark, family: family.text === 'inet' ? 4 : 6 };
  }
  report.error(family, 'bad-value', `after a mark stands inet or inet6, not '${family.text}'`);
  return undefined;
}

function readAddressLine(words: readonly Word[], report: Reporter): GroupMember | undefined {
  const [range, portWord, extra] = words;
  if (range === undefined) return undefined;
  const ends = readRange(range, report);
  if (ends === undefined) return undefined;
  if (extra !== undefined) report.warning(extra, 'extra-words', `'${extra.text}' after the port is ignored`);
  const port = portWord === undefined ? 0 : readPort(portWord, report);
  return port === undefined ? undefined : { kind: 'addresses', ...ends, port };
}

interface Range {
  readonly first: IpAddress;
  readonly last: IpAddress;
}

function readRange(word: Word, report: Reporter): Range | undefined {
  const range = word.text.includes('/') ? readPrefixRange(word.text) : readDashRange(word.text);
  if (range === undefined) {
    const hint = '192.0.2.1, 192.0.2.1-10, 192.0.2.250-192.0.3.10 or 192.0.2.8/29';
    report.error(word, 'bad-address', `'${word.text}' is no address and no range of addresses`, hint);
    return undefined;
  }
  if (compareIpBytes(range.first.bytes, range.last.bytes) > 0) {
    report.error(word, 'bad-address', `the range '${word.text}' ends before it begins`);
    return undefined;
  }
  const count = toNumber(range.last) - toNumber(range.first) + 1n;
  if (count > MAXIMUM_ADDRESSES) {
    report.error(word, 'out-of-range', `the range '${word.text}' has more than ${MAXIMUM_ADDRESSES} addresses`);
    return undefined;
  }
  return range;
}

function readDashRange(text: string): Range | undefined {
  const dash = text.indexOf('-');
  const first = parseIpAddress(dash < 0 ? text : text.slice(0, dash));
  if (first === undefined) return undefined;
  if (dash < 0) return { first, last: first };
  const end = text.slice(dash + 1);
  const whole = parseIpAddress(end);
  if (whole !== undefined) return whole.family === first.family ? { first, last: whole } : undefined;
  return withLastPart(first, end);
}

/** `-10` replaces the last octet (decimal) of IPv4, the last group (hexadecimal) of IPv6. */
function withLastPart(first: IpAddress, end: string): Range | undefined {
  const bytes = Uint8Array.from(first.bytes);
  if (first.family === 4) {
    if (!/^[0-9]{1,3}$/.test(end) || Number(end) > 255) return undefined;
    bytes[3] = Number(end);
  } else {
    if (!/^[0-9a-fA-F]{1,4}$/.test(end)) return undefined;
    const value = Number.parseInt(end, 16);
    bytes[14] = value >> 8;
    bytes[15] = value & 0xff;
  }
  return { first, last: { family: first.family, bytes } };
}

function readPrefixRange(text: string): Range | undefined {
  const slash = text.indexOf('/');
  const address = parseIpAddress(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (address === undefined || !/^[0-9]{1,3}$/.test(length)) return undefined;
  const bits = address.bytes.length * 8;
  const prefix = Number(length);
  if (prefix > bits) return undefined;
  const host = BigInt(bits - prefix);
  const base = (toNumber(address) >> host) << host;
  return {
    first: fromNumber(base, address.family),
    last: fromNumber(base + (1n << host) - 1n, address.family),
  };
}

const toNumber = (address: IpAddress): bigint =>
  address.bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);

function fromNumber(value: bigint, family: 4 | 6): IpAddress {
  const bytes = new Uint8Array(family === 4 ? 4 : 16);
  let rest = value;
  for (let index = bytes.length - 1; index >= 0; index--) {
    bytes[index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return { family, bytes };
}
