/** What changed and why, for whoever asks later: kept in memory and on disk, so that a restart does not forget the night. */
import type { Logger } from '../shared/log/logger.js';
import type { HistoryEntry } from '../shared/rpc/generated/keepwatch/v1/control.js';
import type { HistoryFile } from './historyFile.js';

/** Entries in memory; older ones are forgotten. */
const CAPACITY = 10_000;
/** Entries that may wait for a disk that does not write; more than these are kept in memory only. */
const PENDING_LIMIT = 10_000;

export interface HistoryQuery {
  /** 0: all. */
  readonly limit: number;
  /** Empty: all. */
  readonly subject: string;
  readonly since: Date | undefined;
}

export class History {
  readonly #file: Pick<HistoryFile, 'append'>;
  readonly #logger: Logger;
  /** Last event of each incarnation: services send again what was not acknowledged. */
  readonly #heard = new Map<string, bigint>();
  #entries: HistoryEntry[];
  #pending: HistoryEntry[] = [];
  #writing: Promise<void> | undefined;
  #failing = false;

  constructor(file: Pick<HistoryFile, 'append'>, logger: Logger, kept: readonly HistoryEntry[] = []) {
    this.#file = file;
    this.#logger = logger;
    this.#entries = kept.slice(-CAPACITY);
    for (const { incarnation, sequence } of this.#entries) this.#hear(incarnation, sequence);
  }

  /** Takes the entries of one event in; an event that was heard already says nothing new. */
  add(entries: readonly HistoryEntry[]): void {
    const [first] = entries;
    if (first === undefined || first.sequence <= (this.#heard.get(first.incarnation) ?? -1n)) return;
    this.#hear(first.incarnation, first.sequence);
    this.#entries.push(...entries);
    if (this.#entries.length > CAPACITY * 1.1) this.#entries = this.#entries.slice(-CAPACITY);
    if (this.#pending.length < PENDING_LIMIT) this.#pending.push(...entries);
    this.#writing ??= this.#write();
  }

  /** The newest entries that match, oldest first. */
  find({ limit, subject, since }: HistoryQuery): HistoryEntry[] {
    const found = this.#entries.filter(
      (entry) =>
        (subject === '' || entry.subject === subject || entry.subject.endsWith(` ${subject}`)) &&
        (since === undefined || (entry.at !== undefined && entry.at >= since)),
    );
    return limit === 0 ? found : found.slice(-limit);
  }

  /** Resolves when nothing waits to be written. */
  async flushed(): Promise<void> {
    await this.#writing;
  }

  #hear(incarnation: string, sequence: bigint): void {
    if (sequence > (this.#heard.get(incarnation) ?? -1n)) this.#heard.set(incarnation, sequence);
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
          this.#logger.warn({ err: error }, 'the history could not be written; it is kept in memory only');
        this.#failing = true;
      }
    }
    this.#writing = undefined;
  }
}
