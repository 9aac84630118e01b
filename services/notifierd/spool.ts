/**
 * One file per running script in `<state-dir>/notifications.running/`: proof that it was begun, and its output.
 *
 * This is what makes "exactly once" true across SIGKILL. A script goes through a gate: its launcher waits until the file
 * names its process, then writes `started` into the file, then becomes the script. So after a crash
 * - a file without `started`, whose process is gone: the script never ran and is run again;
 * - a file with `started`: it ran or still runs. It is waited for, never run again.
 * Scripts write their output into the same file, so they do not notice when we die.
 */

import { createHash } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { processBirth } from '../shared/script/processGroup.js';
import { OUTPUT_TAIL_BYTES } from '../shared/script/run.js';
import { printableTail } from '../shared/script/tail.js';

const STARTED = 'started\n';
/** A script that writes more has the older part of its output cut off, for it must not fill the disk. */
const OUTPUT_LIMIT_BYTES = 1024 * 1024;
const OUTPUT_POLL_MS = 500;

/** The first line of a spool file. */
interface Header {
  readonly job: string;
  readonly pid: number;
  readonly birth: string;
  /** Wall-clock milliseconds, to know how much of its time the script has used. */
  readonly at: number;
}

/** The file of a script about to run. */
export interface SpoolEntry {
  /** Open for appending: receipt and output. */
  readonly fd: number;
  /** Writes who runs it; throws when the disk is full. */
  name(pid: number): void;
  /** The last bytes the script wrote. */
  readTail(): string;
  /** Closes the file; it stays for a successor. */
  leave(): void;
  /** Closes and removes the file: the journal knows the end. */
  remove(): void;
}

/** A script that a predecessor began, or was about to. */
export interface LeftScript {
  readonly job: string;
  readonly pid: number;
  /** Wall-clock time at which it was begun. */
  readonly at: Date;
  /** Whether its process is still there. */
  alive(): boolean;
  /** Whether it ever began; certain once `alive` is false. */
  started(): boolean;
  readTail(): string;
  remove(): void;
}

export class Spool {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the file for a job. Throws what the file system throws. */
  begin(job: string): SpoolEntry {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const path = join(this.#folder, createHash('sha256').update(job).digest('hex').slice(0, 32));
    const fd = openSync(path, 'a+', 0o600);
    ftruncateSync(fd, 0);
    return new OpenEntry(path, fd, job);
  }

  /** What a predecessor left behind. Files that say nothing are removed. Throws when the directory cannot be read. */
  left(): LeftScript[] {
    let names: string[];
    try {
      names = readdirSync(this.#folder);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw error;
    }
    return names.flatMap((name) => {
      const path = join(this.#folder, name);
      const header = readHeader(path);
      if (header !== undefined) return [leftScript(path, header)];
      unlinkSync(path);
      return [];
    });
  }
}

class OpenEntry implements SpoolEntry {
  readonly fd: number;
  readonly #path: string;
  readonly #job: string;
  #start = 0;
  #open = true;
  readonly #poll: NodeJS.Timeout;
  /** End of the output that was cut off. */
  #cutOff: Uint8Array = new Uint8Array();

  constructor(path: string, fd: number, job: string) {
    this.#path = path;
    this.fd = fd;
    this.#job = job;
    this.#poll = setInterval(() => this.#limit(), OUTPUT_POLL_MS).unref();
  }

  name(pid: number): void {
    const birth = processBirth(pid);
    const header = { job: this.#job, pid, birth: birth ?? '', at: Date.now() } satisfies Header;
    const line = `${JSON.stringify(header)}\n`;
    writeSync(this.fd, line);
    this.#start = Buffer.byteLength(line) + STARTED.length;
  }

  readTail(): string {
    const size = fstatSync(this.fd).size;
    const bytes = Buffer.concat([this.#cutOff, readRange(this.fd, this.#start, size)]);
    return printableTail(bytes.subarray(Math.max(0, bytes.length - OUTPUT_TAIL_BYTES)));
  }

  leave(): void {
    if (!this.#open) return;
    this.#open = false;
    clearInterval(this.#poll);
    closeSync(this.fd);
  }

  remove(): void {
    this.leave();
    removeFile(this.#path);
  }

  #limit(): void {
    const size = fstatSync(this.fd).size;
    if (this.#start === 0 || size < OUTPUT_LIMIT_BYTES) return;
    this.#cutOff = readRange(this.fd, this.#start, size);
    // Those who append go on at the new end.
    ftruncateSync(this.fd, this.#start);
  }
}

/** The last bytes of a file between `start` and `end`. */
function readRange(fd: number, start: number, end: number): Buffer {
  const from = Math.max(start, end - OUTPUT_TAIL_BYTES);
  const buffer = Buffer.alloc(Math.max(0, end - from));
  return buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, from));
}

function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // On a read-only disk the file stays; the journal knows that its job is done.
  }
}

function readHeader(path: string): Header | undefined {
  try {
    const [line] = readFileSync(path, 'utf8').split('\n', 1);
    const fields: unknown = JSON.parse(line ?? '');
    if (typeof fields !== 'object' || fields === null) return undefined;
    const { job, pid, birth, at } = fields as Record<string, unknown>;
    if (typeof job !== 'string' || typeof pid !== 'number' || typeof birth !== 'string' || typeof at !== 'number')
      return undefined;
    return { job, pid, birth, at };
  } catch {
    return undefined;
  }
}

function leftScript(path: string, { job, pid, birth, at }: Header): LeftScript {
  const body = (): string => {
    const text = readFileSync(path, 'utf8');
    return text.slice(text.indexOf('\n') + 1);
  };
  return {
    job,
    pid,
    at: new Date(at),
    alive: () => birth !== '' && processBirth(pid) === birth,
    started: () => body().startsWith(STARTED),
    readTail: () => printableTail(Buffer.from(body().slice(STARTED.length)).subarray(-OUTPUT_TAIL_BYTES)),
    remove: () => removeFile(path),
  };
}
