/**
 * Whether a request names this machine as its host. A page of another site can make a browser send requests here by giving
 * its own name our address (DNS rebinding), but not by another name than its own. Pure.
 */
import { parseIpAddress } from '../../shared/net/address.js';
import { isLoopback } from '../listenAddress.js';

export interface HostFacts {
  /** Host as --dashboard names it. */
  readonly configured: string;
  /** Our address of the connection. */
  readonly local: string;
  /** Whether the certificate is for a name; false without one. */
  readonly certified: (name: string) => boolean;
}

/** Ports do not count: whoever forwards a port to us asks for another one. */
export function isOwnHost(header: string | undefined, { configured, local, certified }: HostFacts): boolean {
  const parts = /^(?:\[([0-9A-Fa-f:.]+)\]|([^[\]:/@]+))(?::[0-9]{1,5})?$/.exec(header ?? '');
  const name = (parts?.[1] ?? parts?.[2])?.toLowerCase().replace(/\.$/, '');
  if (name === undefined || name === '') return false;
  if (name === configured.toLowerCase()) return true;
  // Addresses as such cannot be given to another site.
  if (parseIpAddress(name) !== undefined) {
    return sameAddress(name, local) || (isLoopback(local) && isLoopback(name)) || certified(name);
  }
  return (isLoopback(local) && name === 'localhost') || certified(name);
}

function sameAddress(one: string, other: string): boolean {
  const [a, b] = [parseIpAddress(one), parseIpAddress(other.replace(/^::ffff:(?=[0-9.]+$)/, ''))];
  return a !== undefined && b !== undefined && Buffer.compare(a.bytes, b.bytes) === 0;
}
