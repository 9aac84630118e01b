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

/** Where an instance is recorded: the slot that every advertisement overwrites, and those with more of what is foreign. */
interface Place {
  readonly first: Slot;
  readonly more: readonly Slot[];
}

/** Bytes before the identity: MASTER or not, time of the last advertisement. */
const FIXED_BYTES = 9;

/** Most bytes of one slot; what is foreign goes on in further slots where it does not fit. */
export const RESUME_RECORD_BYTES = 1024;

/** What `foreign` may take in a slot: names in configurations are short, so the rest has room. */
const FOREIGN_BYTES = 640;

/**
 * The resume record: what a vrrpd that was killed needs to go on as if nothing had happened. One slot per instance,
 * overwritten at every advertisement:
 *
 * ```
 * 0 1 = MASTER, 0 = not | 1 CLOCK_MONOTONIC of the last advertisement, µs, double | 9 identity, JSON
 * ```
 * and slots that are written only when the instances change, each with a further part of a long list of what is foreign.
 */
export class ResumeRecord {
  readonly #slots: ResumeSlots;
  readonly #onError: (error: unknown) => void;
  readonly #byInstance = new Map<string, Place>();

  /** `onError` gets failing writes (full tmpfs); the protocol goes on without a record. */
  constructor(slots: ResumeSlots, onError: (error: unknown) => void) {
    this.#slots = slots;
    this.#onError = onError;
  }

