/** One check has one end: what is told after it, or after the check was given up, is dropped. */
import { formatDuration, type Micros, toMillis } from '../../shared/time/duration.js';
import type { CheckResult } from '../checker.js';

export class SingleResult {
  readonly #ended: (result: CheckResult) => void;
  readonly #cleanUp: () => void;
  #timer: NodeJS.Timeout | undefined;
  #limit: NodeJS.Timeout | undefined;
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
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.fail(`${what} within ${formatDuration(time)}`), toMillis(time));
  }

  /** Runs something later unless the check is over by then; replaces what `allow` has set. */
  after(milliseconds: number, action: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, milliseconds);
  }

  /** Bounds the whole check, however busy it is. */
  bound(time: Micros): void {
    clearTimeout(this.#limit);
    this.#limit = setTimeout(() => this.fail(`not finished within ${formatDuration(time)}`), toMillis(time));
  }

  #finish(): boolean {
    if (this.#over) return false;
    this.#over = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#limit);
    this.#cleanUp();
    return true;
  }
}
