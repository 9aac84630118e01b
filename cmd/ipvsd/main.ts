/** keepwatch-ipvsd: flags and wiring. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { interpretIpvsConfig } from '../../services/ipvsd/config/interpret.js';
import { openIpvs } from '../../services/ipvsd/genlKernel.js';
import { startIpvsService } from '../../services/ipvsd/ipvsService.js';
import { bootId, OwnershipFile } from '../../services/ipvsd/ownershipRecord.js';
import { BootFile } from '../../services/shared/kernel/bootFile.js';
import { NftablesFirewall } from '../../services/shared/kernel/nftables.js';
import { openDatagram } from '../../services/shared/kernel/openDatagram.js';
import { SystemClock } from '../../services/shared/kernel/systemClock.js';
import { ownedTablePath } from '../../services/shared/rpc/paths.js';
import { serviceMain } from '../../services/shared/rpc/serviceMain.js';

// V8 forgets the code of functions that were not called for a while, and a server dies after a long while.
setFlagsFromString('--no-flush-bytecode');

void serviceMain({
  name: 'ipvsd',
  summary: "Owns the kernel's IPVS table: applies what the health checks decide, as differences.",
  clock: new SystemClock(),
  openDatagram,
  start: (context) =>
    startIpvsService(context, {
      interpret: (tree) => interpretIpvsConfig(tree, { hostname: hostname() }),
      open: openIpvs,
      record: new OwnershipFile(ownedTablePath(context.runDir), bootId(), (problem) => context.logger.warn(problem)),
      firewall: new NftablesFirewall(),
      markRecord: new BootFile(join(context.runDir, 'ipvsd.marks')),
      timeoutRecord: new BootFile(join(context.runDir, 'ipvsd.timeouts')),
    }),
});
