/** Who changed what through the API, and who was refused: in memory, on disk and in the log. */
import type { Logger } from '../../shared/log/logger.js';
import { AuditEntry } from '../../shared/rpc/generated/keepwatch/v1/control.js';
import type { Clock } from '../../shared/time/clock.js';
import type { RecordFile } from '../recordFile.js';
import { RecordWriter } from '../recordWriter.js';
import { type Bucket, type BucketLimits, isFull, take } from './tokenBucket.js';

/** Entries in memory; the files hold more. */
const CAPACITY = 5_000;
/** Longest text of a request or outcome that is kept. */
const MAX_TEXT_LENGTH = 2_000;
/** Refusals of one caller that get an entry of their own; the others are counted: whoever is refused must not fill a disk. */
const REFUSALS: BucketLimits = { burst: 10, perSecond: 0.1 };
/** Callers remembered for that. */
const MAX_REFUSED = 1_024;

/** What an entry is made of; the log fills in the rest. */
export type AuditFacts = Pick<AuditEntry, 'who' | 'from' | 'role' | 'call'> &
  Partial<Pick<AuditEntry, 'at' | 'arguments' | 'detail' | 'durationMs'>>;

/** Which entries are wanted. */
export interface AuditQuery {
  /** 0: all. */
  readonly limit: number;
  readonly since: Date | undefined;
}

interface RefusedCaller {
  bucket: Bucket;
  unlisted: number;
}

export class AuditLog {
  readonly #writer: RecordWriter<AuditEntry>;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #refused = new Map<string, RefusedCaller>();
  #entries: AuditEntry[];

  constructor(
    file: Pick<RecordFile<AuditEntry>, 'append'>,
    logger: Logger,
    clock: Clock,
    kept: readonly AuditEntry[] = [],
  ) {
    this.#writer = new RecordWriter(file, logger, 'the audit log');
    this.#logger = logger;
    this.#clock = clock;
    this.#entries = kept.slice(-CAPACITY);
  }

  /** A call that changed something, or tried to; `result` is its gRPC status. */
  changed(facts: AuditFacts, result: string): void {
    this.#add(facts, result, 0);
  }

  /** A call that was not let in. `key` tells callers apart. */
  refused(key: string, facts: AuditFacts, result: string): void {
    const now = this.#clock.now();
    const before = this.#refused.get(key);
    const { bucket, taken } = take(before?.bucket, REFUSALS, now);
    if (!taken) {
      this.#refused.set(key, { bucket, unlisted: (before?.unlisted ?? 0) + 1 });
      return;
    }
    if (before === undefined && this.#refused.size >= MAX_REFUSED) {
      for (const [other, caller] of this.#refused)
        if (isFull(caller.bucket, REFUSALS, now)) this.#refused.delete(other);
    }
    this.#refused.set(key, { bucket, unlisted: 0 });
    this.#add(facts, result, before?.unlisted ?? 0);
  }

  /** The newest entries that match, oldest first. */
  find({ limit, since }: AuditQuery): AuditEntry[] {
    const found =
      since === undefined ? this.#entries : this.#entries.filter(({ at }) => at !== undefined && at >= since);
    return limit === 0 ? [...found] : found.slice(-limit);
  }

  /** Resolves when nothing waits to be written. */
  async flushed(): Promise<void> {
    await this.#writer.flushed();
  }

  #add(facts: AuditFacts, result: string, unlisted: number): void {
    const entry = AuditEntry.fromPartial({
      at: this.#clock.wall(),
      ...facts,
      arguments: shortened(facts.arguments ?? ''),
      detail: shortened(facts.detail ?? ''),
      result,
      unlisted,
    });
    this.#entries.push(entry);
    if (this.#entries.length > CAPACITY * 1.1) this.#entries = this.#entries.slice(-CAPACITY);
    this.#writer.add([entry]);
    const { who, from, role, call, detail } = entry;
    this.#logger[result === 'OK' ? 'info' : 'warn'](
      { audit: { who, from, role, call, arguments: entry.arguments, result, detail, unlisted } },
      `${call} by ${who} (${from}): ${result === 'OK' ? detail || 'done' : `${result}: ${detail}`}`,
    );
  }
}

const shortened = (text: string): string =>
  text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text;
