import { type Instant, type Micros, micros } from '../../shared/time/duration.js';
import {
  type Advertisement,
  AUTH_DATA_LENGTH,
  AUTH_TYPE,
  type DropReason,
  HEADER_LENGTH,
  PRIORITY_OWNER,
  TYPE_ADVERTISEMENT,
} from './advertisement.js';
import { checkValueIsRight, type KeyedHash, openAdvertisement, PROTOCOL_AH } from './authenticationHeader.js';
import { checksumIsRight } from './encode.js';
import { type ExpectedTrailer, judgeTrailer, TRAILER_LENGTH } from './hmacTrailer.js';
import { pseudoHeaderSum } from './pseudoHeader.js';
import type { ReplayGuard } from './replayGuard.js';

/** A VRRP message as it came, with what the IP header said. */
export interface IncomingMessage {
  readonly payload: Uint8Array;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** TTL or hop limit. */
  readonly ttl: number;
  /** IPv4: the IP header, which the check value of an Authentication Header covers. */
  readonly ipHeader: Uint8Array;
  /** 112, or 51 for an Authentication Header with an advertisement in it. */
  readonly protocol: number;
  readonly receivedAt: Instant;
}

/** What kind of socket a message came in by. */
export interface Channel {
  readonly family: 4 | 6;
  readonly unicast: boolean;
}

/** How messages prove where they come from. */
export type ExpectedAuth =
  | { readonly type: 'none' }
  /** 8 bytes, zero padded. */
  | { readonly type: 'pass'; readonly data: Uint8Array }
  | { readonly type: 'ah'; readonly hash: KeyedHash; readonly guard: ReplayGuard };

/** Bounds of the TTL or hop limit of packets of a peer, both inclusive. */
export interface TtlRange {
  readonly minTtl: number;
  readonly maxTtl: number;
}

/** Whom an instance hears by unicast. */
export interface ExpectedPeers {
  /** Nobody else is heard. */
  readonly only: boolean;
  /** The bounds of a peer; undefined: the address is none of the peers. */
  range(source: Uint8Array): TtlRange | undefined;
  /**
   * The multicast group whose address keepalived until 1.3.6 put into the checksum of unicast messages; undefined: such
   * checksums are not taken.
   */
  readonly oldChecksumGroup: Uint8Array | undefined;
}

/** What an instance expects of the advertisements for its VRID. */
export interface Expectation {
  readonly version: 2 | 3;
  /** Our own priority is 255. */
  readonly owner: boolean;
  readonly auth: ExpectedAuth;
  /** The trailer of `auth_hmac`, when that is configured. */
  readonly trailer: ExpectedTrailer | undefined;
  /** Undefined: the instance is a multicast one. */
  readonly peers: ExpectedPeers | undefined;
  /** Our own interval: version 2 takes no other. */
  readonly interval: Micros;
  /** Our virtual addresses, one after the other. */
  readonly addresses: Uint8Array;
  /** RFC 3768 7.1 drops advertisements for other addresses; `false` only counts them, as RFC 9568 7.1 does. */
  readonly dropOtherAddresses: boolean;
  /** `skip_check_adv_addr`: true when the addresses of this sender were compared before and need not be again. */
  trustsAddressesOf(source: Uint8Array): boolean;
}

/** An advertisement that passed the ladder. */
export interface Accepted<For extends Expectation> {
  readonly advertisement: Advertisement;
  readonly expectation: For;
  /** False: the sender speaks for other addresses than we do. To be counted, even when the advertisement is followed. */
  readonly sameAddresses: boolean;
  /** We own the addresses. To be counted; the state machine of an owner follows nobody (RFC 3768 7.1), but asserts itself. */
  readonly challengesOwner: boolean;
  /** Its checksum was the one of keepalived until 1.3.6. */
  readonly oldChecksum: boolean;
  /** The sequence number of its Authentication Header. */
  readonly sequence?: number;
}

/** A message that did not pass: at which rung and, behind `vrid`, whose it was. */
export interface Dropped<For extends Expectation> {
  readonly reason: DropReason;
  readonly expectation: For | undefined;
}

/**
 * The reception ladder (RFC 3768 7.1, RFC 9568 7.1), one rung after the other, cheap ones first.
 * `lookup` finds who on this channel expects a VRID from a sender; `decode` may remember. Never throws, whatever the bytes are.
 */
