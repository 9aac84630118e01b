/** How checks reach the network: one narrow interface, with the real checks in `checkers/` and a fake in the tests. */
import type { CheckResult } from './checker.js';
import type { CheckerConfig } from './config/model.js';

/** A checker this version can run. */
export type RunnableCheck = Exclude<CheckerConfig, { kind: 'unavailable' }>;

/** Runs single checks. */
export interface Prober {
  /**
   * Starts one check. `ended` is called exactly once, never before `start` has returned, and not at all after the returned
   * function was called.
   */
  start(check: RunnableCheck, ended: (result: CheckResult) => void): () => void;
}
