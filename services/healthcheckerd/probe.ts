/** How checks reach the world: one narrow interface, with the real checks in `checkers/` and a fake in the tests. */
import type { CheckResult } from './checker.js';
import type { CheckerConfig } from './config/checkerModel.js';

/** Runs single checks. */
export interface Prober {
  /** Once, before the first check of a checker that did not exist before, in whatever process. */
  prepare?(check: CheckerConfig): void;

  /**
   * Starts one check. `ended` is called once, by a standing check each time there is something new; never before `start` has
   * returned, and not at all after the returned function was called. `url`: number of the url HTTP_GET gets.
   */
  start(check: CheckerConfig, ended: (result: CheckResult) => void, url: number): () => void;
}
