/**
 * What a killed healthcheckerd leaves to its successor in the run directory: verdicts, retries and weights of the checkers and
 * the quorums, so that no dead server comes back and none flaps. Written only when one of these changes, never per check.
 */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { ResumeFile } from '../shared/kernel/resumeFile.js';
import type { Logger } from '../shared/log/logger.js';
import type { CheckerState, CheckerWeight } from './checker.js';

/** What of a checker's state outlives the process. */
export type SavedChecker = Pick<
  CheckerState,
  'up' | 'checked' | 'retries' | 'failuresInRow' | 'lastError' | 'url' | 'failedUrl' | 'weight'
>;

/** Where states are kept; a fake in the tests. */
export interface ResumeRecord {
  checker(key: string): SavedChecker | undefined;
  /** Writes the state when it differs from `before` in what is kept. */
  saveChecker(key: string, before: CheckerState, state: CheckerState): void;
  forgetChecker(key: string): void;
  quorum(name: string): boolean | undefined;
  saveQuorum(name: string, up: boolean): void;
  forgetQuorum(name: string): void;
  /** The firewall mark of a virtual server group (`nftables_ipvs`). */
  mark(name: string): number | undefined;
  saveMark(name: string, mark: number): void;
  forgetMark(name: string): void;
}

/** Keeps nothing. */
export const NO_RESUME: ResumeRecord = {
  checker: () => undefined,
  saveChecker: () => {},
  forgetChecker: () => {},
  quorum: () => undefined,
  saveQuorum: () => {},
  forgetQuorum: () => {},
  mark: () => undefined,
  saveMark: () => {},
  forgetMark: () => {},
};

const KEY_BYTES = 16;
const RECORD_BYTES = 128;
/** Key, kind, flags, weight, retries, failures in a row, url, failed url; then the last error. */
const FIXED_BYTES = KEY_BYTES + 18;

const KIND_CHECKER = 1;
const KIND_QUORUM = 2;
const KIND_MARK = 3;
const UP = 1;
const CHECKED = 2;
const WEIGHT_SET = 4;
const WEIGHT_ADD = 8;
const NO_URL = 0xffff;

const shortKey = (text: string): Buffer => createHash('sha1').update(text).digest().subarray(0, KEY_BYTES);

function weightBits(weight: CheckerWeight | undefined): { readonly flag: number; readonly value: number } {
  if (weight === undefined) return { flag: 0, value: 0 };
  return 'set' in weight ? { flag: WEIGHT_SET, value: weight.set } : { flag: WEIGHT_ADD, value: weight.add };
}

/** One checker as a record of at most 128 bytes. */
export function encodeChecker(key: string, state: SavedChecker): Buffer {
  const { flag, value } = weightBits(state.weight);
  const record = Buffer.alloc(RECORD_BYTES);
  shortKey(key).copy(record);
  let at = record.writeUInt8(KIND_CHECKER, KEY_BYTES);
  at = record.writeUInt8((state.up ? UP : 0) | (state.checked ? CHECKED : 0) | flag, at);
  at = record.writeInt32LE(Math.max(-(2 ** 31), Math.min(value, 2 ** 31 - 1)), at);
  at = record.writeUInt32LE(state.retries >>> 0, at);
  at = record.writeUInt32LE(state.failuresInRow >>> 0, at);
  at = record.writeUInt16LE(Math.min(state.url, NO_URL - 1), at);
  at = record.writeUInt16LE(Math.min(state.failedUrl ?? NO_URL, NO_URL), at);
  return record.subarray(0, at + record.write(state.lastError, at, 'utf8'));
}

/** Reads what `encodeChecker` wrote; undefined for anything else. */
export function decodeChecker(record: Buffer): SavedChecker | undefined {
  if (record.length < FIXED_BYTES || record.readUInt8(KEY_BYTES) !== KIND_CHECKER) return undefined;
  const flags = record.readUInt8(KEY_BYTES + 1);
  const value = record.readInt32LE(KEY_BYTES + 2);
  const failedUrl = record.readUInt16LE(KEY_BYTES + 16);
  return {
    up: (flags & UP) !== 0,
    checked: (flags & CHECKED) !== 0,
    retries: record.readUInt32LE(KEY_BYTES + 6),
    failuresInRow: record.readUInt32LE(KEY_BYTES + 10),
    url: record.readUInt16LE(KEY_BYTES + 14),
    ...(failedUrl === NO_URL ? {} : { failedUrl }),
    ...((flags & WEIGHT_SET) !== 0 ? { weight: { set: value } } : {}),
    ...((flags & WEIGHT_ADD) !== 0 ? { weight: { add: value } } : {}),
    lastError: record.toString('utf8', FIXED_BYTES),
  };
}

