/** keepwatch-healthcheckerd: flags and wiring. */
import { hostname } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { patternProblem } from '../../services/healthcheckerd/checkers/patterns.js';
import { SystemProber } from '../../services/healthcheckerd/checkers/prober.js';
import { interpretHealthConfig } from '../../services/healthcheckerd/config/interpret.js';
import { startHealthService } from '../../services/healthcheckerd/healthService.js';
import { SessionBoard } from '../../services/healthcheckerd/sessionBoard.js';
import { openDatagram } from '../../services/shared/kernel/openDatagram.js';
import { applyScheduling } from '../../services/shared/kernel/scheduling.js';
import { SystemClock } from '../../services/shared/kernel/systemClock.js';
import { serviceMain } from '../../services/shared/rpc/serviceMain.js';
import { SystemAccounts } from '../../services/shared/script/accounts.js';
import { closeInheritedDescriptors } from '../../services/shared/script/inherited.js';
import { ProcessScriptRunner } from '../../services/shared/script/run.js';

// Before anything else is opened: what the starter left open must not reach a script.
closeInheritedDescriptors();

// V8 forgets the code of functions that were not called for a while, and a server dies after a long while.
setFlagsFromString('--no-flush-bytecode');

const clock = new SystemClock();

void serviceMain({
  name: 'healthcheckerd',
  summary: 'Checks real servers and decides which of them get traffic.',
  clock,
  openDatagram,
  start: (context) => {
    const sessions = new SessionBoard();
    return startHealthService(context, {
      interpret: (tree) => interpretHealthConfig(tree, { hostname: hostname(), patternProblem }),
      prober: new SystemProber(
        {
          runner: new ProcessScriptRunner(clock),
          accounts: new SystemAccounts(),
          logger: context.logger,
        },
        sessions,
      ),
      sessions,
      applyScheduling: (wanted) => applyScheduling('checker', wanted),
    });
  },
});
