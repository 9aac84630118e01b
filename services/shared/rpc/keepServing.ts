/** How an optional process keeps the connection it serves on. */
import { describeRpcError } from './errors.js';
import type { ModuleReport } from './moduleMain.js';
import { type SuiteView, wait } from './suiteView.js';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5_000;

export interface KeepServingOptions {
  readonly suite: SuiteView;
  readonly signal: AbortSignal;
  readonly report: (report: ModuleReport) => void;
  /**
   * One connection, from its beginning, which it tells by `opened`, to its end; why it ended, undefined when that is no
   * trouble. What it throws is trouble of the suite.
   */
  readonly serve: (opened: () => void) => Promise<string | undefined>;
}

/** Serves until `signal`, again after each end, with longer and longer pauses while no connection comes about. */
export async function keepServing({ suite, signal, report, serve }: KeepServingOptions): Promise<void> {
  let pause = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    try {
      const reason = await serve(() => {
        pause = FIRST_PAUSE_MS;
      });
      if (signal.aborted) break;
      if (reason !== undefined) report({ ready: false, detail: reason });
    } catch (error) {
      if (signal.aborted) break;
      report({ ready: false, detail: suite.problem || describeRpcError(error) });
    }
    await wait(pause, signal);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
}
