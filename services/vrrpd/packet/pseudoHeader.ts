import { partialChecksum } from '../../shared/net/checksum.js';

/** IP protocol number of VRRP. */
export const PROTOCOL_VRRP = 112;

/**
 * Partial checksum of the pseudo-header: source, destination, length, protocol.
 * RFC 8200 8.1 for IPv6; the same sum for IPv4, where the fields are only narrower (RFC 5798 5.2.8).
 */
export function pseudoHeaderSum(source: Uint8Array, destination: Uint8Array, length: number): number {
  return partialChecksum(destination, partialChecksum(source, 0)) + PROTOCOL_VRRP + length;
}
