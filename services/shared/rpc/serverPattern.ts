/** How an operator names servers: as the status does, or by address with or without a port. Pure. */
import { formatIpAddress, parseIpAddress } from '../net/address.js';

/** What the status says of a server. */
export interface NamedServer {
  /** `[10.0.0.2]:tcp:80`, `FWM 42`, `[WEB]:0`. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/** A virtual server by its name alone: `[10.0.0.1]:tcp:80` is 10.0.0.1 port 80, `FWM 42` has no address. */
export function namedByText(name: string): NamedServer {
  const [, address = '', port = '0'] = /^\[([^\]]+)\]:[a-z]+:(\d+)$/.exec(name) ?? [];
  return { name, address, port: Number(port) };
}

/** Whether `pattern` names a server: its name, its address, `10.0.0.2:80` or `[fd00::2]:80`. */
export function namesServer(pattern: string, { name, address, port }: NamedServer): boolean {
  if (pattern === name) return true;
  if (address === '') return false;
  const [, inBrackets, bare, wantedPort] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(pattern) ?? [];
  const wanted = parseIpAddress(inBrackets ?? bare ?? pattern);
  if (wanted === undefined || formatIpAddress(wanted) !== address) return false;
  return wantedPort === undefined || Number(wantedPort) === port;
}
