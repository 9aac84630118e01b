import type { ResumeSlots } from '../resumeRecord.js';
import type { Condition } from './reading.js';

/** What a killed vrrpd knew of one tracker. */
export interface TrackEntry {
  /** `script`, `file` or `process`, a blank, and the name. */
  readonly key: string;
  /** What was watched; another thing under the same name has another word here. */
  readonly what: string;
  readonly condition: Condition;
  readonly value?: number;
  readonly detail: string;
  /** Wall clock, milliseconds. */
  readonly since: number;
  /** Results in a row that say the opposite. */
  readonly against: number;
}

/** Most bytes of a record. */
export const TRACK_RECORD_BYTES = 1024;
/** Most of a detail that is kept. */
const DETAIL_LENGTH = 200;

/** Readings that outlive a crash, one slot each, written when they change: a successor begins with them. */
export class TrackRecord {
  readonly #slots: ResumeSlots;
  readonly #onError: (error: unknown) => void;
  readonly #byKey = new Map<string, number>();

  constructor(slots: ResumeSlots, onError: (error: unknown) => void) {
    this.#slots = slots;
    this.#onError = onError;
  }

  /** What a predecessor left, by key. */
  load(): ReadonlyMap<string, TrackEntry> {
    const entries = new Map<string, TrackEntry>();
    for (const [slot, record] of this.#slots.records()) {
      const entry = parseEntry(record);
      if (entry === undefined) continue;
      entries.set(entry.key, entry);
      this.#byKey.set(entry.key, slot);
    }
    return entries;
  }

  /** Never throws. A record that does not fit is left out. */
  note(entry: TrackEntry): void {
    const record = Buffer.from(JSON.stringify({ ...entry, detail: entry.detail.slice(0, DETAIL_LENGTH) }));
    if (record.length > TRACK_RECORD_BYTES) return;
    let slot = this.#byKey.get(entry.key);
    if (slot === undefined) {
      const used = new Set(this.#byKey.values());
      slot = 0;
      while (used.has(slot)) slot++;
      this.#byKey.set(entry.key, slot);
    }
    this.#guard(slot, record);
  }

  /** Forgets all but these. */
  retain(keys: ReadonlySet<string>): void {
    for (const [key, slot] of this.#byKey) {
      if (keys.has(key)) continue;
      this.#byKey.delete(key);
      this.#guard(slot, undefined);
    }
  }

  /** Keeps the records for a successor. */
  close(): void {
    this.#slots.close();
  }

  #guard(slot: number, record: Buffer | undefined): void {
    try {
      if (record === undefined) this.#slots.clear(slot);
      else this.#slots.write(slot, record);
    } catch (error) {
      this.#onError(error);
    }
  }
}

function parseEntry(record: Buffer): TrackEntry | undefined {
  try {
    const value: unknown = JSON.parse(record.toString('utf8'));
    return isEntry(value) ? value : undefined;
  } catch {
    // Written by another version: it says nothing to this one.
    return undefined;
  }
}

function isEntry(value: unknown): value is TrackEntry {
  if (typeof value !== 'object' || value === null) return false;
  const fields: Partial<Record<keyof TrackEntry, unknown>> = value;
  return (
    typeof fields.key === 'string' &&
    typeof fields.what === 'string' &&
    (fields.condition === 'good' || fields.condition === 'bad') &&
    (fields.value === undefined || typeof fields.value === 'number') &&
    typeof fields.detail === 'string' &&
    typeof fields.since === 'number' &&
    typeof fields.against === 'number'
  );
}
