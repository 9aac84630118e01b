/**
 * IP addresses as bytes. Parsing is strict: `010.0.0.1`, `1.2.3` and zone identifiers are refused,
 * because libraries disagree on what they mean.
 */
import { parseIpv6Groups } from './ipv6.js';

/** An IPv4 or IPv6 address. `bytes` are in network order: 4 or 16 of them. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly bytes: Uint8Array;
}

const DOT = 46;
const ZERO = 48;

/** By hand: a configuration may have hundreds of thousands. No octet has a leading zero. */
function parseIpv4(text: string): Uint8Array | undefined {
  if (text.length > 15) return undefined;
  let [octet, digits, dots] = [0, 0, 0];
  let value = 0;
  for (let offset = 0; offset < text.length; offset++) {
    const code = text.charCodeAt(offset);
    if (code === DOT) {
      if (digits === 0 || dots === 3) return undefined;
      value = value * 256 + octet;
      dots++;
      [octet, digits] = [0, 0];
      continue;
    }
    const digit = code - ZERO;
    if (digit < 0 || digit > 9 || (digits > 0 && octet === 0)) return undefined;
    octet = octet * 10 + digit;
    digits++;
    if (octet > 255) return undefined;
  }
  if (dots !== 3 || digits === 0) return undefined;
  return Uint8Array.of(value >> 16, (value >> 8) & 0xff, value & 0xff, octet);
}

/** Reads `192.0.2.1` or `2001:db8::1`; anything else gives undefined. */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (text.includes(':')) {
    const groups = parseIpv6Groups(text, parseIpv4);
    if (groups === undefined) return undefined;
    const bytes = new Uint8Array(16);
    for (const [index, group] of groups.entries()) {
      bytes[index * 2] = group >> 8;
      bytes[index * 2 + 1] = group & 0xff;
    }
    return { family: 6, bytes };
  }
  const bytes = parseIpv4(text);
  return bytes === undefined ? undefined : { family: 4, bytes };
}

/** Writes an address canonically: dotted quad, or RFC 5952 for IPv6. */
export function formatIpAddress(address: IpAddress): string {
  return formatIpBytes(address.bytes);
}

/** Writes 4 or 16 address bytes canonically; throws RangeError for any other length. */
export function formatIpBytes(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) throw new RangeError(`an IP address has 4 or 16 bytes, not ${bytes.length}`);
  const groups: number[] = [];
  for (let index = 0; index < 16; index += 2) groups.push(((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0));
  // RFC 5952 4.2: the longest run of two or more zero groups is shortened, the first among equals.
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) {
      bestStart = start;
      bestLength = length;
    }
  }
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (bestStart < 0) return hex(groups);
  return `${hex(groups.slice(0, bestStart))}::${hex(groups.slice(bestStart + bestLength))}`;
}

/** Compares as unsigned integers in network order, as RFC 3768 6.4.3 breaks ties; IPv4 sorts before IPv6. */
export function compareIpBytes(left: Uint8Array, right: Uint8Array): number {
  if (left.length !== right.length) return left.length - right.length;
  for (let index = 0; index < left.length; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** 224.0.0.0/4 or ff00::/8. */
export function isMulticast(address: IpAddress): boolean {
  const first = address.bytes[0] ?? 0;
  return address.family === 4 ? (first & 0xf0) === 0xe0 : first === 0xff;
}

/** fe80::/10 (IPv6) or 169.254.0.0/16 (IPv4). */
export function isLinkLocal(address: IpAddress): boolean {
  const [first = 0, second = 0] = address.bytes;
  return address.family === 6 ? first === 0xfe && (second & 0xc0) === 0x80 : first === 169 && second === 254;
}