export function receiveAdvertisement<For extends Expectation>(
  message: IncomingMessage,
  channel: Channel,
  lookup: (vrid: number, source: Uint8Array) => For | undefined,
  decode: (message: IncomingMessage) => DecodedMessage | DropReason = (one) => decodeMessage(one, channel),
): Accepted<For> | Dropped<For> {
  const decoded = decode(message);
  if (typeof decoded === 'string') return { reason: decoded, expectation: undefined };
  const { advertisement } = decoded;
  const expectation = lookup(advertisement.vrid, message.source);
  if (expectation === undefined) return { reason: 'vrid', expectation };
  const reason = judge(message, channel, decoded, expectation);
  if (reason !== undefined) return { reason, expectation };
  const sameAddresses =
    expectation.trustsAddressesOf(message.source) ||
    sameAddressSet(advertisement.addresses, expectation.addresses, channel.family === 4 ? 4 : 16);
  if (!sameAddresses && !mayDiffer(advertisement, expectation)) return { reason: 'address-list', expectation };
  const { sequence, checksumIsRight } = decoded;
  const challengesOwner = expectation.owner;
  const accepted = { advertisement, expectation, sameAddresses, challengesOwner, oldChecksum: !checksumIsRight };
  return sequence === undefined ? accepted : { ...accepted, sequence };
}

/** What is to be done with an advertisement for other addresses than ours: true, follow it; false, drop it. */
function mayDiffer(advertisement: Advertisement, expectation: Expectation): boolean {
  // RFC 9568 5.2.5: a count of 0 is ignored. Routers that advertise no addresses at all agree, and are not asked.
  if (advertisement.version === 3 && advertisement.addresses.length === 0) return false;
  // RFC 3768 7.1: what the owner says about its addresses stands.
  return !expectation.dropOtherAddresses || advertisement.priority === PRIORITY_OWNER;
}

/** The rungs that need to know whose advertisement it is. */
function judge(
  message: IncomingMessage,
  channel: Channel,
  decoded: DecodedMessage,
  expectation: Expectation,
): DropReason | undefined {
  const { advertisement } = decoded;
  if (advertisement.version !== expectation.version) return 'version';
  if (!decoded.checksumIsRight && !oldChecksumIsRight(message, decoded, expectation)) return 'checksum';
  const range = expectation.peers?.range(message.source);
  if (range === undefined && expectation.peers?.only === true) return 'unicast-source';
  if (range !== undefined && (message.ttl < range.minTtl || message.ttl > range.maxTtl)) return 'ttl';
  const unproven =
    judgeAuthentication(message, decoded, expectation) ?? judgeHmac(message, channel, decoded, expectation);
  if (unproven !== undefined) return unproven;
  if (advertisement.version === 2 && advertisement.interval !== expectation.interval) return 'interval';
  // Version 3 counts from 1 (RFC 9568 5.2.7); 0 would let every backup take over at once.
  if (advertisement.interval === 0) return 'interval';
  return undefined;
}

const WIRE_TYPES = { none: AUTH_TYPE.none, pass: AUTH_TYPE.pass, ah: AUTH_TYPE.ah } as const;

function judgeAuthentication(
  message: IncomingMessage,
  { advertisement, sequence }: DecodedMessage,
  { auth }: Expectation,
): DropReason | undefined {
  // An Authentication Header where none is expected proves nothing, and one that is missing even less.
  if ((sequence !== undefined) !== (auth.type === 'ah')) return 'auth-type';
  if (advertisement.version === 2 && advertisement.authType !== WIRE_TYPES[auth.type]) return 'auth-type';
  if (auth.type === 'pass' && advertisement.version === 2 && !sameBytes(advertisement.authData, auth.data)) {
    return 'auth-data';
  }
  if (auth.type !== 'ah' || sequence === undefined) return undefined;
  if (!checkValueIsRight(message.ipHeader, message.payload, auth.hash)) return 'ah-value';
  return auth.guard.admits(message.source, BigInt(sequence), message.receivedAt) ? undefined : 'ah-replay';
}

function judgeHmac(
  message: IncomingMessage,
  { family }: Channel,
  decoded: DecodedMessage,
  { trailer }: Expectation,
): DropReason | undefined {
  // Who does not expect a trailer takes it for a message that is too long.
  if (trailer === undefined) return decoded.hasTrailer ? 'length' : undefined;
  if (!decoded.hasTrailer) return trailer.required ? 'hmac-missing' : undefined;
  const { version, vrid } = decoded.advertisement;
  return judgeTrailer(decoded.bytes, { family, version, vrid, source: message.source }, trailer, message.receivedAt);
}

