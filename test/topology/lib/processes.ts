import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** One process as /proc tells it; pids are those of the test's own pid namespace. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  readonly argv: readonly string[];
}

function inspect(pid: number): ProcessInfo | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name stands in parentheses and may contain anything; the fields that count follow the last one.
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
    return { pid, parent: Number(parent), argv };
  } catch {
    return undefined; // ended while we looked
  }
}

/** All living processes (zombies are dead), those of the given pid namespace only when its link text is given. */
export function listProcesses(pidNamespace?: string): ProcessInfo[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => pidNamespace === undefined || namespaceOf(Number(name), 'pid') === pidNamespace)
    .flatMap((name) => inspect(Number(name)) ?? []);
}

/** Pids of the living children of a process. */
export function childrenOf(pid: number): number[] {
  return listProcesses()
    .filter((process) => process.parent === pid)
    .map((process) => process.pid);
}

/** The name of a process's namespace, `net:[4026531840]`, or undefined when the process is gone. */
export function namespaceOf(pid: number, kind: 'net' | 'pid' | 'mnt'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`);
  } catch {
    return undefined;
  }
}

/**
 * Keeps a namespace's number from being given to another one: the kernel uses that of a namespace that is gone again at once.
 * Returns what lets it go.
 */
export function pinNamespace(pid: number, kind: 'net' | 'pid' | 'mnt'): () => void {
  try {
    const fd = openSync(`/proc/${pid}/ns/${kind}`, 'r');
    return () => closeSync(fd);
  } catch {
    return () => undefined; // gone with its process
  }
}

/** Private dirty memory of a process in kB (`smaps_rollup`): what it costs beyond pages shared or backed by files. */
export function privateDirtyKb(pid: number): number {
  const match = /^Private_Dirty:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
  if (!match) throw new Error(`no Private_Dirty in /proc/${pid}/smaps_rollup`);
  return Number(match[1]);
}

/** Sends a signal, unless the process is gone. */
export function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
