import { after, type Instant, instant, type Micros } from './duration.js';

/** Source of monotonic and wall-clock time, injected everywhere so that tests and the simulator own time. */
export interface Clock {
  /** CLOCK_MONOTONIC now. */
  now(): Instant;
  /** Wall-clock time now, for people only: never for a deadline. */
  wall(): Date;
}

/** A clock that moves only when told to. */
export class FakeClock implements Clock {
  #now: Instant;
  #wallOffsetMs: number;

  /** Starts at monotonic `start` (µs) with wall-clock time `wall`. */
  constructor(start: Instant = instant(1_000_000), wall: Date = new Date('2026-01-01T00:00:00Z')) {
    this.#now = start;
    this.#wallOffsetMs = wall.getTime() - start / 1000;
  }

  now(): Instant {
    return this.#now;
  }

  wall(): Date {
    return new Date(this.#now / 1000 + this.#wallOffsetMs);
  }

  /** Moves time forward. */
  advance(duration: Micros): void {
    if (duration < 0) throw new RangeError('monotonic time cannot go back');
    this.#now = after(this.#now, duration);
  }

  /** Moves time forward to `to`. */
  advanceTo(to: Instant): void {
    if (to < this.#now) throw new RangeError('monotonic time cannot go back');
    this.#now = to;
  }
}
