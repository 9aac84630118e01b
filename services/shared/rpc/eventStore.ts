/**
 * What a service has told and nobody has taken over yet, in a file of the run directory, so that a SIGKILL loses nothing.
 *
 * One line of JSON each, appended before anybody hears of the event: `{"s":"17","n":[…]}` are the notifications of event
 * 17, `{"a":"17"}` says that everything up to 17 was taken over, `{"t":{…}}` which state was told last of each lane. The
 * file is in memory (tmpfs) and goes with the machine, as what it tells does. A successor begins with what it finds.
 */
import {
  appendFileSync,
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { Notification } from './generated/keepwatch/v1/notify.js';

/** A file larger than this, and mostly history, is written anew. */
const COMPACT_BYTES = 64 * 1024;

/** What a predecessor left. */
export interface LeftEvents {
  /** Not known to be taken over, oldest first, each with its id. */
  readonly notifications: readonly Notification[];
  /** Lane to the state told last. */
  readonly told: ReadonlyMap<string, string>;
}

export class EventStore {
  readonly #path: string;
  readonly #onError: (error: unknown) => void;
  readonly #told = new Map<string, string>();
  #fd: number | undefined;
  #size = 0;
  #compactAt = COMPACT_BYTES;

  /** `onError` gets failing writes (full tmpfs); events then survive no crash. */
  constructor(path: string, onError: (error: unknown) => void) {
    this.#path = path;
    this.#onError = onError;
  }

  /** Reads what a predecessor left. Damaged lines are skipped: a line that was being written was heard by nobody. */
  load(): LeftEvents {
    const open = new Map<bigint, readonly Notification[]>();
    this.#told.clear();
    for (const line of this.#read().split('\n')) {
      const record = parse(line);
      if (record?.a !== undefined) for (const sequence of open.keys()) if (sequence <= record.a) open.delete(sequence);
      for (const [lane, state] of Object.entries(record?.t ?? {})) this.#told.set(lane, state);
      if (record?.s === undefined || record.n === undefined) continue;
      open.set(record.s, record.n);
      this.#note(record.n);
    }
    return { notifications: [...open.values()].flat(), told: new Map(this.#told) };
  }

  /** Begins a file of our own with the states told so far. What {@link load} found has to be published again before. */
  begin(events: readonly { readonly sequence: bigint; readonly notifications: readonly Notification[] }[]): void {
    this.#guard(() => this.#rewrite(events));
  }

  /** Keeps the notifications of an event. Never throws. */
  keep(sequence: bigint, notifications: readonly Notification[]): void {
    this.#note(notifications);
    this.#guard(() => this.#append(eventLine(sequence, notifications)));
  }

  /** Everything up to a sequence was taken over; `open` tells what was not, where that is written anew. Never throws. */
  release(
    upTo: bigint,
    open: () => readonly { readonly sequence: bigint; readonly notifications: readonly Notification[] }[],
  ): void {
    this.#guard(() => {
      if (this.#size >= this.#compactAt) this.#rewrite(open());
      else this.#append(`${JSON.stringify({ a: String(upTo) })}\n`);
    });
  }

  /** Left in good order with nothing open: a successor begins anew. */
  remove(): void {
    this.#close();
    try {
      unlinkSync(this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#onError(error);
    }
  }

  #read(): string {
    try {
      return readFileSync(this.#path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#onError(error);
      return '';
    }
  }

  #note(notifications: readonly Notification[]): void {
    for (const { lane, state } of notifications) if (state !== '') this.#told.set(lane, state);
  }

  #append(line: string): void {
    this.#fd ??= openSync(this.#path, 'a', 0o600);
    appendFileSync(this.#fd, line);
    this.#size += line.length;
  }

  #close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #rewrite(events: readonly { readonly sequence: bigint; readonly notifications: readonly Notification[] }[]): void {
    const told = this.#told.size === 0 ? '' : `${JSON.stringify({ t: Object.fromEntries(this.#told) })}\n`;
    const text = told + events.map(({ sequence, notifications }) => eventLine(sequence, notifications)).join('');
    writeFileSync(`${this.#path}.new`, text, { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
    this.#close();
    this.#size = statSync(this.#path).size;
    this.#compactAt = Math.max(COMPACT_BYTES, 4 * this.#size);
  }

  #guard(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#onError(error);
    }
  }
}

const eventLine = (sequence: bigint, notifications: readonly Notification[]): string =>
  `${JSON.stringify({ s: String(sequence), n: notifications.map((notification) => Notification.toJSON(notification)) })}\n`;

interface StoredRecord {
  readonly s?: bigint;
  readonly n?: readonly Notification[];
  readonly a?: bigint;
  readonly t?: Readonly<Record<string, string>>;
}

function parse(line: string): StoredRecord | undefined {
  try {
    const fields = JSON.parse(line) as { s?: string; n?: unknown[]; a?: string; t?: Record<string, string> };
    return {
      ...(fields.s === undefined ? {} : { s: BigInt(fields.s) }),
      ...(fields.n === undefined ? {} : { n: fields.n.map((one) => Notification.fromJSON(one)) }),
      ...(fields.a === undefined ? {} : { a: BigInt(fields.a) }),
      ...(fields.t === undefined ? {} : { t: fields.t }),
    };
  } catch {
    return undefined;
  }
}
