/**
 * keepwatch-trackd: the watcher process of vrrpd, ended with its connection. Started by vrrpd, or by keepwatchd for it: then
 * with the file that says what vrrpd may ask for.
 */
import { readFileSync } from 'node:fs';
import { InotifyFileWatcher } from '../../services/shared/kernel/inotify.js';
import { watchProcess } from '../../services/shared/kernel/process.js';
import { openProcessMonitor } from '../../services/shared/kernel/processEvents.js';
import { SystemClock } from '../../services/shared/kernel/systemClock.js';
import { SystemAccounts } from '../../services/shared/script/accounts.js';
import { ProcessScriptRunner } from '../../services/shared/script/run.js';
import { permitted } from '../../services/vrrpd/track/permits.js';
import type { WatchMessage, WatchRequest } from '../../services/vrrpd/track/wire.js';
import { PROCFS } from '../../services/vrrpd/watcher/procfs.js';
import { Watcher } from '../../services/vrrpd/watcher/watcher.js';

/** Wrong use. */
const EXIT_CANNOT_START = 2;

if (process.send === undefined) {
  process.stderr.write('keepwatch-trackd: is started by keepwatch-vrrpd, which tells it what to watch\n');
  process.exit(EXIT_CANNOT_START);
}

const NOT_PERMITTED = 'the configuration that keepwatchd put in force has no such definition';

function readPermits(file: string): ReadonlySet<string> {
  try {
    return new Set(JSON.parse(readFileSync(file, 'utf8')) as string[]);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    tell({ kind: 'log', level: 'warn', text: `what may be watched cannot be read: ${reason}` });
    return new Set();
  }
}

function tell(message: WatchMessage): void {
  // vrrpd is gone: `disconnect` says so, too.
  process.send?.(message, undefined, undefined, () => {});
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
  tell,
});

// Whoever stops a whole control group or terminal means vrrpd; this process follows it.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});

/** What keepwatchd wrote down before it gave vrrpd the configuration; undefined: whoever started us is believed. */
const permitsFile = process.argv[2];

process.on('message', (message) => {
  const asked = message as WatchRequest;
  if (permitsFile === undefined) {
    watcher.configure(asked);
    return;
  }
  const { request, refused } = permitted(asked, readPermits(permitsFile));
  watcher.configure(request);
  for (const what of refused) tell({ kind: 'log', level: 'warn', text: `${what} is not watched: ${NOT_PERMITTED}` });
});
process.once('disconnect', () => {
  void watcher.stop().finally(() => process.exit(0));
});
