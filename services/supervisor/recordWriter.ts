/** Writes records behind the back of who makes them: nobody waits for a disk, and a disk that does not write is told of once. */
import type { Logger } from '../shared/log/logger.js';
import type { RecordFile } from './recordFile.js';

/** Records that may wait for a disk that does not write; more than these are not written at all. */
const PENDING_LIMIT = 10_000;

export class RecordWriter<T> {
  readonly #file: Pick<RecordFile<T>, 'append'>;
  readonly #logger: Logger;
  readonly #what: string;
  #pending: T[] = [];
  #writing: Promise<void> | undefined;
  #failing = false;

  /** `what` is written, for the log: `the history`. */
  constructor(file: Pick<RecordFile<T>, 'append'>, logger: Logger, what: string) {
    this.#file = file;
    this.#logger = logger;
    this.#what = what;
  }

  add(records: readonly T[]): void {
    if (this.#pending.length < PENDING_LIMIT) this.#pending.push(...records);
    this.#writing ??= this.#write();
  }

  /** Resolves when nothing waits to be written. */
  async flushed(): Promise<void> {
    await this.#writing;
  }

  /** One write at a time; what comes meanwhile goes with the next one. */
  async #write(): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      this.#pending = [];
      try {
        await this.#file.append(batch);
        this.#failing = false;
      } catch (error) {
        // Said once: a full disk must not fill the log too.
        if (!this.#failing)
          this.#logger.warn({ err: error }, `${this.#what} could not be written; it is kept in memory only`);
        this.#failing = true;
      }
    }
    this.#writing = undefined;
  }
}
