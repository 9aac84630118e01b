/** The part of proc(5) that is read about processes. */
import { readdirSync, readFileSync } from 'node:fs';
import type { ProcessFacts } from './processMatch.js';

/** Where facts about processes come from. */
export interface ProcessTable {
  pids(): readonly number[];
  /** Undefined when there is no such process, or it has ended and only waits for its parent. */
  facts(pid: number): ProcessFacts | undefined;
}

/** The kernel's. */
export const PROCFS: ProcessTable = {
  pids: () => readdirSync('/proc').flatMap((name) => (/^[1-9][0-9]*$/.test(name) ? [Number(name)] : [])),
  facts: (pid) => {
    const stat = read(`/proc/${pid}/stat`);
    if (stat === undefined) return undefined;
    // `pid (comm) state …`; the name may hold brackets and blanks.
    const [open, close] = [stat.indexOf('('), stat.lastIndexOf(')')];
    const state = stat.charAt(close + 2);
    if (state === 'Z' || state === 'X') return undefined;
    return { comm: stat.slice(open + 1, close), cmdline: () => read(`/proc/${pid}/cmdline`) ?? '' };
  },
};

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