/** A sound advertisement, of whomever it is. */
export interface DecodedMessage {
  readonly advertisement: Advertisement;
  /** The VRRP message, with the trailer of `auth_hmac` when there is one. */
  readonly bytes: Uint8Array;
  readonly hasTrailer: boolean;
  /** Sequence number of the Authentication Header it was in. */
  readonly sequence: number | undefined;
  /** Only of unicast messages also false: their checksum may still be the one of keepalived until 1.3.6. */
  readonly checksumIsRight: boolean;
}

/** The part of the ladder that needs no configuration: is this a sound advertisement, and what does it say? */
export function decodeMessage(message: IncomingMessage, channel: Channel): DecodedMessage | DropReason {
  const { family, unicast } = channel;
  // Unicast may come from afar; the bounds of a peer are looked at once it is known.
  if (!unicast && message.ttl !== 255) return 'ttl';
  const sealed = message.protocol === PROTOCOL_AH ? openAdvertisement(message.payload) : undefined;
  if (message.protocol === PROTOCOL_AH && sealed === undefined) return 'ah-header';
  const bytes = sealed?.advertisement ?? message.payload;
  if (bytes.length < HEADER_LENGTH) return 'length';
  const versionAndType = bytes[0] ?? 0;
  const version = versionAndType >> 4;
  // IPv6 came with version 3 (RFC 5798).
  if (version !== 3 && (version !== 2 || family !== 4)) return 'version';
  if ((versionAndType & 0x0f) !== TYPE_ADVERTISEMENT) return 'type';
  const addressLength = (bytes[3] ?? 0) * (family === 4 ? 4 : 16);
  const length = HEADER_LENGTH + addressLength + (version === 2 ? AUTH_DATA_LENGTH : 0);
  const hasTrailer = bytes.length === length + TRAILER_LENGTH;
  if (bytes.length !== length && !hasTrailer) return 'length';
  // For IPv6 the checksum of the whole payload is the kernel's business in other routers, so it covers the trailer too.
  const summed = family === 6 || !hasTrailer ? bytes : bytes.subarray(0, length);
  const checksumIsRight = checksumPasses(summed, message, version, family);
  if (!checksumIsRight && !(unicast && version === 3 && family === 4)) return 'checksum';
  return {
    advertisement: readAdvertisement(bytes, version, addressLength),
    bytes,
    hasTrailer,
    sequence: sealed?.sequence,
    checksumIsRight,
  };
}

function readAdvertisement(bytes: Uint8Array, version: 2 | 3, addressLength: number): Advertisement {
  const trailerAt = HEADER_LENGTH + addressLength;
  const common = {
    vrid: bytes[1] ?? 0,
    priority: bytes[2] ?? 0,
    addresses: bytes.subarray(HEADER_LENGTH, trailerAt),
  };
  if (version === 2) {
    return {
      version: 2,
      ...common,
      interval: micros((bytes[5] ?? 0) * 1_000_000),
      authType: bytes[4] ?? 0,
      authData: bytes.subarray(trailerAt, trailerAt + AUTH_DATA_LENGTH),
    };
  }
  // The four reserved bits are ignored on reception (RFC 9568 5.2.6).
  return { version: 3, ...common, interval: micros(((((bytes[4] ?? 0) & 0x0f) << 8) | (bytes[5] ?? 0)) * 10_000) };
}

function checksumPasses(bytes: Uint8Array, message: IncomingMessage, version: 2 | 3, family: 4 | 6): boolean {
  if (version === 2) return checksumIsRight(bytes, 0);
  if (checksumIsRight(bytes, pseudoHeaderSum(message.source, message.destination, bytes.length))) return true;
  // RFC 5798 5.2.8 was read both ways for IPv4 and RFC 9568 settled it late: take either.
  return family === 4 && checksumIsRight(bytes, 0);
}

/** keepalived until 1.3.6 summed the multicast group in place of the peer's address. */
function oldChecksumIsRight(message: IncomingMessage, decoded: DecodedMessage, { peers }: Expectation): boolean {
  const group = peers?.oldChecksumGroup;
  if (group === undefined) return false;
  const bytes = decoded.hasTrailer ? decoded.bytes.subarray(0, -TRAILER_LENGTH) : decoded.bytes;
  return checksumIsRight(bytes, pseudoHeaderSum(message.source, group, bytes.length));
}

/** Equal, byte for byte. */
export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
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
