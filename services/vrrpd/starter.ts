import type { Schedule, Scheduled } from '../shared/kernel/schedule.js';
import { after, type Instant, instant, micros } from '../shared/time/duration.js';
import type { VrrpConfig } from './config/model.js';
import type { Predecessor } from './predecessor.js';
import type { RouterDriver } from './routerDriver.js';
import type { VirtualRouter } from './virtualRouter.js';

const ON_TIME = micros(0);

/** Lets routers begin: at once, after the startup delay, or where a killed predecessor ended. */
export class Starter {
  readonly #schedule: Schedule;
  readonly #driver: RouterDriver;
  readonly #routers: ReadonlyMap<string, VirtualRouter>;
  readonly #predecessor: Predecessor;
  readonly #delayed: Scheduled = { due: (_at, now) => this.#startAll(now) };
  #begun = false;

  constructor(
    schedule: Schedule,
    driver: RouterDriver,
    routers: ReadonlyMap<string, VirtualRouter>,
    predecessor: Predecessor,
  ) {
    this.#schedule = schedule;
    this.#driver = driver;
    this.#routers = routers;
    this.#predecessor = predecessor;
  }

  /** A configuration is in force: those that are new may begin. The `first` one may ask for a delay. */
  configured({ global }: VrrpConfig, first: boolean, now: Instant): void {
    const startAt = first ? earliestStart(global, now) : now;
    if (startAt > now && !this.#predecessor.mayResume()) this.#schedule.set(this.#delayed, startAt);
    else if (this.#schedule.get(this.#delayed) === undefined) this.#startAll(now);
  }

  /** Starts a router that could not start with the others. Nothing happens before they did. */
  startLate(router: VirtualRouter, now: Instant): void {
    if (this.#begun) this.#start(router, now);
  }

  #startAll(now: Instant): void {
    this.#begun = true;
    for (const router of this.#routers.values()) if (!router.started) this.#start(router, now);
  }

  #start(router: VirtualRouter, now: Instant): void {
    if (router.started) return;
    const [fault] = router.faults;
    if (fault !== undefined) this.#driver.dispatch(router, { kind: 'fault', reason: fault }, now, ON_TIME);
    else {
      const entry = this.#predecessor.resumable(router, now);
      // A master that resumes cannot wait for the first result of a script.
      if (entry === undefined && router.waits.length > 0) return;
      if (entry === undefined) this.#driver.dispatch(router, { kind: 'startup' }, now, ON_TIME);
      else {
        router.resuming = true;
        this.#driver.dispatch(router, { kind: 'resume', lastAdvertAt: entry.lastAdvertAt }, now, ON_TIME);
        router.resuming = false;
      }
    }
    router.started = true;
  }
}

/** `vrrp_startup_delay` counts from now, `vrrp_delay_after_boot` from the boot, where the monotonic clock began. */
function earliestStart({ startupDelay, delayAfterBoot }: VrrpConfig['global'], now: Instant): Instant {
  return instant(Math.max(after(now, startupDelay), delayAfterBoot));
}