  /** What a predecessor left, by instance name. */
  load(): ReadonlyMap<string, ResumeEntry> {
    const { entries, places, orphans } = readSlots(this.#records());
    for (const [instance, place] of places) this.#byInstance.set(instance, place);
    // A crash came between them and the first slot that would have spoken of them, or no longer did.
    for (const { index } of orphans) this.#guard(() => this.#slots.clear(index));
    return entries;
  }

  /** Names the instances to be recorded from now on, with where they stand. */
  layout(entries: readonly ResumeEntry[]): void {
    const wanted = new Set(entries.map((entry) => entry.instance));
    for (const [instance, { first, more }] of this.#byInstance) {
      if (wanted.has(instance)) continue;
      this.#byInstance.delete(instance);
      for (const slot of [first, ...more]) this.#guard(() => this.#slots.clear(slot.index));
    }
    const used = new Set([...this.#byInstance.values()].flatMap(({ first, more }) => [first, ...more]).map(indexOf));
    let free = 0;
    const newSlot = (): Slot => {
      while (used.has(free)) free++;
      used.add(free);
      return { index: free, record: Buffer.alloc(0) };
    };
    for (const { master, lastAdvertAt, foreign, ...identity } of entries) {
      const { instance } = identity;
      const known = this.#byInstance.get(instance);
      const [inFirst = [], ...further] = chunks(foreign);
      const first = known?.first ?? newSlot();
      const more = further.map((_, place) => known?.more[place] ?? newSlot());
      // First what the first slot refers to: whoever is killed in between has left no promise.
      for (const [place, slot] of more.entries()) {
        const record = recordOf({ instance, part: place + 1, foreign: further[place] ?? [] });
        if (!slot.record.equals(record)) this.#guard(() => this.#slots.write(slot.index, record));
        slot.record = record;
      }
      first.record = recordOf({ ...identity, foreign: inFirst, ...(more.length === 0 ? {} : { parts: more.length }) });
      this.#byInstance.set(instance, { first, more });
      this.note(instance, master, lastAdvertAt);
      for (const slot of known?.more.slice(more.length) ?? []) {
        used.delete(slot.index);
        free = Math.min(free, slot.index);
        this.#guard(() => this.#slots.clear(slot.index));
      }
    }
  }

  /** Notes where one instance stands: one small write. Never throws. */
  note(instance: string, master: boolean, lastAdvertAt: Instant): void {
    const slot = this.#byInstance.get(instance)?.first;
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
export const parseRecords = (records: ReadonlyMap<number, Buffer>): ReadonlyMap<string, ResumeEntry> =>
  readSlots(records).entries;

function readSlots(records: ReadonlyMap<number, Buffer>): {
  readonly entries: ReadonlyMap<string, ResumeEntry>;
  readonly places: ReadonlyMap<string, Place>;
  readonly orphans: readonly Slot[];
} {
  const entries = new Map<string, ResumeEntry>();
  const places = new Map<string, Place>();
  const counts = new Map<string, number>();
  const parts: (FurtherPart & { readonly slot: Slot })[] = [];
  const orphans: Slot[] = [];
  for (const [index, record] of records) {
    const found = parseRecord(record);
    if (found === undefined) continue;
    const slot = { index, record };
    if ('part' in found) parts.push({ slot, ...found });
    else {
      const { instance } = found.entry;
      entries.set(instance, found.entry);
      counts.set(instance, found.parts);
      places.set(instance, { first: slot, more: [] });
    }
  }
  for (const { slot, instance, part, foreign } of parts.sort((left, right) => left.part - right.part)) {
    const [entry, place] = [entries.get(instance), places.get(instance)];
    if (entry === undefined || place === undefined || part > (counts.get(instance) ?? 0)) {
      orphans.push(slot);
      continue;
    }
    entries.set(instance, { ...entry, foreign: [...entry.foreign, ...foreign] });
    places.set(instance, { first: place.first, more: [...place.more, slot] });
  }
  return { entries, places, orphans };
}

const indexOf = ({ index }: Slot): number => index;

const recordOf = (content: object): Buffer =>
  Buffer.concat([Buffer.alloc(FIXED_BYTES), Buffer.from(JSON.stringify(content))]);

/** Cuts a list into pieces that fit a slot each. */
function chunks(list: readonly string[]): readonly (readonly string[])[] {
  const all: string[][] = [];
  let room = 0;
  for (const item of list) {
    const size = Buffer.byteLength(JSON.stringify(item)) + 1;
    if (size > room) {
      all.push([]);
      room = FOREIGN_BYTES;
    }
    all.at(-1)?.push(item);
    room -= size;
  }
  return all;
}

interface FurtherPart {
  readonly instance: string;
  readonly part: number;
  readonly foreign: readonly string[];
}

function parseRecord(
  record: Buffer,
): { readonly entry: ResumeEntry; readonly parts: number } | FurtherPart | undefined {
  if (record.length <= FIXED_BYTES) return undefined;
  try {
    const content: unknown = JSON.parse(record.toString('utf8', FIXED_BYTES));
    if (isPart(content)) return content;
    if (!isIdentity(content)) return undefined;
    const { parts, ...identity } = content;
    const lastAdvertAt = instant(record.readDoubleLE(1));
    return { entry: { ...identity, master: record[0] === 1, lastAdvertAt }, parts: parts ?? 0 };
  } catch {
    // Written by another version: it says nothing to this one.
    return undefined;
  }
}

const isForeign = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((key) => typeof key === 'string');

function isPart(value: unknown): value is FurtherPart {
  if (typeof value !== 'object' || value === null) return false;
  const fields: { readonly instance?: unknown; readonly part?: unknown; readonly foreign?: unknown } = value;
  return typeof fields.instance === 'string' && typeof fields.part === 'number' && isForeign(fields.foreign);
}

function isIdentity(value: unknown): value is ResumeIdentity & { readonly parts?: number } {
  if (typeof value !== 'object' || value === null) return false;
  const fields: Partial<Record<keyof ResumeIdentity, unknown>> = value;
  return (
    typeof fields.instance === 'string' &&
    typeof fields.interface === 'string' &&
    typeof fields.vrid === 'number' &&
    typeof fields.family === 'number' &&
    typeof fields.version === 'number' &&
    isForeign(fields.foreign)
  );
}
