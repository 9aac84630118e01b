/** One check has one end: what is told after it, or after the check was given up, is dropped. */
import { formatDuration, type Micros, toMillis } from '../../shared/time/duration.js';
import type { CheckResult } from '../checker.js';
import { type CoarseTimer, coarseTimers } from './coarseTimers.js';

export class SingleResult {
  readonly #ended: (result: CheckResult) => void;
  readonly #cleanUp: () => void;
  #timer: CoarseTimer | undefined;
  /** When the timer fires, and when it is meant to. */
  #timerAt = 0;
  #deadline = 0;
  /** What follows then; without it the check has failed. */
  #then: (() => void) | undefined;
  #allowed: Micros = 0 as Micros;
  #awaited = '';
  #limit: CoarseTimer | undefined;
  #over = false;

  /** `cleanUp` runs once, before the result is told or when the check is given up. */
  constructor(ended: (result: CheckResult) => void, cleanUp: () => void) {
    this.#ended = ended;
    this.#cleanUp = cleanUp;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Ends the check. */
  tell(result: CheckResult): void {
    if (this.#finish()) this.#ended(result);
  }

  fail(reason: string): void {
    this.tell({ kind: 'failure', reason });
  }

  /** Ends the check without a word. */
  readonly cancel = (): void => {
    this.#finish();
  };

  /** Gives the check this long from now; replaces what was given before. */
  allow(time: Micros, what = 'no answer'): void {
    this.#then = undefined;
    this.#allowed = time;
    this.#awaited = what;
    this.#until(toMillis(time));
  }

  /** Runs something later unless the check is over by then; replaces what `allow` has set. */
  after(milliseconds: number, action: () => void): void {
    this.#then = action;
    this.#until(milliseconds);
  }

  /** Bounds the whole check, however busy it is. */
  bound(time: Micros): void {
    cancel(this.#limit);
    this.#limit = coarseTimers.after(toMillis(time), () => this.fail(`not finished within ${formatDuration(time)}`));
  }

  /** A timer that is set already and fires earlier is left: it goes on from there. Whoever dribbles costs no timers. */
  #until(milliseconds: number): void {
    this.#deadline = performance.now() + milliseconds;
    if (this.#timer?.action !== undefined && this.#timerAt <= this.#deadline) return;
    cancel(this.#timer);
    this.#timerAt = this.#deadline;
    this.#timer = coarseTimers.after(milliseconds, this.#fired);
  }

  readonly #fired = (): void => {
    const left = this.#deadline - performance.now();
    if (left > 0) this.#until(left);
    else if (this.#then !== undefined) this.#then();
    else this.fail(`${this.#awaited} within ${formatDuration(this.#allowed)}`);
  };

  #finish(): boolean {
    if (this.#over) return false;
    this.#over = true;
    cancel(this.#timer);
    cancel(this.#limit);
    this.#cleanUp();
    return true;
  }
}

function cancel(timer: CoarseTimer | undefined): void {
  if (timer !== undefined) timer.action = undefined;
}
