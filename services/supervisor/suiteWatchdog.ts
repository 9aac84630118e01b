/** Looks regularly whether the services still speak; a look that comes late tells that we ourselves did not run. */
import type { Clock } from '../shared/time/clock.js';
import { elapsed, type Instant, type Micros, millis } from '../shared/time/duration.js';

/** How often the watchdog looks. */
const WATCHDOG_INTERVAL_MS = 250;
/** A look that comes this much later than planned means that we ourselves did not run. */
const STALL_TOLERANCE: Micros = millis(750);

/** What is watched. */
export interface Watched {
  /** Kills what has not been heard for too long. */
  watchdog(now: Instant): void;
  /** We did not run for a while: the silence was ours. */
  forgive(stall: Micros): void;
}

export class SuiteWatchdog {
  readonly #clock: Clock;
  /** Called at every look, before anything is judged. */
  readonly #everyTime: () => void;
  readonly #watched: () => readonly Watched[];
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock, everyTime: () => void, watched: () => readonly Watched[]) {
    this.#clock = clock;
    this.#everyTime = everyTime;
    this.#watched = watched;
  }

  start(): void {
    let last = this.#clock.now();
    this.#timer = setInterval(() => {
      const now = this.#clock.now();
      const stall = elapsed(last, now) - millis(WATCHDOG_INTERVAL_MS);
      last = now;
      this.#everyTime();
      for (const watched of this.#watched()) {
        if (stall > STALL_TOLERANCE) watched.forgive(stall as Micros);
        else watched.watchdog(now);
      }
    }, WATCHDOG_INTERVAL_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
