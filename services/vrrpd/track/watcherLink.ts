import type { OpenWatcherChannel, WatcherChannel } from './watcherChannel.js';
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

/** Keeps a watcher process there; `choose` is asked each time one is begun. */
export const watcherLink =
  (choose: () => OpenWatcherChannel): OpenWatcherLink =>
  (events) =>
    new KeptWatcher(choose, events);

class KeptWatcher implements WatcherLink {
  readonly #choose: () => OpenWatcherChannel;
  readonly #events: WatcherLinkEvents;
  #channel: WatcherChannel | undefined;
  #request: WatchRequest | undefined;
  #pause = FIRST_PAUSE_MS;
  #restart: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(choose: () => OpenWatcherChannel, events: WatcherLinkEvents) {
    this.#choose = choose;
    this.#events = events;
  }

  request(request: WatchRequest): void {
    this.#request = request;
    if (this.#channel !== undefined) this.#channel.send(request);
    else if (this.#restart === undefined) this.#start();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#restart);
    this.#channel?.close();
    this.#channel = undefined;
  }

  #start(): void {
    this.#restart = undefined;
    const startedAt = process.hrtime.bigint();
    const channel = this.#choose()({
      onMessage: this.#events.onMessage,
      onEnd: (how) => {
        this.#channel = undefined;
        if (this.#closed) return;
        if (process.hrtime.bigint() - startedAt > BigInt(WELL_MS) * 1_000_000n) this.#pause = FIRST_PAUSE_MS;
        this.#restart = setTimeout(() => this.#start(), this.#pause);
        this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
        this.#events.onLost(how);
      },
    });
    this.#channel = channel;
    if (this.#request !== undefined) channel.send(this.#request);
  }
}
