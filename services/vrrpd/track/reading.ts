/** What a watcher says of one tracked thing. Pure data. */

/**
 * `good` and `bad` count. `pending`: not known yet, as before the first result of a script; it counts for nothing, but an
 * instance that has not begun waits for it where its weight is 0. `ignored`: cannot be watched here, counts for nothing.
 */
export type Condition = 'good' | 'bad' | 'pending' | 'ignored';

/** One reading. */
export interface Reading {
  readonly condition: Condition;
  /** `init_fail`: while pending it counts as this where it has a weight. */
  readonly assumed?: 'bad';
  /** The number in a file; absent for what is only good or bad. */
  readonly value?: number;
  /** In words, for causes and the status: `exit 1`, `killed by SIGSEGV`, `1 of 2 processes`. */
  readonly detail: string;
  /** Since when condition and value are what they are. */
  readonly since: Date;
}
