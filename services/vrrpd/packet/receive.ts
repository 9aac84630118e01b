import { type Micros, micros } from '../../shared/time/duration.js';
import {
  type Advertisement,
  AUTH_DATA_LENGTH,
  AUTH_TYPE,
  type DropReason,
  HEADER_LENGTH,
  PRIORITY_OWNER,
  TYPE_ADVERTISEMENT,
} from './advertisement.js';
import { checksumIsRight } from './encode.js';
import { pseudoHeaderSum } from './pseudoHeader.js';

/** A VRRP message as it came, with what the IP header said. */
export interface IncomingMessage {
  readonly payload: Uint8Array;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** TTL or hop limit. */
  readonly ttl: number;
}

/** How version 2 messages prove where they come from. */
export type ExpectedAuth =
  | { readonly type: 'none' }
  /** 8 bytes, zero padded. */
  | { readonly type: 'pass'; readonly data: Uint8Array };

/** What an instance expects of the advertisements for its VRID. */
export interface Expectation {
  readonly version: 2 | 3;
  /** Our own priority is 255. */
  readonly owner: boolean;
  readonly auth: ExpectedAuth;
  /** Our own interval: version 2 takes no other. */
  readonly interval: Micros;
  /** Our virtual addresses, one after the other. */
  readonly addresses: Uint8Array;
  /** RFC 3768 7.1 drops advertisements for other addresses; `false` only counts them, as RFC 9568 7.1 does. */
  readonly dropOtherAddresses: boolean;
}

/** An advertisement that passed the ladder. */
export interface Accepted<For extends Expectation> {
  readonly advertisement: Advertisement;
  readonly expectation: For;
  /** False: the sender speaks for other addresses than we do. To be counted, even when the advertisement is followed. */
  readonly sameAddresses: boolean;
}

/** A message that did not pass: at which rung and, from `owner` on, whose it was. */
export interface Dropped<For extends Expectation> {
  readonly reason: DropReason;
  readonly expectation: For | undefined;
}

/**
 * The reception ladder (RFC 3768 7.1, RFC 9568 7.1), one rung after the other, cheap ones first.
 * `lookup` finds who on this interface expects a VRID. Never throws, whatever the bytes are.
 */
export function receiveAdvertisement<For extends Expectation>(
  message: IncomingMessage,
  family: 4 | 6,
  lookup: (vrid: number) => For | undefined,
): Accepted<For> | Dropped<For> {
  const decoded = decodeAdvertisement(message, family);
  if (typeof decoded === 'string') return { reason: decoded, expectation: undefined };
  const expectation = lookup(decoded.vrid);
  if (expectation === undefined) return { reason: 'vrid', expectation };
  if (decoded.version !== expectation.version) return { reason: 'version', expectation };
  if (expectation.owner) return { reason: 'owner', expectation };
  if (decoded.version === 2) {
    const wantedType = expectation.auth.type === 'none' ? AUTH_TYPE.none : AUTH_TYPE.pass;
    if (decoded.authType !== wantedType) return { reason: 'auth-type', expectation };
    if (expectation.auth.type === 'pass' && !sameBytes(decoded.authData, expectation.auth.data)) {
      return { reason: 'auth-data', expectation };
    }
    if (decoded.interval !== expectation.interval) return { reason: 'interval', expectation };
  }
  const sameAddresses = sameAddressSet(decoded.addresses, expectation.addresses, family === 4 ? 4 : 16);
  // RFC 3768 7.1: what the owner says about its addresses stands.
  if (!sameAddresses && expectation.dropOtherAddresses && decoded.priority !== PRIORITY_OWNER) {
    return { reason: 'address-list', expectation };
  }
  return { advertisement: decoded, expectation, sameAddresses };
}

/** The part of the ladder that needs no configuration: is this a sound advertisement, and what does it say? */
export function decodeAdvertisement(message: IncomingMessage, family: 4 | 6): Advertisement | DropReason {
  const { payload } = message;
  if (message.ttl !== 255) return 'ttl';
  const length = payload.length;
  if (length < HEADER_LENGTH) return 'length';
  const versionAndType = payload[0] ?? 0;
  const version = versionAndType >> 4;
  // IPv6 came with version 3 (RFC 5798).
  if (version !== 3 && (version !== 2 || family !== 4)) return 'version';
  if ((versionAndType & 0x0f) !== TYPE_ADVERTISEMENT) return 'type';
  const addressLength = (payload[3] ?? 0) * (family === 4 ? 4 : 16);
  const trailer = version === 2 ? AUTH_DATA_LENGTH : 0;
  if (length !== HEADER_LENGTH + addressLength + trailer) return 'length';
  if (!checksumPasses(message, version, family)) return 'checksum';
  const common = {
    vrid: payload[1] ?? 0,
    priority: payload[2] ?? 0,
    addresses: payload.subarray(HEADER_LENGTH, HEADER_LENGTH + addressLength),
  };
  if (version === 2) {
    return {
      version: 2,
      ...common,
      interval: micros((payload[5] ?? 0) * 1_000_000),
      authType: payload[4] ?? 0,
      authData: payload.subarray(HEADER_LENGTH + addressLength),
    };
  }
  // The four reserved bits are ignored on reception (RFC 9568 5.2.6).
  return { version: 3, ...common, interval: micros(((((payload[4] ?? 0) & 0x0f) << 8) | (payload[5] ?? 0)) * 10_000) };
}

function checksumPasses(message: IncomingMessage, version: number, family: 4 | 6): boolean {
  const { payload } = message;
  const pseudo = (): number => pseudoHeaderSum(message.source, message.destination, payload.length);
  if (version === 2) return checksumIsRight(payload, 0);
  if (family === 6) return checksumIsRight(payload, pseudo());
  // RFC 5798 5.2.8 was read both ways for IPv4 and RFC 9568 settled it late: take either.
  return checksumIsRight(payload, pseudo()) || checksumIsRight(payload, 0);
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false;
  return true;
}

/** True when both lists hold the same addresses, in whatever order. */
export function sameAddressSet(left: Uint8Array, right: Uint8Array, size: 4 | 16): boolean {
  if (left.length !== right.length) return false;
  // Routers of one make write them in one order: the common case is one pass.
  if (sameBytes(left, right)) return true;
  return includesAll(left, right, size) && includesAll(right, left, size);
}

function includesAll(list: Uint8Array, wanted: Uint8Array, size: number): boolean {
  for (let at = 0; at < wanted.length; at += size) {
    let found = false;
    for (let offset = 0; offset < list.length && !found; offset += size) {
      found = sameBytes(list.subarray(offset, offset + size), wanted.subarray(at, at + size));
    }
    if (!found) return false;
  }
  return true;
}
