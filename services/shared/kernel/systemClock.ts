import type { Clock } from '../time/clock.js';
import { type Instant, instant } from '../time/duration.js';

/** The machine's clocks. `process.hrtime` reads CLOCK_MONOTONIC on Linux, the same clock timerfd deadlines use. */
export class SystemClock implements Clock {
  now(): Instant {
    return instant(Number(process.hrtime.bigint() / 1000n));
  }

  wall(): Date {
    return new Date();
  }
}
