import { type ChildProcess, spawn } from 'node:child_process';
import type { WatchMessage, WatchRequest } from './wire.js';

/** Longest and shortest pause before a watcher that ended is started again. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;
/** A watcher that ran this long was well: the next end counts as the first. */
const WELL_MS = 10_000;

/** The watcher process as vrrpd sees it. */
export interface WatcherLink {
  /** Sends what is to be watched; the process is started when there is none. Sent again to a successor of a process that ended. */
  request(request: WatchRequest): void;
  /** Ends the process, and with it the scripts. */
  close(): void;
}

/** What a link tells. */
export interface WatcherLinkEvents {
  readonly onMessage: (message: WatchMessage) => void;
  /** The process ended though nobody asked; it is started again after a pause. */
  readonly onLost: (how: string) => void;
}

export type OpenWatcherLink = (events: WatcherLinkEvents) => WatcherLink;

/** Runs this Node.js with these arguments as the watcher process. */
export const watcherProcess =
  (args: readonly string[]): OpenWatcherLink =>
  (events) =>
    new ChildWatcher(args, events);

class ChildWatcher implements WatcherLink {
  readonly #args: readonly string[];
  readonly #events: WatcherLinkEvents;
  #child: ChildProcess | undefined;
  #request: WatchRequest | undefined;
  #pause = FIRST_PAUSE_MS;
  #restart: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(args: readonly string[], events: WatcherLinkEvents) {
    this.#args = args;
    this.#events = events;
  }

  request(request: WatchRequest): void {
    this.#request = request;
    if (this.#child !== undefined) this.#send(this.#child, request);
    else if (this.#restart === undefined) this.#start();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#restart);
    // Its channel closes: it ends its scripts and then itself.
    if (this.#child?.connected === true) this.#child.disconnect();
    this.#child = undefined;
  }

  #start(): void {
    this.#restart = undefined;
    const startedAt = process.hrtime.bigint();
    const child = spawn(process.execPath, [...this.#args], {
      // A session of its own: a signal for the whole group of vrrpd is not for it.
      detached: true,
      // A loader named on the command line is found from where we were started; else no directory is kept busy.
      cwd: process.execArgv.length > 0 ? process.cwd() : '/',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: environment(),
    });
    this.#child = child;
    let over = false;
    const ended = (how: string): void => {
      if (over) return;
      over = true;
      if (this.#child === child) this.#child = undefined;
      if (this.#closed) return;
      if (process.hrtime.bigint() - startedAt > BigInt(WELL_MS) * 1_000_000n) this.#pause = FIRST_PAUSE_MS;
      this.#restart = setTimeout(() => this.#start(), this.#pause);
      this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
      this.#events.onLost(how);
    };
    child.once('error', (error) => ended(error.message));
    child.once('exit', (code, signal) => ended(signal === null ? `exit code ${code}` : `killed by ${signal}`));
    child.on('message', (message) => {
      if (!this.#closed) this.#events.onMessage(message as WatchMessage);
    });
    if (this.#request !== undefined) this.#send(child, this.#request);
  }

  #send(child: ChildProcess, request: WatchRequest): void {
    // A process that is gone is told by `exit`; its successor gets the request again.
    if (child.connected) child.send(request, () => {});
  }
}

/** Scripts get an environment of their own; what steers Node is not for the watcher either. */
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:NODE_|npm_|KEEPWATCH_)/.test(name)));
