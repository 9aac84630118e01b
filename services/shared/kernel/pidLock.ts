import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { ERRNO, kernelError, lastErrno, libc } from './libc.js';

// sys/file.h
const LOCK_EX = 2;
const LOCK_NB = 4;

/** A pid file that is ours until `release` or the end of the process. */
export interface PidLock {
  readonly path: string;
  /** Removes the file and gives the lock up. Safe to call twice. */
  release(): void;
}

/** The lock, or who holds it; the holder is undefined while its file is still empty or unreadable. */
export type PidLockResult =
  | { readonly ok: true; readonly lock: PidLock }
  | { readonly ok: false; readonly heldBy: number | undefined };

/**
 * Takes the lock on a pid file and writes our pid into it; a new file gets `mode` (0644: monitoring may read it).
 *
 * The lock (flock(2)) is what counts, not the file: a file left by a crash is taken over, one held by a living process is
 * not, whatever pid it contains. Throws the file system's error (EACCES, ENOENT of the directory, …) or KernelError.
 */
export function acquireLock(path: string, mode = 0o644): PidLockResult {
  for (;;) {
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, mode);
    let keep = false;
    try {
      if (libc.flock(fd, LOCK_EX | LOCK_NB) < 0) {
        const errno = lastErrno();
        if (errno === ERRNO.EAGAIN) return { ok: false, heldBy: readPid(fd) };
        if (errno !== ERRNO.EINTR) throw kernelError('flock', errno, path);
      } else if (isStillAt(fd, path)) {
        writePid(fd);
        keep = true;
        return { ok: true, lock: new HeldPidLock(path, fd) };
      }
      // Interrupted; or the last holder removed the file between our open and our lock, and nobody would see ours.
    } finally {
      if (!keep) closeSync(fd);
    }
  }
}

class HeldPidLock implements PidLock {
  readonly path: string;
  #fd: number | undefined;

  constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  release(): void {
    const fd = this.#fd;
    if (fd === undefined) return;
    this.#fd = undefined;
    try {
      // Before the lock goes, so that we never remove a successor's file; and not if somebody put another file there.
      if (isStillAt(fd, this.path)) unlinkSync(this.path);
    } finally {
      closeSync(fd);
    }
  }
}

function isStillAt(fd: number, path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  const ours = fstatSync(fd);
  return found !== undefined && found.ino === ours.ino && found.dev === ours.dev;
}

/** The lock counts, not the text: a disk that is full costs the text only. Throws the file system's error otherwise. */
function writePid(fd: number): void {
  try {
    ftruncateSync(fd, 0);
    writeSync(fd, `${process.pid}\n`, 0);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
}

function readPid(fd: number): number | undefined {
  const buffer = Buffer.alloc(32);
  const pid = Number.parseInt(buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, 0)), 10);
  return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
}
