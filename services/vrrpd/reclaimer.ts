import type { Schedule, Scheduled } from '../shared/kernel/schedule.js';
import type { Clock } from '../shared/time/clock.js';
import { after, type Instant, instant, millis } from '../shared/time/duration.js';
import type { VirtualRouter } from './virtualRouter.js';

/** Messages about our own last change may still be on their way; by then they have arrived. */
const SETTLE = millis(5);
/** Least time between two attempts, so that two programs that disagree do not spin. */
const SPACING = millis(50);

/** Has addresses put back that another program removed. */
export class Reclaimer implements Scheduled {
  readonly #clock: Clock;
  readonly #schedule: Schedule;
  readonly #putBack: (router: VirtualRouter) => void;
  readonly #waiting = new Set<VirtualRouter>();
  #lastAt: Instant | undefined;

  constructor(clock: Clock, schedule: Schedule, putBack: (router: VirtualRouter) => void) {
    this.#clock = clock;
    this.#schedule = schedule;
    this.#putBack = putBack;
  }

  /** An address of these masters was removed. */
  addressGone(masters: readonly VirtualRouter[]): void {
    if (masters.length === 0) return;
    for (const router of masters) this.#waiting.add(router);
    if (this.#schedule.get(this) !== undefined) return;
    const soon = after(this.#clock.now(), SETTLE);
    const spaced = this.#lastAt === undefined ? soon : after(this.#lastAt, SPACING);
    this.#schedule.set(this, instant(Math.max(soon, spaced)));
  }

  forget(router: VirtualRouter): void {
    this.#waiting.delete(router);
  }

  due(_at: Instant, now: Instant): void {
    this.#lastAt = now;
    const routers = [...this.#waiting];
    this.#waiting.clear();
    for (const router of routers) this.#putBack(router);
  }
}
