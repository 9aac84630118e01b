/**
 * The sign of life of a service: a file beside its socket into which it writes the time, twice a second. Whoever watches a
 * service on the same machine reads that instead of being sent heartbeats, which cost both sides a hundred times as much.
 *
 * ```
 *  0 incarnation (36 characters) | 40 CLOCK_MONOTONIC, microseconds (double, little endian) | 48
 * ```
 */
import { closeSync, constants, fstatSync, openSync, readSync, renameSync, statSync, writeSync } from 'node:fs';
import type { Logger } from '../log/logger.js';
import type { Clock } from '../time/clock.js';
import { elapsed, type Instant, instant, millis } from '../time/duration.js';
import { removeIfThere } from './pidFile.js';

/** How often a service shows that its loop runs: by its pulse, or by heartbeats to those who cannot read that. */
export const BEAT_INTERVAL_MS = 500;
const INCARNATION_BYTES = 36;
const TIME_OFFSET = 40;
const FILE_BYTES = 48;
const TIME_BYTES = 8;
/** Clocks of one machine agree; those of time namespaces (time_namespaces(7)) do not. */
const PLAUSIBLE = millis(2 * BEAT_INTERVAL_MS);

/** Where the service that listens at `socket` has its pulse. */
export const pulsePath = (socket: string): string => `${socket.replace(/\.sock$/, '')}.pulse`;

/** The writing side. A file that cannot be written is logged, nothing more: {@link beats} tells it. */
export class Pulse {
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Called when the file cannot be written any more. */
  readonly #onLost: () => void;
  readonly #time = Buffer.alloc(TIME_BYTES);
  #path: string;
  #fd: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Makes the file (mode 0600), in place of that of a dead process, and begins. */
  constructor(path: string, incarnation: string, clock: Clock, logger: Logger, onLost: () => void) {
    this.#path = path;
    this.#clock = clock;
    this.#logger = logger;
    this.#onLost = onLost;
    const temporary = `${path}.${process.pid}.new`;
    try {
      removeIfThere(temporary);
      const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
      this.#fd = openSync(temporary, flags, 0o600);
      const bytes = Buffer.alloc(FILE_BYTES);
      bytes.write(incarnation, 0, INCARNATION_BYTES, 'latin1');
      bytes.writeDoubleLE(clock.now(), TIME_OFFSET);
      writeSync(this.#fd, bytes, 0, FILE_BYTES, 0);
      renameSync(temporary, path);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#timer = setInterval(() => this.#beat(), BEAT_INTERVAL_MS).unref();
  }

  /** Whoever reads the file sees that this process lives. */
  get beats(): boolean {
    return this.#fd !== undefined;
  }

  /** Has the file under another name, in place of what is there. */
  moveTo(path: string): void {
    if (this.#fd === undefined) return;
    renameSync(this.#path, path);
    this.#path = path;
  }

  /** Ends and removes the file. */
  close(): void {
    if (this.#fd === undefined) return;
    // Only ours: a successor may have put its own there.
    const there = statSync(this.#path, { throwIfNoEntry: false });
    if (there?.ino === fstatSync(this.#fd).ino) removeIfThere(this.#path);
    this.#end();
  }

  #beat(): void {
    if (this.#fd === undefined) return;
    this.#time.writeDoubleLE(this.#clock.now(), 0);
    try {
      writeSync(this.#fd, this.#time, 0, TIME_BYTES, TIME_OFFSET);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#logger.warn({ err: error, file: this.#path }, 'the sign of life cannot be written: heartbeats go instead');
    this.#end();
    this.#onLost();
  }

  #end(): void {
    clearInterval(this.#timer);
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/** The reading side. */
export class PulseReader {
  readonly #fd: number;
  readonly #time = Buffer.alloc(TIME_BYTES);
  #last = 0;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Opens the pulse of a service, which has to be that `incarnation`; undefined when there is none. */
  static open(path: string, incarnation: string): PulseReader | undefined {
    let fd: number | undefined;
    try {
      // Services write theirs as users of their own: whatever else is in its place must not stop or mislead whoever reads.
      fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
      const bytes = Buffer.alloc(FILE_BYTES);
      const whole = fstatSync(fd).isFile() && readSync(fd, bytes, 0, FILE_BYTES, 0) === FILE_BYTES;
      if (whole && bytes.toString('latin1', 0, INCARNATION_BYTES) === incarnation) return new PulseReader(fd);
    } catch {
      // No file, or not ours to read: a service of an earlier version, or one that could not write it.
    }
    if (fd !== undefined) closeSync(fd);
    return undefined;
  }

  /** When the service's loop last ran, if that is news since the last call. */
  news(now: Instant): Instant | undefined {
    try {
      if (readSync(this.#fd, this.#time, 0, TIME_BYTES, TIME_OFFSET) !== TIME_BYTES) return undefined;
    } catch {
      return undefined;
    }
    const time = this.#time.readDoubleLE(0);
    if (time === this.#last) return undefined;
    this.#last = time;
    // That it changed is what counts.
    return Math.abs(elapsed(instant(time), now)) <= PLAUSIBLE ? instant(Math.min(time, now)) : now;
  }

  close(): void {
    closeSync(this.#fd);
  }
}
