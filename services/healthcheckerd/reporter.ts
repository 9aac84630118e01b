/** Tells the outside: transitions at once, everything else that changed together and a little later. */
import type { HealthEvent, HealthTransition } from '../shared/rpc/generated/keepwatch/v1/health.js';
import type { Notification } from '../shared/rpc/generated/keepwatch/v1/notify.js';
import type { Clock } from '../shared/time/clock.js';
import { after, type Instant, type Micros, millis } from '../shared/time/duration.js';
import type { VirtualRuntime } from './runtime.js';
import { virtualServerWire } from './stateWire.js';

/** Changes that are no transitions (a first check, a failure with retries left) are told together, this late at most. */
const QUIET_DELAY: Micros = millis(250);

/** What the engine tells. */
export interface EngineReport {
  readonly event: HealthEvent;
  readonly notifications: Notification[];
}

export class HealthReporter {
  readonly #clock: Clock;
  readonly #report: (report: EngineReport) => void;
  readonly #quietlyChanged = new Set<VirtualRuntime>();
  #quietAt: Instant | undefined;

  constructor(clock: Clock, report: (report: EngineReport) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  /** When `runDue` wants to be called next. */
  nextDeadline(): Instant | undefined {
    return this.#quietAt;
  }

  /** Something about a virtual server changed that nobody has to hear of at once. */
  quietly(virtual: VirtualRuntime, now: Instant): void {
    this.#quietlyChanged.add(virtual);
    this.#quietAt ??= after(now, QUIET_DELAY);
  }

  /** Tells the quiet changes when their time has come. */
  runDue(now: Instant): void {
    if (this.#quietAt === undefined || this.#quietAt > now) return;
    const changed = [...this.#quietlyChanged];
    this.forgetQuiet();
    if (changed.length > 0) this.#report({ event: { ...this.#eventOf(changed), desired: [] }, notifications: [] });
  }

  /** What was to be told quietly, of these or of all, is told otherwise, or not at all. */
  forgetQuiet(virtuals?: readonly VirtualRuntime[]): void {
    if (virtuals === undefined) this.#quietlyChanged.clear();
    else for (const virtual of virtuals) this.#quietlyChanged.delete(virtual);
    if (this.#quietlyChanged.size === 0) this.#quietAt = undefined;
  }

  /** A real server came up or went down. */
  transition(virtual: VirtualRuntime, transition: HealthTransition, notifications: Notification[]): void {
    this.#quietlyChanged.delete(virtual);
    this.#report({ event: { ...this.#eventOf([virtual]), transition }, notifications });
  }

  /** The table or the state of virtual servers changed without a transition. */
  changed(
    virtuals: readonly VirtualRuntime[],
    notifications: Notification[],
    removed: Partial<HealthEvent> = {},
  ): void {
    this.#report({ event: { ...this.#eventOf(virtuals), ...removed }, notifications });
  }

  #eventOf(virtuals: readonly VirtualRuntime[]): HealthEvent {
    return {
      transition: undefined,
      virtualServers: virtuals.map((virtual) => virtualServerWire(virtual, this.#clock)),
      removedVirtualServers: [],
      desired: virtuals.flatMap((virtual) => virtual.desired),
      removedDesired: [],
    };
  }
}
