import { acquireLock, type PidLock } from '../shared/kernel/pidLock.js';
import { watchProcess } from '../shared/kernel/process.js';
import { processExists, readPidFile } from '../shared/rpc/pidFile.js';

/** The right to speak for the virtual routers of a run directory: one process has it, whoever else runs. */
export interface SpeakerRight {
  /** Takes it, or tells the process that has it (undefined while that is not known). Throws the file system's error. */
  take(): { readonly ok: true } | { readonly ok: false; readonly heldBy: number | undefined };
  release(): void;
  /** The process that speaks, as far as can be told without taking the right. */
  holder(): number | undefined;
  /** Calls once when that process has ended, at once when it has already; returns how to stop watching. */
  watch(pid: number, onGone: () => void): () => void;
}

/**
 * A lock file (flock(2)): the kernel gives it up the moment its holder dies, and not before, so that a process that hangs
 * still has it until it is killed. The holder's own descriptor is closed on exec, so no child keeps it.
 */
export class SpeakerLock implements SpeakerRight {
  readonly #path: string;
  /** Pid file of the process that serves: a release that knows no lock speaks without one. */
  readonly #servingPidFile: string;
  readonly #onError: (error: Error) => void;
  #lock: PidLock | undefined;

  constructor(path: string, servingPidFile: string, onError: (error: Error) => void) {
    this.#path = path;
    this.#servingPidFile = servingPidFile;
    this.#onError = onError;
  }

  take(): ReturnType<SpeakerRight['take']> {
    if (this.#lock !== undefined) return { ok: true };
    const result = acquireLock(this.#path, 0o600);
    if (!result.ok) return result;
    this.#lock = result.lock;
    return { ok: true };
  }

  release(): void {
    this.#lock?.release();
    this.#lock = undefined;
  }

  holder(): number | undefined {
    for (const file of [this.#path, this.#servingPidFile]) {
      const pid = readPidFile(file);
      if (pid !== undefined && pid !== process.pid && processExists(pid)) return pid;
    }
    return undefined;
  }

  watch(pid: number, onGone: () => void): () => void {
    try {
      return watchProcess(pid, onGone, this.#onError);
    } catch {
      // ESRCH: gone between the look and the watch.
      const timer = setImmediate(onGone);
      return () => clearImmediate(timer);
    }
  }
}
