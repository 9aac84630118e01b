import { execFile } from 'node:child_process';
import { chownSync, closeSync, constants, fstatSync, lstatSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Logger } from '../shared/log/logger.js';
import type { ScriptIdentity } from '../shared/script/identity.js';

const run = promisify(execFile);

/** How long a line waits for a reader that has let the pipe fill up. Then it is lost, as in keepalived at once. */
export const FIFO_PATIENCE_MS = 10_000;
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 500;

const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);

/**
 * A named pipe that lines are written to. It is opened for reading too, as keepalived does: without a reader nothing
 * blocks and nothing breaks, lines wait in the pipe (64 KiB) for one to come.
 */
export class Fifo {
  readonly path: string;
  readonly #fd: number;
  readonly #made: boolean;
  readonly #log: Logger;
  readonly #patienceMs: number;
  /** The last line found no room: the next ones do not wait either, until one goes through. */
  #stalled = false;
  #lost = 0;
  #closed = false;

  private constructor(path: string, fd: number, made: boolean, log: Logger, patienceMs: number) {
    this.path = path;
    this.#fd = fd;
    this.#made = made;
    this.#log = log;
    this.#patienceMs = patienceMs;
  }

  /** Opens the FIFO, making it (mode 0600, of `owner`) when it is not there. Throws an Error that says what to do. */
  static async open(path: string, owner: ScriptIdentity, log: Logger, patienceMs = FIFO_PATIENCE_MS): Promise<Fifo> {
    const made = await make(path, owner);
    let fd: number;
    try {
      // O_NOFOLLOW: a link put there by somebody else would have us write elsewhere.
      fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    } catch (error) {
      throw new Error(`FIFO ${path} cannot be opened: ${errorCode(error)}`);
    }
    if (!fstatSync(fd).isFIFO()) {
      closeSync(fd);
      throw new Error(`${path} is not a FIFO: remove it, or name another path`);
    }
    return new Fifo(path, fd, made, log, patienceMs);
  }

  /** Lines that found no room since the FIFO was opened. */
  get lost(): number {
    return this.#lost;
  }

  /** Writes lines, each with its newline, whole and in order. Undefined when all went through, else why not. */
  async write(lines: readonly string[]): Promise<string | undefined> {
    let lost = 0;
    let reason = '';
    for (const line of lines) {
      const failure = await this.#writeLine(Buffer.from(`${line}\n`));
      if (failure === undefined) continue;
      lost++;
      reason = failure;
    }
    this.#lost += lost;
    return lost === 0 ? undefined : `${lost} of ${lines.length} lines lost: ${reason}`;
  }

  /** Closes it, and removes it when we made it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
    if (!this.#made) return;
    try {
      unlinkSync(this.path);
    } catch (error) {
      this.#log.warn(`FIFO ${this.path} cannot be removed: ${errorCode(error)}`);
    }
  }

  async #writeLine(bytes: Buffer): Promise<string | undefined> {
    let done = 0;
    let waited = 0;
    let pause = FIRST_PAUSE_MS;
    while (!this.#closed) {
      try {
        // Up to PIPE_BUF (4096) bytes go whole or not at all (pipe(7)).
        done += writeSync(this.#fd, bytes, done);
        if (done < bytes.length) continue;
        if (this.#stalled) this.#log.info(`FIFO ${this.path}: its reader reads again`);
        this.#stalled = false;
        return undefined;
      } catch (error) {
        if (errorCode(error) !== 'EAGAIN') return errorCode(error);
      }
      // A line that is half in the pipe has to be ended, or the next one would be read as its rest.
      if (done === 0 && (this.#stalled || waited >= this.#patienceMs)) {
        if (!this.#stalled)
          this.#log.warn(`FIFO ${this.path} is full, nobody reads it: lines are lost until somebody does`);
        this.#stalled = true;
        return 'the FIFO is full, nobody reads it';
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
      waited += pause;
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    }
    return 'the FIFO was closed';
  }
}

/** Makes the FIFO; false when it is there. */
async function make(path: string, owner: ScriptIdentity): Promise<boolean> {
  try {
    if (!lstatSync(path).isFIFO()) throw new Error(`${path} exists and is not a FIFO: remove it, or name another path`);
    return false;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  try {
    await run('mkfifo', ['-m', '0600', '--', path], { timeout: 5000 });
    if (process.getuid?.() === 0) chownSync(path, owner.uid, owner.gid);
    return true;
  } catch (error) {
    const text = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    throw new Error(`FIFO ${path} cannot be made: ${text === '' ? errorCode(error) : text}`);
  }
}
