/** Process groups of scripts: ending them, and telling whether a process is still the one that was started. */
import { readFileSync } from 'node:fs';

/** Signals a whole process group. False when there is nobody left, or nobody we may signal. */
export function signalGroup(pgid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(-pgid, signal);
  } catch {
    return false;
  }
}

/** Whether anybody is left in a process group. */
export function groupAlive(pgid: number): boolean {
  try {
    return process.kill(-pgid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * A process for ever: its id may be used again, id plus start time (clock ticks after boot, field 22 of
 * /proc/<pid>/stat) plus the boot is not. Undefined when there is no such process, or only its zombie.
 */
export function processBirth(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command (field 2) may contain anything, even brackets: what counts follows the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state] = fields;
    if (state === 'Z' || state === 'X') return undefined;
    return `${fields[19]}@${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}`;
  } catch {
    return undefined;
  }
}
