/** The watcher process of vrrpd: everything about trackers that takes time or touches what others wrote. */
import type { FileWatcher } from '../../shared/kernel/inotify.js';
import type { OpenProcessMonitor } from '../../shared/kernel/processEvents.js';
import type { AccountDatabase } from '../../shared/script/identity.js';
import type { ScriptRunner } from '../../shared/script/run.js';
import type { Clock } from '../../shared/time/clock.js';
import type { WatchMessage, WatchRequest } from '../track/wire.js';
import { FileWatch } from './fileWatch.js';
import { ProcessWatch } from './processWatch.js';
import type { ProcessTable } from './procfs.js';
import { ScriptWatch } from './scriptWatch.js';

/** The world of a watcher. */
export interface WatcherParts {
  readonly clock: Clock;
  /** Forgets what it knew at `forget`. */
  readonly accounts: AccountDatabase & { forget(): void };
  readonly runner: ScriptRunner;
  readonly openFileWatcher: (onError: (error: Error) => void) => FileWatcher;
  readonly openMonitor: OpenProcessMonitor;
  readonly watchExit: (pid: number, onExit: () => void, onError: (error: Error) => void) => () => void;
  readonly table: ProcessTable;
  readonly tell: (message: WatchMessage) => void;
}

/** Runs scripts and watches files and processes as asked, and tells what it sees. */
export class Watcher {
  readonly #parts: WatcherParts;
  readonly #scripts: ScriptWatch;
  readonly #files: FileWatch;
  readonly #processes: ProcessWatch;
  readonly #impairments = new Map<'files' | 'processes', string>();

  constructor(parts: WatcherParts) {
    this.#parts = parts;
    const { clock, tell } = parts;
    const warn = (text: string): void => tell({ kind: 'log', level: 'warn', text });
    const onError = (error: Error): void => warn(error.message);
    this.#scripts = new ScriptWatch({ clock, accounts: parts.accounts, runner: parts.runner, tell, warn });
    this.#files = new FileWatch({ clock, openWatcher: () => parts.openFileWatcher(onError), tell, warn });
    this.#processes = new ProcessWatch({
      clock,
      table: parts.table,
      openMonitor: parts.openMonitor,
      watchExit: (pid, onExit) => parts.watchExit(pid, onExit, onError),
      tell,
      impaired: (text) => this.#impaired('processes', text === undefined ? undefined : `track_process: ${text}`),
      onError,
    });
  }

  /** Watches what the request names, and nothing else. */
  configure(request: WatchRequest): void {
    this.#parts.accounts.forget();
    this.#scripts.configure(request.scripts, request);
    try {
      this.#files.configure(request.files);
      this.#impaired('files', undefined);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#impaired('files', `track_file: files cannot be watched: ${text}`);
    }
    this.#processes.configure(request.processes, request.receiveBuffer);
  }

  /** Ends the scripts with their children and all watches. */
  async stop(): Promise<void> {
    this.#files.close();
    this.#processes.close();
    await this.#scripts.stop();
  }

  #impaired(what: 'files' | 'processes', text: string | undefined): void {
    if (this.#impairments.get(what) === text) return;
    if (text === undefined) this.#impairments.delete(what);
    else this.#impairments.set(what, text);
    this.#parts.tell({ kind: 'impairments', texts: [...this.#impairments.values()] });
  }
}
