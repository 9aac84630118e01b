/**
 * When packets came in, by the kernel's own note (SO_TIMESTAMPNS of socket(7)). A process that slept for a second takes a
 * millisecond or more to look at what woke it, and a deadline that counts from then is late by as much.
 */
import type { Clock } from '../time/clock.js';
import { type Instant, instant } from '../time/duration.js';
import { libc, SOL_SOCKET, stableBuffer } from './libc.js';

// asm-generic/socket.h: the option, and the type of the control message it makes
export const SO_TIMESTAMPNS = 35;
const CLOCK_REALTIME = 0;
/** struct cmsghdr (64 bit) and struct timespec. */
const HEADER_BYTES = 16;
export const STAMP_BYTES = HEADER_BYTES + 16;
const TYPE = 12;
const LEVEL = 8;
/**
 * Older than that a packet never counts as: the kernel notes the time of day, and a clock that was set between arrival and
 * reading must not take more than this from a deadline.
 */
const OLDEST_MICROS = 20_000;

/** Microseconds since 1970 in the control message at `offset`; undefined when it is not the note of an arrival. */
export function stampIn(control: Buffer, offset: number): number | undefined {
  if (control.readInt32LE(offset + LEVEL) !== SOL_SOCKET || control.readInt32LE(offset + TYPE) !== SO_TIMESTAMPNS)
    return undefined;
  return timespecMicros(control, offset + HEADER_BYTES);
}

/** struct timespec with 64 bit members; a double holds microseconds since 1970 exactly. */
const timespecMicros = (bytes: Buffer, offset: number): number =>
  (bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * 0x1_0000_0000) * 1_000_000 +
  Math.floor(bytes.readUInt32LE(offset + 8) / 1_000);

/** Turns notes of arrivals into instants. */
export class ArrivalClock {
  readonly #clock: Clock;
  readonly #wall: () => number;
  #now: Instant;
  #wallNow = 0;

  /** `wall`: microseconds since 1970, by the clock the kernel notes. */
  constructor(clock: Clock, wall: () => number = wallMicros) {
    this.#clock = clock;
    this.#wall = wall;
    this.#now = clock.now();
  }

  /** Looks at both clocks: after packets were read, once for all of them. */
  look(): void {
    this.#now = this.#clock.now();
    this.#wallNow = this.#wall();
  }

  /** When a packet came that was there at the last {@link look}; then, for one without a note. */
  at(stamp: number | undefined): Instant {
    if (stamp === undefined) return this.#now;
    return instant(this.#now - Math.min(OLDEST_MICROS, Math.max(0, this.#wallNow - stamp)));
  }
}

const timespec = stableBuffer(16);

function wallMicros(): number {
  libc.clock_gettime(CLOCK_REALTIME, timespec);
  return timespecMicros(timespec, 0);
}
