/** keepwatch-healthcheckerd: flags and wiring. */
import { hostname } from 'node:os';
import { networkProber } from '../../services/healthcheckerd/checkers/prober.js';
import { interpretHealthConfig } from '../../services/healthcheckerd/config/interpret.js';
import { startHealthService } from '../../services/healthcheckerd/healthService.js';
import { openDatagram } from '../../services/shared/kernel/openDatagram.js';
import { SystemClock } from '../../services/shared/kernel/systemClock.js';
import { serviceMain } from '../../services/shared/rpc/serviceMain.js';

void serviceMain({
  name: 'healthcheckerd',
  summary: 'Checks real servers and decides which of them get traffic.',
  clock: new SystemClock(),
  openDatagram,
  start: (context) =>
    startHealthService(context, {
      interpret: (tree) => interpretHealthConfig(tree, { hostname: hostname() }),
      prober: networkProber,
    }),
});
