import { type Instant, instant } from '../shared/time/duration.js';

/** Which virtual router a record is about: any difference and it is not resumed. */
export interface ResumeIdentity {
  readonly instance: string;
  readonly interface: string;
  readonly vrid: number;
  readonly family: number;
  readonly version: number;
  /** Addresses of an owner that were there before us. */
  readonly foreign: readonly string[];
}

/** Where an instance stood when it was last noted. */
export interface ResumeEntry extends ResumeIdentity {
  readonly master: boolean;
  readonly lastAdvertAt: Instant;
}

/** Fixed-size slots in a file of the run directory; kernel/resumeFile.ts is the real one. */
export interface ResumeSlots {
  records(): Map<number, Buffer>;
  write(slot: number, record: Buffer): void;
  clear(slot: number): void;
  close(): void;
}

/** Slots that are opened with their first use. */
export class LazySlots implements ResumeSlots {
  readonly #open: () => ResumeSlots;
  #opened: ResumeSlots | undefined;

  constructor(open: () => ResumeSlots) {
    this.#open = open;
  }

  records(): Map<number, Buffer> {
    return this.#slots().records();
  }

  write(slot: number, record: Buffer): void {
    this.#slots().write(slot, record);
  }

  clear(slot: number): void {
    this.#slots().clear(slot);
  }

  close(): void {
    this.#opened?.close();
  }

  #slots(): ResumeSlots {
    this.#opened ??= this.#open();
    return this.#opened;
  }
}

interface Slot {
  readonly index: number;
  record: Buffer;
}

/** Bytes before the identity: MASTER or not, time of the last advertisement. */
const FIXED_BYTES = 9;

/** Most bytes a record may have; names in configurations are far shorter. */
export const RESUME_RECORD_BYTES = 1024;

/**
 * The resume record: what a vrrpd that was killed needs to go on as if nothing had happened. One slot per instance,
 * overwritten at every advertisement:
 *
 * ```
 * 0 1 = MASTER, 0 = not | 1 CLOCK_MONOTONIC of the last advertisement, µs, double | 9 identity, JSON
 * ```
 */
export class ResumeRecord {
  readonly #slots: ResumeSlots;
  readonly #onError: (error: unknown) => void;
  readonly #byInstance = new Map<string, Slot>();

  /** `onError` gets failing writes (full tmpfs); the protocol goes on without a record. */
  constructor(slots: ResumeSlots, onError: (error: unknown) => void) {
    this.#slots = slots;
    this.#onError = onError;
  }

  /** What a predecessor left, by instance name. */
  load(): ReadonlyMap<string, ResumeEntry> {
    const entries = new Map<string, ResumeEntry>();
    for (const [index, record] of this.#records()) {
      const entry = parseRecord(record);
      if (entry === undefined) continue;
      entries.set(entry.instance, entry);
      this.#byInstance.set(entry.instance, { index, record });
    }
    return entries;
  }

  /** Names the instances to be recorded from now on, with where they stand. */
  layout(entries: readonly ResumeEntry[]): void {
    const wanted = new Set(entries.map((entry) => entry.instance));
    for (const [instance, slot] of this.#byInstance) {
      if (wanted.has(instance)) continue;
      this.#byInstance.delete(instance);
      this.#guard(() => this.#slots.clear(slot.index));
    }
    const used = new Set([...this.#byInstance.values()].map((slot) => slot.index));
    let free = 0;
    for (const { master, lastAdvertAt, ...identity } of entries) {
      let slot = this.#byInstance.get(identity.instance);
      if (slot === undefined) {
        while (used.has(free)) free++;
        used.add(free);
        slot = { index: free, record: Buffer.alloc(0) };
        this.#byInstance.set(identity.instance, slot);
      }
      slot.record = Buffer.concat([Buffer.alloc(FIXED_BYTES), Buffer.from(JSON.stringify(identity))]);
      this.note(identity.instance, master, lastAdvertAt);
    }
  }

  /** Notes where one instance stands: one small write. Never throws. */
  note(instance: string, master: boolean, lastAdvertAt: Instant): void {
    const slot = this.#byInstance.get(instance);
    if (slot === undefined) return;
    slot.record[0] = master ? 1 : 0;
    slot.record.writeDoubleLE(lastAdvertAt, 1);
    this.#guard(() => this.#slots.write(slot.index, slot.record));
  }

  /** Left in good order: nothing to resume. */
  clear(): void {
    this.layout([]);
  }

  /** Keeps the record for a successor. */
  close(): void {
    this.#byInstance.clear();
    this.#slots.close();
  }

  #records(): Map<number, Buffer> {
    try {
      return this.#slots.records();
    } catch (error) {
      this.#onError(error);
      return new Map();
    }
  }

  #guard(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#onError(error);
    }
  }
}

/** What the records of slots say, by instance name. */
export function parseRecords(records: ReadonlyMap<number, Buffer>): ReadonlyMap<string, ResumeEntry> {
  const entries = [...records.values()].flatMap((record) => parseRecord(record) ?? []);
  return new Map(entries.map((entry) => [entry.instance, entry]));
}

function parseRecord(record: Buffer): ResumeEntry | undefined {
  if (record.length <= FIXED_BYTES) return undefined;
  try {
    const identity: unknown = JSON.parse(record.toString('utf8', FIXED_BYTES));
    if (!isIdentity(identity)) return undefined;
    return { ...identity, master: record[0] === 1, lastAdvertAt: instant(record.readDoubleLE(1)) };
  } catch {
    // Written by another version: it says nothing to this one.
    return undefined;
  }
}

function isIdentity(value: unknown): value is ResumeIdentity {
  if (typeof value !== 'object' || value === null) return false;
  const fields: Partial<Record<keyof ResumeIdentity, unknown>> = value;
  return (
    typeof fields.instance === 'string' &&
    typeof fields.interface === 'string' &&
    typeof fields.vrid === 'number' &&
    typeof fields.family === 'number' &&
    typeof fields.version === 'number' &&
    Array.isArray(fields.foreign) &&
    fields.foreign.every((key) => typeof key === 'string')
  );
}
