import type { Micros } from '../shared/time/duration.js';

/** How one job ended. */
export interface TaskResult {
  readonly ok: boolean;
  /** `exit 1`, `connect ECONNREFUSED 127.0.0.1:25`, … */
  readonly detail: string;
  readonly duration: Micros;
  /** Last lines a script wrote. */
  readonly outputTail: string;
  readonly attempts: number;
  /** Nobody wanted to be told (no such FIFO configured): neither counted nor shown. */
  readonly silent?: boolean;
}
