/** What changed and why, for whoever asks later: kept in memory and on disk, so that a restart does not forget the night. */
import type { Logger } from '../shared/log/logger.js';
import type { HistoryEntry } from '../shared/rpc/generated/keepwatch/v1/control.js';
import type { RecordFile } from './recordFile.js';
import { RecordWriter } from './recordWriter.js';

/** Entries in memory; older ones are forgotten. */
const CAPACITY = 10_000;

export interface HistoryQuery {
  /** 0: all. */
  readonly limit: number;
  /** Empty: all. */
  readonly subject: string;
  readonly since: Date | undefined;
}

export class History {
  readonly #writer: RecordWriter<HistoryEntry>;
  /** Last event of each incarnation: services send again what was not acknowledged. */
  readonly #heard = new Map<string, bigint>();
  #entries: HistoryEntry[];
  #count: number;

  constructor(file: Pick<RecordFile<HistoryEntry>, 'append'>, logger: Logger, kept: readonly HistoryEntry[] = []) {
    this.#writer = new RecordWriter(file, logger, 'the history');
    this.#entries = kept.slice(-CAPACITY);
    this.#count = kept.length;
    for (const { incarnation, sequence } of this.#entries) this.#hear(incarnation, sequence);
  }

  /** Takes the entries of one event in; an event that was heard already says nothing new. */
  add(entries: readonly HistoryEntry[]): void {
    const [first] = entries;
    if (first === undefined || first.sequence <= (this.#heard.get(first.incarnation) ?? -1n)) return;
    this.#hear(first.incarnation, first.sequence);
    this.#entries.push(...entries);
    this.#count += entries.length;
    if (this.#entries.length > CAPACITY * 1.1) this.#entries = this.#entries.slice(-CAPACITY);
    this.#writer.add(entries);
  }

  /** How many there were ever, those that were forgotten too: the newest entry has this number. */
  get count(): number {
    return this.#count;
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
    await this.#writer.flushed();
  }

  #hear(incarnation: string, sequence: bigint): void {
    if (sequence > (this.#heard.get(incarnation) ?? -1n)) this.#heard.set(incarnation, sequence);
  }
}
