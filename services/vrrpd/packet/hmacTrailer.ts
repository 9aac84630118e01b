/**
 * The authentication extension of draft-cassen-vrrp-auth-hmac, as keepalived 2.4 has it: a trailer after the advertisement, for
 * either version and family.
 *
 * ```
 *  0 type 1 (HMAC-SHA256, the first 128 bits)   1 key id   2 reserved 0
 *  4 time of sending, s since 1970   8 fraction of a second / 65536   10 counter
 * 12 HMAC
 * ```
 *
 * The HMAC covers a header of its own (family 4 or 6, version, VRID, 0, address of the sender, padded to 16 octets), the
 * advertisement with its checksum as zeros, and the trailer with the HMAC as zeros. The destination is not covered, so one
 * signature serves all unicast peers. Seconds, fraction and counter are one sequence number of 64 bits.
 */
import type { Instant } from '../../shared/time/duration.js';
import type { DropReason } from './advertisement.js';
import type { KeyedHash } from './authenticationHeader.js';
import { follows, type ReplayGuard } from './replayGuard.js';

/** Length of the trailer. */
export const TRAILER_LENGTH = 28;

const TYPE_HMAC_SHA256 = 1;
const HMAC_OFFSET = 12;
const HMAC_LENGTH = 16;
const PSEUDO_LENGTH = 20;
const CHECKSUM_OFFSET = 6;

/** Whose advertisement it is: what the HMAC covers beside the bytes. */
export interface TrailerContext {
  readonly family: 4 | 6;
  readonly version: 2 | 3;
  readonly vrid: number;
  readonly source: Uint8Array;
}

/** Keys by their id, 1..255. */
export type HmacKeys = ReadonlyMap<number, KeyedHash>;

/** How received trailers are judged. */
export interface ExpectedTrailer {
  readonly keys: HmacKeys;
  /** `false`: advertisements without trailer are taken too (modes permissive and receive-only). */
  readonly required: boolean;
  /** How many seconds the time of sending may be off; undefined: any time, only growing (`anti_replay monotonic`). */
  readonly windowSeconds?: number;
  /** Seconds since 1970. */
  readonly wallSeconds: () => number;
  readonly guard: ReplayGuard;
}

/** The trailer for an advertisement. Its checksum does not matter, so one trailer serves the copies for all peers. */
export function hmacTrailer(
  advertisement: Uint8Array,
  context: TrailerContext,
  key: { readonly id: number; readonly hash: KeyedHash },
  sequence: bigint,
): Uint8Array {
  const signed = new Uint8Array(advertisement.length + TRAILER_LENGTH);
  signed.set(advertisement);
  const trailer = signed.subarray(advertisement.length);
  trailer[0] = TYPE_HMAC_SHA256;
  trailer[1] = key.id;
  new DataView(signed.buffer).setBigUint64(advertisement.length + 4, sequence);
  trailer.set(key.hash(hmacInput(signed, context)).subarray(0, HMAC_LENGTH), HMAC_OFFSET);
  return trailer;
}

/** Checks the trailer at the end of `message`; undefined: it is right, fresh and new. */
export function judgeTrailer(
  message: Uint8Array,
  context: TrailerContext,
  expected: ExpectedTrailer,
  now: Instant,
): DropReason | undefined {
  const trailer = message.subarray(message.length - TRAILER_LENGTH);
  if (trailer[0] !== TYPE_HMAC_SHA256 || trailer[2] !== 0 || trailer[3] !== 0) return 'hmac-malformed';
  const sequence = new DataView(trailer.buffer, trailer.byteOffset).getBigUint64(4);
  // Before the hash: a flood of old packets costs next to nothing. Nothing is believed because of it.
  if (isStale(sequence, expected)) return 'hmac-stale';
  const hash = expected.keys.get(trailer[1] ?? 0);
  if (hash === undefined) return 'hmac-key';
  const value = hash(hmacInput(message, context));
  let difference = 0;
  for (let index = 0; index < HMAC_LENGTH; index++) {
    difference |= (value[index] ?? 0) ^ (trailer[HMAC_OFFSET + index] ?? 0);
  }
  if (difference !== 0) return 'hmac-value';
  expected.guard.expire((mark) => isStale(mark, expected));
  return expected.guard.admits(context.source, sequence, now) ? undefined : 'hmac-replay';
}

function isStale(sequence: bigint, { windowSeconds, wallSeconds }: ExpectedTrailer): boolean {
  if (windowSeconds === undefined) return false;
  // Modulo 2^32, so that the year 2106 is a year as any other.
  const difference = Math.abs((Math.floor(wallSeconds()) - Number(sequence >> 32n)) | 0);
  return difference > windowSeconds;
}

function hmacInput(message: Uint8Array, context: TrailerContext): Uint8Array {
  const input = new Uint8Array(PSEUDO_LENGTH + message.length);
  input[0] = context.family;
  input[1] = context.version;
  input[2] = context.vrid;
  input.set(context.source, 4);
  input.set(message, PSEUDO_LENGTH);
  input.fill(0, PSEUDO_LENGTH + CHECKSUM_OFFSET, PSEUDO_LENGTH + CHECKSUM_OFFSET + 2);
  input.fill(0, input.length - HMAC_LENGTH);
  return input;
}

/** Sequence numbers of one sender: the time, and always above the last one. */
export class TrailerSequence {
  #last: bigint | undefined;

  /**
   * The next number. `wallSeconds`: seconds since 1970 with their fraction. When a clock is put back by more than
   * `windowSeconds`, growing numbers would be too far in the future for every receiver, so they begin anew at the clock.
   */
  next(wallSeconds: number, windowSeconds: number | undefined): bigint {
    const clock = BigInt(Math.floor(wallSeconds * 65_536)) << 16n;
    this.#last = this.#follower(clock, windowSeconds);
    return BigInt.asUintN(64, this.#last);
  }

  #follower(clock: bigint, windowSeconds: number | undefined): bigint {
    const last = this.#last;
    if (last === undefined || follows(clock, last, 64)) return clock;
    const aheadSeconds = Number((last - clock) >> 32n);
    return windowSeconds !== undefined && aheadSeconds > windowSeconds ? clock : last + 1n;
  }
}
