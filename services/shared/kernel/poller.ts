/**
 * Watches one descriptor for input on Node's event loop. The only place that touches `koffi.node.poll`, whose mistakes
 * end the process, so its rules are kept here:
 *
 * - the poll handle is closed before its descriptor (the reverse aborts), and nothing is called on it afterwards;
 * - every living poller is strongly referenced, or garbage collection would silence it;
 * - nothing may leave the native callback by throwing: it would be swallowed and stop all polling;
 * - POLLERR arrives as one callback with a negative status and stops the handle: the socket's error is taken, the handle
 *   started again, the owner told;
 * - the native callback is no callback scope of Node: promises and `process.nextTick` would wait for some other event.
 *   One `setImmediate` per turn makes Node run them in the same turn of the loop.
 */
import { closeFd, kernelError, koffi, takeSocketError } from './libc.js';

interface PollHandle {
  start(options: { readable: boolean }, callback: PollCallback): void;
  close(): void;
  ref(): void;
  unref(): void;
}
type PollCallback = (status: number, events: { readonly readable: boolean }) => void;

/** What a poller tells its owner. */
export interface PollerEvents {
  /** There is something to read, or an error that the next read will return. */
  readonly onReadable: () => void;
  /** The socket reported an error (POLLERR), or `onReadable` threw. Polling goes on. */
  readonly onError: (error: Error) => void;
}

/** Errors in a row without input in between after which polling is given up. */
const POLL_ERROR_LIMIT = 100;

const alive = new Set<Poller>();
let immediateScheduled = false;

function runNodeQueuesThisTurn(): void {
  if (immediateScheduled) return;
  immediateScheduled = true;
  setImmediate(() => {
    immediateScheduled = false;
  });
}

/** Polls a descriptor it owns from construction to `close`. */
export class Poller {
  readonly #fd: number;
  readonly #name: string;
  readonly #events: PollerEvents;
  readonly #handle: PollHandle;
  readonly #callback: PollCallback;
  #closed = false;
  #errorsInARow = 0;

  /** Takes over `fd`: an open, pollable, non-blocking descriptor watched by nobody else. `name` is used in errors. */
  constructor(fd: number, name: string, events: PollerEvents) {
    this.#fd = fd;
    this.#name = name;
    this.#events = events;
    this.#callback = (status, ready) => this.#onPoll(status, ready.readable);
    // The published type of the callback lacks its first argument.
    const poll = koffi().node.poll as unknown as (
      fd: number,
      options: { readable: boolean },
      callback: PollCallback,
    ) => PollHandle;
    this.#handle = poll(fd, { readable: true }, this.#callback);
    alive.add(this);
  }

  /** Lets the process end while this poller is open. */
  unref(): void {
    if (!this.#closed) this.#handle.unref();
  }

  /** Stops polling, then closes the descriptor. Safe to call twice and from inside the callbacks. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    alive.delete(this);
    this.#handle.close();
    closeFd(this.#fd);
  }

  #onPoll(status: number, readable: boolean): void {
    if (this.#closed) return;
    runNodeQueuesThisTurn();
    try {
      if (status < 0) this.#recover(status);
      else if (readable) {
        this.#errorsInARow = 0;
        this.#events.onReadable();
      }
    } catch (error) {
      this.#report(error);
    }
  }

  #recover(status: number): void {
    const errno = takeSocketError(this.#fd);
    this.#errorsInARow += 1;
    if (this.#errorsInARow > POLL_ERROR_LIMIT) {
      // An error that reading SO_ERROR does not clear would spin the loop: stay stopped and say so.
      throw new Error(
        `${this.#name}: the descriptor keeps reporting errors (status ${status}); it is no longer watched`,
      );
    }
    this.#handle.start({ readable: true }, this.#callback);
    if (errno !== 0) this.#events.onError(kernelError('poll', errno, this.#name));
    // The owner reads what came before the error, and an error that left no SO_ERROR behind.
    if (!this.#closed) this.#events.onReadable();
  }

  #report(error: unknown): void {
    try {
      this.#events.onError(error instanceof Error ? error : new Error(String(error)));
    } catch (reporting) {
      // Neither handler may throw; if both do, end like any other uncaught exception, outside the native callback.
      setImmediate(() => {
        throw reporting;
      });
    }
  }
}
