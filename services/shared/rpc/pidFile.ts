/** Process id files: written whole or not at all, removed only by the process they name. */
import { closeSync, constants, openSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';

/** Writes the id of this process (or `pid`) to `path`. Throws when the directory cannot be written. */
export function writePidFile(path: string, pid: number = process.pid, mode = 0o600): void {
  const temporary = `${path}.${process.pid}.new`;
  writeFileSync(temporary, `${pid}\n`, { mode });
  renameSync(temporary, path);
}

/** The process id in a file; undefined when there is no such file or no number in it. */
export function readPidFile(path: string): number | undefined {
  let fd: number | undefined;
  try {
    // Services write theirs as users of their own: a FIFO in its place must not stop whoever reads.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const pid = Number(readFileSync(fd, 'utf8').trim());
    return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    // No file, or one that is not ours to read: either way there is no process to learn about.
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Removes the file if it still names `pid`. */
export function removePidFile(path: string, pid: number = process.pid): void {
  if (readPidFile(path) === pid) removeIfThere(path);
}

/** Removes a file that may be gone already. */
export function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Whether a process of that id exists (zombies count). */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
