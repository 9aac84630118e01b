import type { Argument } from '../../../shared/config/argument.js';
import { type IpAddress, parseIpAddress } from '../../../shared/net/address.js';

/** A network as ip(8) writes it; no address: `default`, `any` or `all`, of either family. */
export interface NetworkPrefix {
  readonly address?: IpAddress;
  readonly prefixLength: number;
}

/** Reads `ADDRESS[/LENGTH]`, `default`, `any` and `all`; undefined when it is none. */
export function parseNetworkPrefix(text: string): NetworkPrefix | undefined {
  if (text === 'default' || text === 'any' || text === 'all') return { prefixLength: 0 };
  const slash = text.indexOf('/');
  const address = parseIpAddress(completed(slash < 0 ? text : text.slice(0, slash)));
  if (address === undefined) return undefined;
  const bits = address.family === 4 ? 32 : 128;
  if (slash < 0) return { address, prefixLength: bits };
  const length = text.slice(slash + 1);
  if (!/^[0-9]{1,3}$/.test(length) || Number(length) > bits) return undefined;
  return { address, prefixLength: Number(length) };
}

/** ip(8) lets zeros at the end of an IPv4 network be left out: `10/8`, `192.168/16`; a point at its end does no harm. */
function completed(text: string): string {
  if (!/^[0-9]{1,3}(?:\.[0-9]{1,3}){0,2}\.?$/.test(text)) return text;
  const parts = text.split('.').filter((part) => part !== '');
  return [...parts, '0', '0', '0'].slice(0, 4).join('.');
}

/** A network, `default`, `any` or `all`. */
export function networkPrefix(name: string): Argument<NetworkPrefix> {
  return {
    shape: { name, type: 'word', optional: false, repeat: false },
    absent: { prefixLength: 0 },
    read: (text) => {
      const value = parseNetworkPrefix(text);
      if (value !== undefined) return { ok: true, value };
      return { ok: false, code: 'bad-value', message: `needs a network such as 192.0.2.0/24, not '${text}'` };
    },
  };
}
