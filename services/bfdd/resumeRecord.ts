/**
 * What a bfdd that was killed needs to go on before the other end misses it: one slot per session in a file of the run
 * directory, written whole at every transition and at every change of parameters; the time of the last packet in its first
 * eight bytes is written more often.
 *
 * ```
 * 0 CLOCK_MONOTONIC of a packet sent, µs, double; 0: none | 8 the rest, JSON
 * ```
 */
import { type Instant, instant } from '../shared/time/duration.js';
import type { ResumedSession } from './fsm/events.js';

/** Which session, and where it stood. */
export interface ResumeEntry {
  readonly name: string;
  /** See `endsOf`: another one is another session. */
  readonly ends: string;
  readonly port: number;
  readonly discriminator: number;
  /** Present while it was Up. */
  readonly up?: ResumedSession;
  /** How long the other end waits, µs. */
  readonly peerWaits: number;
  /** Wall clock of the last transition, milliseconds. */
  readonly since: number;
}

/** Fixed-size slots that outlive the process; `shared/kernel/resumeFile.ts` is the real one. */
export interface ResumeSlots {
  records(): Map<number, Buffer>;
  write(slot: number, record: Buffer): void;
  clear(slot: number): void;
  close(): void;
}

/** Most bytes of a record. */
export const RESUME_RECORD_BYTES = 1024;
const FIXED_BYTES = 8;

interface Slot {
  readonly index: number;
  record: Buffer;
}

export class ResumeRecord {
  readonly #slots: ResumeSlots;
  readonly #onError: (error: unknown) => void;
  readonly #byName = new Map<string, Slot>();

  /** `onError` gets failing writes (full tmpfs); the protocol goes on without a record. */
  constructor(slots: ResumeSlots, onError: (error: unknown) => void) {
    this.#slots = slots;
    this.#onError = onError;
  }

  /** What a predecessor left, by name, with the time of its last packet. */
  load(): ReadonlyMap<string, { readonly entry: ResumeEntry; readonly lastTx: Instant }> {
    const entries = new Map<string, { readonly entry: ResumeEntry; readonly lastTx: Instant }>();
    for (const [index, record] of this.#slots.records()) {
      const entry = parseEntry(record);
      if (entry === undefined) continue;
      entries.set(entry.name, { entry, lastTx: instant(record.readDoubleLE(0)) });
      this.#byName.set(entry.name, { index, record });
    }
    return entries;
  }

  /** Notes where a session stands. Never throws; a record that does not fit is left out. */
  note(entry: ResumeEntry, lastTx: Instant | undefined): void {
    const rest = Buffer.from(JSON.stringify(entry));
    if (rest.length + FIXED_BYTES > RESUME_RECORD_BYTES) return;
    let slot = this.#byName.get(entry.name);
    if (slot === undefined) {
      const used = new Set([...this.#byName.values()].map(({ index }) => index));
      let index = 0;
      while (used.has(index)) index++;
      slot = { index, record: Buffer.alloc(0) };
      this.#byName.set(entry.name, slot);
    }
    slot.record = Buffer.concat([Buffer.alloc(FIXED_BYTES), rest]);
    this.sent(entry.name, lastTx ?? instant(0));
  }

  /** A packet was sent: one small write. */
  sent(name: string, at: Instant): void {
    const slot = this.#byName.get(name);
    if (slot === undefined) return;
    slot.record.writeDoubleLE(at, 0);
    this.#guard(() => this.#slots.write(slot.index, slot.record));
  }

  /** Forgets all but these. */
  retain(names: ReadonlySet<string>): void {
    for (const [name, slot] of this.#byName) {
      if (names.has(name)) continue;
      this.#byName.delete(name);
      this.#guard(() => this.#slots.clear(slot.index));
    }
  }

  /** Keeps the records for a successor. */
  close(): void {
    this.#byName.clear();
    this.#slots.close();
  }

  #guard(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#onError(error);
    }
  }
}

function parseEntry(record: Buffer): ResumeEntry | undefined {
  if (record.length <= FIXED_BYTES) return undefined;
  try {
    const value: unknown = JSON.parse(record.toString('utf8', FIXED_BYTES));
    return isEntry(value) ? value : undefined;
  } catch {
    // Written by another version: it says nothing to this one.
    return undefined;
  }
}

function isEntry(value: unknown): value is ResumeEntry {
  if (typeof value !== 'object' || value === null) return false;
  const fields: Partial<Record<keyof ResumeEntry, unknown>> = value;
  return (
    typeof fields.name === 'string' &&
    typeof fields.ends === 'string' &&
    typeof fields.port === 'number' &&
    typeof fields.discriminator === 'number' &&
    fields.discriminator > 0 &&
    typeof fields.peerWaits === 'number' &&
    typeof fields.since === 'number' &&
    (fields.up === undefined || isResumed(fields.up))
  );
}

function isResumed(value: unknown): value is ResumedSession {
  if (typeof value !== 'object' || value === null) return false;
  const fields: Partial<Record<keyof ResumedSession, unknown>> = value;
  const { remote } = fields;
  return (
    typeof remote === 'object' &&
    remote !== null &&
    'discriminator' in remote &&
    typeof remote.discriminator === 'number' &&
    typeof fields.desiredMinTx === 'number' &&
    typeof fields.requiredMinRx === 'number' &&
    typeof fields.txInForce === 'number' &&
    typeof fields.rxInForce === 'number' &&
    typeof fields.polling === 'boolean'
  );
}
