/**
 * The journal: what was taken over and what of it is done, on disk, so that neither SIGKILL nor a loss of power makes
 * a notification disappear.
 *
 * Guarantees: a notification is told after any crash once `sync` resolved; a job recorded as done is never done again.
 * The file is written anew, shorter, when most of it is history.
 *
 * When the disk is full or read-only the journal is *impaired*: notifications are told from memory, in order, but a
 * crash now loses what waits. It tries again every few seconds and writes everything it then knows.
 */
import type { Logger } from '../shared/log/logger.js';
import { type IdentifiedNotification, jobsOf } from './job.js';
import { encodeRecord, JOURNAL_VERSION, type JournalRecord, type Replay, replayJournal } from './journalRecord.js';
import type { JournalStore } from './journalStore.js';

/** Below this size a journal is left as it is. */
const COMPACT_BYTES = 1024 * 1024;
/** A file is written anew when it has grown to this multiple of what the last rewriting left. */
const COMPACT_FACTOR = 4;
/** How often an impaired journal is tried again. */
const RETRY_MS = 5000;

export interface JournalOptions {
  readonly store: JournalStore;
  readonly log: Logger;
  /** Everything a fresh file has to tell. The caller changes its state first and records afterwards. */
  readonly snapshot: () => readonly JournalRecord[];
  /** Called when `problem` changed. */
  readonly onChange: () => void;
  /** Bytes below which the file is never written anew; default 1 MiB. */
  readonly compactBytes?: number;
}

const EMPTY: Replay = { open: [], taken: [], results: [], damagedLines: [], tornBytes: 0 };

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export class Journal {
  readonly #store: JournalStore;
  readonly #log: Logger;
  readonly #snapshot: () => readonly JournalRecord[];
  readonly #onChange: () => void;
  readonly #compactBytes: number;
  #size = 0;
  #compactAt: number;
  #problem: string | undefined;
  #retry: NodeJS.Timeout | undefined;
  #syncing: Promise<void> | undefined;
  #syncAgain: Promise<void> | undefined;
  #closed = false;

  constructor(options: JournalOptions) {
    this.#store = options.store;
    this.#log = options.log;
    this.#snapshot = options.snapshot;
    this.#onChange = options.onChange;
    this.#compactBytes = options.compactBytes ?? COMPACT_BYTES;
    this.#compactAt = this.#compactBytes;
  }

  /** Why notifications are not kept across a crash now; undefined when they are. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Bytes in the file. */
  get size(): number {
    return this.#size;
  }

  /** Reads what a predecessor left and makes the file ready to be appended to. Never throws. */
  open(): Replay {
    let replay = EMPTY;
    try {
      let text = this.#store.read();
      if (text !== undefined) {
        replay = replayJournal(text, jobNames);
        if (replay.foreignVersion !== undefined) {
          const aside = this.#store.setAside(`version-${replay.foreignVersion}`);
          this.#log.error(
            { file: aside },
            `the journal is of version ${replay.foreignVersion}, this program knows ${JOURNAL_VERSION}: it was set aside, what waited in it is not told`,
          );
          text = undefined;
          replay = EMPTY;
        }
      }
      if (replay.damagedLines.length > 0) {
        this.#log.error(
          { lines: replay.damagedLines.slice(0, 20) },
          `the journal is damaged: ${replay.damagedLines.length} records were skipped, what they said is lost`,
        );
      }
      this.#size = Buffer.byteLength(text ?? '');
      if (replay.tornBytes > 0) {
        this.#log.warn(
          { bytes: replay.tornBytes },
          'the journal ends in a record that was being written: it was dropped, its sender will send it again',
        );
        this.#size -= replay.tornBytes;
        this.#store.truncate(this.#size);
      }
      if (this.#size === 0) this.#write(encodeRecord({ kind: 'begin', version: JOURNAL_VERSION }));
    } catch (error) {
      this.#fail(error);
    }
    return replay;
  }

  /** Appends a record. Never throws: a journal that cannot be written is impaired. */
  append(record: JournalRecord): void {
    if (this.#problem !== undefined || this.#closed) return;
    try {
      this.#write(encodeRecord(record));
      // Not under a running fdatasync: rewriting closes its descriptor.
      if (this.#size >= this.#compactAt && this.#syncing === undefined) this.#rewrite();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Resolves when everything appended so far is on the disk, or when the journal is impaired. Calls share one fdatasync. */
  sync(): Promise<void> {
    if (this.#problem !== undefined) return Promise.resolve();
    if (this.#syncing === undefined) {
      this.#syncing = this.#syncOnce().finally(() => {
        this.#syncing = undefined;
      });
      return this.#syncing;
    }
    // The one that runs may have begun before the latest record: those who come now share the next one.
    this.#syncAgain ??= this.#syncing.then(() => {
      this.#syncAgain = undefined;
      return this.sync();
    });
    return this.#syncAgain;
  }

  /** Gives up on disk for a reason found elsewhere, for good. */
  disable(reason: string): void {
    this.#closed = true;
    this.#problem = reason;
    this.#log.error(reason);
    this.#onChange();
  }

  async close(): Promise<void> {
    await this.sync();
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#store.close();
  }

  async #syncOnce(): Promise<void> {
    try {
      await this.#store.sync();
    } catch (error) {
      this.#fail(error);
    }
  }

  #write(text: string): void {
    try {
      this.#store.append(text);
    } catch (error) {
      // Half a record in the middle of the file would take its successor with it.
      try {
        this.#store.truncate(this.#size);
      } catch {
        // The sum of the record shows the damage to whoever reads the file.
      }
      throw error;
    }
    this.#size += Buffer.byteLength(text);
  }

  #rewrite(): void {
    const text = this.#snapshot().map(encodeRecord).join('');
    this.#store.replace(text);
    this.#size = Buffer.byteLength(text);
    this.#compactAt = Math.max(this.#compactBytes, this.#size * COMPACT_FACTOR);
  }

  #fail(error: unknown): void {
    const problem = `notifications are told, but those waiting would not survive a crash: the journal cannot be written: ${reasonOf(error)}; free or remount the state directory, or choose another --state-dir`;
    if (this.#problem === undefined) this.#log.error(problem);
    this.#problem = problem;
    this.#onChange();
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#recover(), RETRY_MS).unref();
  }

  #recover(): void {
    if (this.#closed) return;
    try {
      this.#store.close();
      this.#rewrite();
      this.#problem = undefined;
      this.#log.info('the journal can be written again; everything that waits is in it');
      this.#onChange();
    } catch (error) {
      this.#fail(error);
    }
  }
}

const jobNames = (notification: IdentifiedNotification): string[] => jobsOf(notification).map((job) => job.name);
