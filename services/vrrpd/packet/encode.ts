import { internetChecksum, partialChecksum } from '../../shared/net/checksum.js';
import {
  type Advertisement,
  type AdvertisementV2,
  type AdvertisementV3,
  AUTH_DATA_LENGTH,
  HEADER_LENGTH,
  TYPE_ADVERTISEMENT,
} from './advertisement.js';
import { pseudoHeaderSum } from './pseudoHeader.js';

/**
 * Which checksum a version 3 message carries. `pseudo-header`: over the addresses of the IP packet too, as IPv6 demands
 * and keepalived and FRR do for IPv4; `message`: over the VRRP message only, as RFC 9568 5.2.8 settles it for IPv4.
 */
export type ChecksumV3 =
  | { readonly over: 'message' }
  | { readonly over: 'pseudo-header'; readonly source: Uint8Array; readonly destination: Uint8Array };

/** Writes a version 2 advertisement (RFC 3768 5.1): header, addresses, authentication data. */
export function encodeAdvertisementV2(advertisement: AdvertisementV2): Uint8Array {
  const { addresses, authData } = advertisement;
  const bytes = new Uint8Array(HEADER_LENGTH + addresses.length + AUTH_DATA_LENGTH);
  writeCommon(bytes, advertisement, addresses.length / 4);
  bytes[4] = advertisement.authType;
  bytes[5] = Math.round(advertisement.interval / 1_000_000);
  bytes.set(authData.subarray(0, AUTH_DATA_LENGTH), HEADER_LENGTH + addresses.length);
  writeChecksum(bytes, internetChecksum(bytes));
  return bytes;
}

/** Writes a version 3 advertisement (RFC 9568 5.1) of an IPv4 or IPv6 virtual router. */
export function encodeAdvertisementV3(advertisement: AdvertisementV3, family: 4 | 6, checksum: ChecksumV3): Uint8Array {
  const { addresses } = advertisement;
  const bytes = new Uint8Array(HEADER_LENGTH + addresses.length);
  writeCommon(bytes, advertisement, addresses.length / (family === 4 ? 4 : 16));
  const centiseconds = Math.round(advertisement.interval / 10_000);
  bytes[4] = (centiseconds >> 8) & 0x0f;
  bytes[5] = centiseconds & 0xff;
  const initial =
    checksum.over === 'message' ? 0 : pseudoHeaderSum(checksum.source, checksum.destination, bytes.length);
  writeChecksum(bytes, internetChecksum(bytes, initial));
  return bytes;
}

function writeCommon(bytes: Uint8Array, advertisement: Advertisement, count: number): void {
  bytes[0] = (advertisement.version << 4) | TYPE_ADVERTISEMENT;
  bytes[1] = advertisement.vrid;
  bytes[2] = advertisement.priority;
  bytes[3] = count;
  bytes.set(advertisement.addresses, HEADER_LENGTH);
}

/**
 * Appends the trailer of `auth_hmac`. Over IPv6 the checksum is one of the whole payload, which other routers leave to the
 * kernel, so it is written again; over IPv4 it is one of the advertisement only, which stays as it is.
 */
export function withTrailer(
  advertisement: Uint8Array,
  trailer: Uint8Array,
  pseudo: { readonly source: Uint8Array; readonly destination: Uint8Array } | undefined,
): Uint8Array {
  const bytes = new Uint8Array(advertisement.length + trailer.length);
  bytes.set(advertisement);
  bytes.set(trailer, advertisement.length);
  if (pseudo === undefined) return bytes;
  writeChecksum(bytes, 0);
  writeChecksum(bytes, internetChecksum(bytes, pseudoHeaderSum(pseudo.source, pseudo.destination, bytes.length)));
  return bytes;
}

function writeChecksum(bytes: Uint8Array, checksum: number): void {
  bytes[6] = checksum >> 8;
  bytes[7] = checksum & 0xff;
}

/** True when the checksum of a received message is right, however `initial` (a pseudo-header's sum) says it was made. */
export function checksumIsRight(bytes: Uint8Array, initial: number): boolean {
  // RFC 1071: a sum that includes its own checksum folds to all ones.
  let sum = partialChecksum(bytes, initial);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum === 0xffff;
}
