/** The lock on a state directory: two notifiers on one journal would each tell what the other has told. */
import { closeSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { processBirth } from '../shared/script/processGroup.js';

export type LockResult =
  | { readonly ok: true; readonly release: () => void }
  /** `holder` is the process id of the living owner. Throws what open throws otherwise. */
  | { readonly ok: false; readonly holder: number };

/**
 * Takes the lock file `path`, a file with the process id and birth of its owner. The lock of a dead process is taken
 * over: a pid that was used again has another birth. Throws what the file system throws.
 */
export function takeLock(path: string): LockResult {
  const text = `${process.pid} ${processBirth(process.pid)}\n`;
  for (;;) {
    try {
      const fd = openSync(path, 'wx', 0o600);
      writeSync(fd, text);
      closeSync(fd);
      return { ok: true, release: () => releaseLock(path, text) };
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const [pid, birth] = readFileSync(path, 'utf8').trim().split(' ');
    if (pid !== undefined && birth !== undefined && processBirth(Number(pid)) === birth) {
      return { ok: false, holder: Number(pid) };
    }
    unlinkSync(path);
  }
}

function releaseLock(path: string, text: string): void {
  try {
    if (readFileSync(path, 'utf8') === text) unlinkSync(path);
  } catch {
    // Gone already, or the directory became read-only: a stale lock is taken over anyway.
  }
}
