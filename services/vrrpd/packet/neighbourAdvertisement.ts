import { internetChecksum, partialChecksum } from '../../shared/net/checksum.js';

const ICMPV6 = 58;
const MESSAGE_LENGTH = 32;
const ALL_NODES = [0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

/**
 * An unsolicited neighbour advertisement for `address` at `mac`, to all nodes (RFC 9568 6.4.1, RFC 4861 4.4):
 * Router set, Solicited clear, Override set, with the target link-layer address option.
 *
 * ```
 *  0  destination MAC 33:33:00:00:00:01   14  IPv6: version 6, length 32, next header 58, hop limit 255
 *  6  source MAC                          22  source address    38  ff02::1
 * 12  EtherType 0x86dd                    54  type 136, code 0, checksum; R S O, reserved
 *                                         62  target address    78  option 2, length 1, MAC
 * ```
 */
export function neighbourAdvertisement(mac: Uint8Array, address: Uint8Array): Uint8Array {
  const frame = new Uint8Array(14 + 40 + MESSAGE_LENGTH);
  frame.set([0x33, 0x33, 0, 0, 0, 1], 0);
  frame.set(mac, 6);
  frame.set([0x86, 0xdd, 0x60, 0, 0, 0, 0, MESSAGE_LENGTH, ICMPV6, 255], 12);
  frame.set(address, 22);
  frame.set(ALL_NODES, 38);
  frame.set([136, 0, 0, 0, 0xa0, 0, 0, 0], 54);
  frame.set(address, 62);
  frame.set([2, 1], 78);
  frame.set(mac, 80);
  // The pseudo-header of RFC 8200 8.1: both addresses, length, next header.
  const initial = partialChecksum(frame.subarray(22, 54)) + MESSAGE_LENGTH + ICMPV6;
  const checksum = internetChecksum(frame.subarray(54), initial);
  frame[56] = checksum >> 8;
  frame[57] = checksum & 0xff;
  return frame;
}
