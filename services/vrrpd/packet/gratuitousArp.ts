/** Length of the frame: Ethernet header and ARP packet; the driver pads it. */
const FRAME_LENGTH = 42;
const BROADCAST = 0xff;

/**
 * A gratuitous ARP announcing that `address` is now at `mac` (RFC 3768 6.4.1; RFC 5227 3 "ARP Announcement").
 *
 * ```
 *  0  destination MAC ff:ff:ff:ff:ff:ff        14  hardware type 1 (Ethernet)
 *  6  source MAC                               16  protocol type 0x0800 (IPv4)
 * 12  EtherType 0x0806 (ARP)                   18  address lengths 6, 4
 *                                              20  operation 1 (request)
 * 22  sender MAC   28 sender address           32  target MAC (zero)   38 target address = sender address
 * ```
 * A request, not a reply: hosts that ignore unsolicited replies still update an entry they have.
 */
export function gratuitousArp(mac: Uint8Array, address: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_LENGTH);
  frame.fill(BROADCAST, 0, 6);
  frame.set(mac, 6);
  frame.set([0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 6, 4, 0x00, 0x01], 12);
  frame.set(mac, 22);
  frame.set(address, 28);
  frame.set(address, 38);
  return frame;
}