const differs = (before: CheckerState, state: CheckerState): boolean =>
  before.up !== state.up ||
  before.checked !== state.checked ||
  before.retries !== state.retries ||
  before.failedUrl !== state.failedUrl ||
  before.weight !== state.weight ||
  // Between verdicts a url is as good as any other; while down the round begins anew without it.
  (!state.up && before.url !== state.url);

/** The records of one run directory. A file that cannot be had costs the memory of verdicts, nothing else; it is said once. */
export class FileResumeRecord implements ResumeRecord {
  readonly #logger: Logger;
  readonly #path: string;
  #file: ResumeFile | undefined;
  /** Slot by key. */
  readonly #slots = new Map<string, number>();
  readonly #found = new Map<string, Buffer>();
  readonly #free: number[] = [];
  #next = 0;

  constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
    try {
      this.#file = new ResumeFile(path, RECORD_BYTES);
      for (const [slot, record] of this.#file.records()) this.#takeOver(slot, record);
    } catch (error) {
      this.#giveUp(error);
    }
  }

  #takeOver(slot: number, record: Buffer): void {
    if (record.length <= KEY_BYTES) return;
    const key = record.toString('base64', 0, KEY_BYTES);
    while (this.#next < slot) this.#free.push(this.#next++);
    this.#next = slot + 1;
    this.#slots.set(key, slot);
    this.#found.set(key, Buffer.from(record));
  }

  /** Something was left by a predecessor. */
  get resumes(): boolean {
    return this.#found.size > 0;
  }

  checker(key: string): SavedChecker | undefined {
    const record = this.#found.get(shortKey(key).toString('base64'));
    return record === undefined ? undefined : decodeChecker(record);
  }

  saveChecker(key: string, before: CheckerState, state: CheckerState): void {
    if (differs(before, state)) this.#write(encodeChecker(key, state));
  }

  forgetChecker(key: string): void {
    this.#clear(key);
  }

  quorum(name: string): boolean | undefined {
    const record = this.#found.get(shortKey(`quorum ${name}`).toString('base64'));
    if (record === undefined || record.readUInt8(KEY_BYTES) !== KIND_QUORUM) return undefined;
    return record.readUInt8(KEY_BYTES + 1) === 1;
  }

  saveQuorum(name: string, up: boolean): void {
    const key = `quorum ${name}`;
    this.#write(Buffer.concat([shortKey(key), Buffer.from([KIND_QUORUM, up ? 1 : 0])]));
  }

  forgetQuorum(name: string): void {
    this.#clear(`quorum ${name}`);
  }

  mark(name: string): number | undefined {
    const record = this.#found.get(shortKey(`mark ${name}`).toString('base64'));
    if (record === undefined || record.length < KEY_BYTES + 5 || record.readUInt8(KEY_BYTES) !== KIND_MARK) {
      return undefined;
    }
    return record.readUInt32LE(KEY_BYTES + 1);
  }

  saveMark(name: string, mark: number): void {
    const value = Buffer.alloc(5);
    value.writeUInt32LE(mark, value.writeUInt8(KIND_MARK, 0));
    this.#write(Buffer.concat([shortKey(`mark ${name}`), value]));
  }

  forgetMark(name: string): void {
    this.#clear(`mark ${name}`);
  }

  /** The first configuration is in force: what it did not ask for is of no use any more. */
  settle(): void {
    this.#found.clear();
  }

  /** Leaves the records for a successor, or (after an orderly stop) nothing. */
  close(keep: boolean): void {
    this.#file?.close();
    this.#file = undefined;
    if (!keep) rmSync(this.#path, { force: true });
  }

  #write(record: Buffer): void {
    if (this.#file === undefined) return;
    const short = record.toString('base64', 0, KEY_BYTES);
    let slot = this.#slots.get(short);
    if (slot === undefined) {
      slot = this.#free.pop() ?? this.#next++;
      this.#slots.set(short, slot);
    }
    this.#attempt((file) => file.write(slot, record));
  }

  #clear(key: string): void {
    const short = shortKey(key).toString('base64');
    const slot = this.#slots.get(short);
    if (slot === undefined) return;
    this.#slots.delete(short);
    this.#free.push(slot);
    this.#attempt((file) => file.clear(slot));
  }

  #attempt(action: (file: ResumeFile) => void): void {
    if (this.#file === undefined) return;
    try {
      action(this.#file);
    } catch (error) {
      this.#giveUp(error);
    }
  }

  #giveUp(error: unknown): void {
    this.#file?.close();
    this.#file = undefined;
    const reason = error instanceof Error ? error.message : String(error);
    this.#logger.warn(`${this.#path} cannot be used, so verdicts would not survive a crash of this process: ${reason}`);
  }
}
