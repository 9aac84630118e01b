import type { Clock } from '../time/clock.js';
import { DeadlineQueue } from '../time/deadlineQueue.js';
import { after, elapsed, type Instant, type Micros, micros } from '../time/duration.js';
import type { DeadlineTimer } from './ports.js';

/** Something with a deadline. */
export interface Scheduled {
  /**
   * How much earlier than its deadline it may be served when others are due just then: who is woken once for many needs a
   * fraction of the processor. None by default.
   */
  readonly slack?: Micros;
  /** How long before its deadline the process is to be got ready for it, should it sleep until then. Not at all by default. */
  readonly notice?: Micros;
  /** Called when the deadline `at` has passed; `now` is never before it: served early, it is the deadline itself. */
  due(at: Instant, now: Instant): void;
}

/** A deadline this late means that the loop stood still: packets may wait that arrived before it. */
const LATE_ENOUGH_TO_LISTEN_FIRST = micros(1_000);
const ON_TIME = micros(0);
/** How long deadlines are served before sockets get their turn. */
const TURN = micros(5_000);

/** All deadlines of the process on one timer. */
export class Schedule {
  readonly #clock: Clock;
  readonly #timer: DeadlineTimer;
  readonly #defer: (task: () => void) => void;
  readonly #served: (lateness: Micros) => void;
  readonly #prepare: () => void;
  readonly #queue = new DeadlineQueue<Scheduled>();
  #armedFor: Instant | undefined;
  #serving = false;
  #deferred = false;
  #closed = false;

  /**
   * `openTimer` gets the function to call on expiry; `defer` runs a task after the sockets that are readable now; `served` is
   * told how late each deadline was served; `prepare` is called when a deadline is near that wanted {@link Scheduled.notice}.
   */
  constructor(
    clock: Clock,
    openTimer: (onExpire: () => void) => DeadlineTimer,
    defer: (task: () => void) => void,
    served: (lateness: Micros) => void = () => {},
    prepare: () => void = () => {},
  ) {
    this.#clock = clock;
    this.#defer = defer;
    this.#served = served;
    this.#prepare = prepare;
    this.#timer = openTimer(() => this.#expired());
  }

  /** Sets, moves or (`undefined`) clears the deadline of `item`. */
  set(item: Scheduled, at: Instant | undefined): void {
    this.#queue.set(item, at);
    if (!this.#serving) this.#arm();
  }

  get(item: Scheduled): Instant | undefined {
    return this.#queue.get(item);
  }

  close(): void {
    this.#closed = true;
    this.#timer.close();
  }

  #arm(): void {
    if (this.#closed || this.#deferred) return;
    const first = this.#queue.first();
    const next = first === undefined ? undefined : this.#wakeFor(first);
    if (next === this.#armedFor) return;
    // A deadline that moved away leaves the timer as it is: waking once for nothing costs less than setting it each time.
    if (next !== undefined && this.#armedFor !== undefined && this.#armedFor < next) return;
    this.#armedFor = next;
    this.#timer.arm(next);
  }

  /** When to wake up for an item: in time to get ready, unless it is too late for that. */
  #wakeFor({ item: { notice }, at }: { readonly item: Scheduled; readonly at: Instant }): Instant {
    const early = after(at, micros(-(notice ?? ON_TIME)));
    return early === at || early <= this.#clock.now() ? at : early;
  }

  #expired(): void {
    this.#armedFor = undefined;
    const first = this.#queue.first();
    if (first === undefined || this.#closed || this.#deferred) return;
    const late = elapsed(first.at, this.#clock.now());
    if (late < 0 && -late <= (first.item.notice ?? ON_TIME)) {
      this.#prepare();
      this.#arm();
      return;
    }
    if (late > LATE_ENOUGH_TO_LISTEN_FIRST) {
      // An advertisement that already waits in a socket must count before the deadline it was meant to move.
      this.#deferred = true;
      this.#defer(() => {
        this.#deferred = false;
        this.#serve();
      });
      return;
    }
    this.#serve();
  }

  #serve(): void {
    if (this.#closed) return;
    const started = this.#clock.now();
    this.#serving = true;
    try {
      let now = started;
      for (let due = this.#queue.takeDue(now); due !== undefined; due = this.#takeNext(now)) {
        const early = due.at > now;
        this.#served(early ? ON_TIME : elapsed(due.at, now));
        due.item.due(due.at, early ? due.at : now);
        now = this.#clock.now();
        if (elapsed(started, now) > TURN) break;
      }
    } finally {
      this.#serving = false;
      this.#armedFor = undefined;
      this.#arm();
    }
  }

  /** Once something was due: what else is, or may be served with it. */
  #takeNext(now: Instant): { readonly item: Scheduled; readonly at: Instant } | undefined {
    const first = this.#queue.first();
    return first === undefined ? undefined : this.#queue.takeDue(after(now, first.item.slack ?? ON_TIME));
  }
}
