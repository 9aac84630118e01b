/** Carries out how a process is to be scheduled. Each wish by itself: one that fails does not keep the others back. */
import { readdirSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';
import { KernelError } from './kernelError.js';
import {
  clearRealtimePriority,
  getAffinity,
  getResourceLimit,
  isRealtime,
  setAffinity,
  setRealtimePriority,
  setResourceLimit,
} from './process.js';
import { readProcessName, setProcessName } from './processName.js';

/** What is wanted; absent = as the process was started. */
export interface ProcessScheduling {
  /** SCHED_RR priority of the main thread, 1..99; the other threads get one less. */
  readonly realtimePriority?: number;
  /** RLIMIT_RTTIME in microseconds. */
  readonly realtimeLimit?: number;
  /** Nice value of all threads. */
  readonly nice?: number;
  /** CPUs that all threads may use. */
  readonly cpus?: readonly number[];
  readonly noSwap?: boolean;
  /** What tools show as the command of the process. */
  readonly name?: string;
}

/** A collection of V8 or the compilation of a large function takes some ten milliseconds: less would end a healthy process. */
const LEAST_REALTIME_LIMIT = 1_000_000;

/** How the process was started, which is what it goes back to. */
interface Original {
  readonly nice: number;
  readonly cpus: readonly number[];
  readonly realtimeLimit: number | undefined;
  readonly name: string;
}

let original: Original | undefined;
let applied: ProcessScheduling = {};

/**
 * Makes `wanted` hold for this process and undoes what an earlier call set and this one does not want.
 * Returns what could not be done, in words that name the keyword: `prefix` is `vrrp`, `checker` or `bfd`.
 */
export function applyScheduling(prefix: string, wanted: ProcessScheduling): string[] {
  const nothing = Object.keys(wanted).length === 0 && Object.keys(applied).length === 0;
  // A process of which nothing is wanted does not even load the native library.
  if (nothing) return [];
  original ??= {
    nice: getPriority(),
    cpus: getAffinity(),
    realtimeLimit: getResourceLimit('rttime').soft,
    name: readProcessName(),
  };
  const start = original;
  const problems: string[] = [];
  const attempt = (keyword: string, hint: string, action: () => void): void => {
    try {
      action();
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      problems.push(`${prefix}_${keyword}: ${detail}. ${hint}`);
    }
  };
  if (wanted.name !== undefined || applied.name !== undefined) {
    attempt('process_name', 'The process keeps its name', () => setProcessName(wanted.name ?? start.name));
  }
  if (wanted.cpus !== undefined || applied.cpus !== undefined) {
    const cpus = wanted.cpus ?? start.cpus;
    attempt('cpu_affinity', `This machine has the CPUs ${start.cpus.join(' ')}`, () => {
      for (const thread of threads()) setAffinity(thread, cpus);
    });
  }
  if (wanted.nice !== undefined || applied.nice !== undefined) {
    attempt('priority', 'Grant CAP_SYS_NICE for negative values', () => setNice(wanted.nice ?? start.nice));
  }
  if (wanted.realtimeLimit !== undefined || applied.realtimeLimit !== undefined) {
    attempt('rlimit_rttime', 'Raise RLIMIT_RTTIME where the service is started', () => {
      const { hard } = getResourceLimit('rttime');
      setResourceLimit('rttime', { soft: leastLimit(wanted.realtimeLimit) ?? start.realtimeLimit, hard });
    });
    if (wanted.realtimeLimit !== undefined && wanted.realtimeLimit < LEAST_REALTIME_LIMIT) {
      problems.push(
        `${prefix}_rlimit_rttime: ${wanted.realtimeLimit} is taken as ${LEAST_REALTIME_LIMIT}: garbage collection alone would exceed less`,
      );
    }
  }
  attempt('rt_priority', 'Grant CAP_SYS_NICE or RLIMIT_RTPRIO, or remove the keyword', () => {
    if (wanted.realtimePriority !== undefined) raise(wanted.realtimePriority);
    else if (applied.realtimePriority !== undefined && isRealtime()) lower();
  });
  if (wanted.noSwap === true) {
    problems.push(
      `${prefix}_no_swap: memory cannot be locked, since V8 ends when the kernel refuses to take locked pages back. Forbid swap from outside: MemorySwapMax=0 in the systemd unit, memory.swap.max of the control group`,
    );
  }
  applied = wanted;
  return problems;
}

const leastLimit = (limit: number | undefined): number | undefined =>
  limit === undefined ? undefined : Math.max(limit, LEAST_REALTIME_LIMIT);

/** The kernel keeps nice values and CPU sets per thread. */
function threads(): number[] {
  return readdirSync('/proc/self/task').map(Number);
}

/**
 * The main thread waits for V8's own threads in every collection: as ordinary ones they would wait for the processor, and it
 * with them. They stay below it, so that it never waits for what they do beforehand.
 */
function raise(priority: number): void {
  setRealtimePriority(priority);
  forHelpers((thread) => setRealtimePriority(Math.max(1, priority - 1), thread));
}

function lower(): void {
  clearRealtimePriority();
  forHelpers(clearRealtimePriority);
}

/** All threads but the main one. A thread that ends meanwhile needs nothing. */
function forHelpers(act: (thread: number) => void): void {
  for (const thread of threads()) {
    if (thread === process.pid) continue;
    try {
      act(thread);
    } catch (error) {
      if (!(error instanceof KernelError && error.code === 'ESRCH')) throw error;
    }
  }
}

function setNice(value: number): void {
  const { PRIORITY_HIGHEST, PRIORITY_LOW } = constants.priority;
  for (const thread of threads()) setPriority(thread, Math.min(PRIORITY_LOW, Math.max(PRIORITY_HIGHEST, value)));
}
