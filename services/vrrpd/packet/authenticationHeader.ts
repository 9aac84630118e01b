/**
 * The IP Authentication Header around a version 2 advertisement (RFC 2338 5.3.6.3, RFC 2402), IPv4 only.
 *
 * ```
 *  0 next header 112   1 length 4 (in 32-bit words, less two)   2 reserved 0
 *  4 SPI, as in keepalived the address of the sender
 *  8 sequence number
 * 12 integrity check value: HMAC-MD5-96 (RFC 2403)
 * 24 the advertisement
 * ```
 *
 * The check value covers the IP header with the fields that change on the way as zeros, this header with the value itself as
 * zeros, and the advertisement. RFC 2402 3.3.3.1.1.1 counts the TTL among those fields; keepalived does so for unicast, but
 * leaves it in for multicast, where it has to arrive as 255. We send as keepalived does and take both.
 */
import { PROTOCOL_VRRP } from './pseudoHeader.js';

/** IP protocol number of AH (RFC 2402 1). */
export const PROTOCOL_AH = 51;

/** Length of the header with a check value of 96 bits. */
export const AH_LENGTH = 24;

/** RFC 2403 2: the first 96 bits of the hash. */
const ICV_LENGTH = 12;
const ICV_OFFSET = 12;
const IPV4_HEADER = 20;
/** Payload length in 32-bit words, less two (RFC 2402 2.2). */
const AH_WORDS = AH_LENGTH / 4 - 2;
/** Where the fields that change on the way stand in an IPv4 header: TOS, flags and offset, checksum. */
const MUTABLE = [1, 6, 7, 10, 11] as const;
const TTL_OFFSET = 8;

/** HMAC with a key that is part of it. */
export type KeyedHash = (data: Uint8Array) => Uint8Array;

/** What of the IP header the check value of an advertisement covers. */
export interface SealedBy {
  readonly hash: KeyedHash;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** Of the IP header, 1..65535. */
  readonly identification: number;
  /** The TTL where it counts: 255 to a multicast group; 0 for unicast. */
  readonly ttl: 0 | 255;
  readonly sequence: number;
}

/** Puts an advertisement into an Authentication Header: the payload of an IP packet of protocol 51. */
export function sealAdvertisement(advertisement: Uint8Array, by: SealedBy): Uint8Array {
  const length = IPV4_HEADER + AH_LENGTH + advertisement.length;
  const packet = new Uint8Array(length);
  const view = new DataView(packet.buffer);
  packet[0] = 0x45;
  view.setUint16(2, length);
  view.setUint16(4, by.identification);
  packet[TTL_OFFSET] = by.ttl;
  packet[9] = PROTOCOL_AH;
  packet.set(by.source, 12);
  packet.set(by.destination, 16);
  packet[IPV4_HEADER] = PROTOCOL_VRRP;
  packet[IPV4_HEADER + 1] = AH_WORDS;
  packet.set(by.source, IPV4_HEADER + 4);
  view.setUint32(IPV4_HEADER + 8, by.sequence);
  packet.set(advertisement, IPV4_HEADER + AH_LENGTH);
  packet.set(by.hash(packet).subarray(0, ICV_LENGTH), IPV4_HEADER + ICV_OFFSET);
  return packet.subarray(IPV4_HEADER);
}

/** An advertisement out of its header. */
export interface SealedAdvertisement {
  readonly sequence: number;
  readonly advertisement: Uint8Array;
}

/** Takes an advertisement out of its Authentication Header, unproven as yet; undefined: that is no such header. */
export function openAdvertisement(payload: Uint8Array): SealedAdvertisement | undefined {
  if (payload.length < AH_LENGTH) return undefined;
  if (payload[0] !== PROTOCOL_VRRP || payload[1] !== AH_WORDS) return undefined;
  const sequence = new DataView(payload.buffer, payload.byteOffset).getUint32(8);
  return { sequence, advertisement: payload.subarray(AH_LENGTH) };
}

/** True when the check value of a received packet is right. `ipHeader`: as it came, options included. */
export function checkValueIsRight(ipHeader: Uint8Array, payload: Uint8Array, hash: KeyedHash): boolean {
  // Options may be mutable or not, each by its kind (RFC 2402 appendix A); no VRRP router sends any.
  if (ipHeader.length !== IPV4_HEADER) return false;
  const packet = new Uint8Array(IPV4_HEADER + payload.length);
  packet.set(ipHeader);
  packet.set(payload, IPV4_HEADER);
  for (const offset of MUTABLE) packet[offset] = 0;
  packet.fill(0, IPV4_HEADER + ICV_OFFSET, IPV4_HEADER + ICV_OFFSET + ICV_LENGTH);
  const value = payload.subarray(ICV_OFFSET, ICV_OFFSET + ICV_LENGTH);
  if (equals(hash(packet), value)) return true;
  packet[TTL_OFFSET] = 0;
  return equals(hash(packet), value);
}

/** Compares the first 96 bits in a time that does not tell how many of them are right. */
function equals(hash: Uint8Array, value: Uint8Array): boolean {
  let difference = 0;
  for (let index = 0; index < ICV_LENGTH; index++) difference |= (hash[index] ?? 0) ^ (value[index] ?? 0);
  return difference === 0;
}
