/** The real prober: picks the check by kind. */
import type { CheckResult } from '../checker.js';
import type { Prober, RunnableCheck } from '../probe.js';
import { startTcpCheck } from './tcpCheck.js';

/** Checks over the network of this machine. */
export const networkProber: Prober = {
  start(check: RunnableCheck, ended: (result: CheckResult) => void): () => void {
    switch (check.kind) {
      case 'tcp':
        return startTcpCheck(check, ended);
    }
  },
};
