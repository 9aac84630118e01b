/** Addresses as INET-ADDRESS-MIB has them. Pure. */
import { type IpAddress, parseIpAddress } from '../../shared/net/address.js';
import { integer, octets, type SnmpValue } from '../agentx/value.js';

/** The columns of an address: its kind (ipv4(1), ipv6(2)) and its bytes; neither for what is none. */
export interface InetValues {
  readonly type: SnmpValue | undefined;
  readonly address: SnmpValue | undefined;
}

/** Reads an address; a prefix length after it does not count. */
export function inetAddress(text: string | undefined): InetValues {
  const address = inetOf(text);
  if (address === undefined) return { type: undefined, address: undefined };
  return { type: integer(address.family === 4 ? 1 : 2), address: octets(address.bytes) };
}

export const inetOf = (text: string | undefined): IpAddress | undefined =>
  text === undefined ? undefined : parseIpAddress(text.replace(/\/.*$/, ''));

/** The length of the prefix in `10.0.0.1/24`; without one, a whole address. */
export function prefixLength(text: string): number | undefined {
  const length = /\/(\d+)$/.exec(text)?.[1];
  if (length !== undefined) return Number(length);
  const family = inetOf(text)?.family;
  return family === undefined ? undefined : family === 4 ? 32 : 128;
}
