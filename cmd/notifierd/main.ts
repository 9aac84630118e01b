/** keepwatch-notifierd: flags and wiring. */
import { hostname } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { interpretNotifyConfig } from '../../services/notifierd/config/interpret.js';
import { startNotifyService } from '../../services/notifierd/notifyService.js';
import { openDatagram } from '../../services/shared/kernel/openDatagram.js';
import { SystemClock } from '../../services/shared/kernel/systemClock.js';
import { serviceMain } from '../../services/shared/rpc/serviceMain.js';
import { closeInheritedDescriptors } from '../../services/shared/script/inherited.js';

// V8 forgets the code of functions that were not called for a while, and a notification comes after a long while.
setFlagsFromString('--no-flush-bytecode');

// Before anything else is opened: what the starter left open must not reach a script.
closeInheritedDescriptors();

void serviceMain({
  name: 'notifierd',
  summary: 'Tells people and scripts what happened: notify scripts, FIFOs and mails, in order and kept on disk.',
  clock: new SystemClock(),
  openDatagram,
  start: (context) =>
    startNotifyService(context, { interpret: (tree) => interpretNotifyConfig(tree, { hostname: hostname() }) }),
});
