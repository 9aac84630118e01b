/** keepwatch-trackd: the watcher process of vrrpd, started by it and ended with it. */
import { InotifyFileWatcher } from '../../services/shared/kernel/inotify.js';
import { watchProcess } from '../../services/shared/kernel/process.js';
import { openProcessMonitor } from '../../services/shared/kernel/processEvents.js';
import { SystemClock } from '../../services/shared/kernel/systemClock.js';
import { SystemAccounts } from '../../services/shared/script/accounts.js';
import { ProcessScriptRunner } from '../../services/shared/script/run.js';
import type { WatchRequest } from '../../services/vrrpd/track/wire.js';
import { PROCFS } from '../../services/vrrpd/watcher/procfs.js';
import { Watcher } from '../../services/vrrpd/watcher/watcher.js';

/** Wrong use. */
const EXIT_CANNOT_START = 2;

if (process.send === undefined) {
  process.stderr.write('keepwatch-trackd: is started by keepwatch-vrrpd, which tells it what to watch\n');
  process.exit(EXIT_CANNOT_START);
}

const clock = new SystemClock();
const watcher = new Watcher({
  clock,
  accounts: new SystemAccounts(),
  runner: new ProcessScriptRunner(clock),
  openFileWatcher: (onError) => new InotifyFileWatcher(onError),
  openMonitor: openProcessMonitor,
  watchExit: watchProcess,
  table: PROCFS,
  tell: (message) => {
    // vrrpd is gone: `disconnect` says so, too.
    process.send?.(message, undefined, undefined, () => {});
  },
});

// Whoever stops a whole control group or terminal means vrrpd; this process follows it.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});

process.on('message', (message) => watcher.configure(message as WatchRequest));
process.once('disconnect', () => {
  void watcher.stop().finally(() => process.exit(0));
});
