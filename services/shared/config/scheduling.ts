/** `global_defs`: how the process of a service is scheduled. The same keywords for each, under its own prefix. */
import { type Micros, micros } from '../time/duration.js';
import {
  BFD_SCHEDULING,
  CHECKER_SCHEDULING,
  MAX_AUTO_PRIORITY,
  MIN_AUTO_PRIORITY_DELAY,
  PROCESS_NAME,
  PROCESS_NAMES,
  type SchedulingKeywords,
  VRRP_SCHEDULING,
} from './globals/process.js';
import type { Block } from './readBlock.js';

/** What is configured for a process; absent = as it was started. */
export interface SchedulingConfig {
  /** SCHED_RR priority, 1..99. */
  readonly realtimePriority?: number;
  /** CPU time between two blocking calls under SCHED_RR after which the kernel ends the process (RLIMIT_RTTIME). */
  readonly realtimeLimit?: Micros;
  /** Nice value, -20..19. */
  readonly nice?: number;
  /** CPUs it may run on. */
  readonly cpus?: readonly number[];
  /** Memory that is never swapped out. */
  readonly noSwap?: boolean;
  /** What tools show as the command of the process. */
  readonly name?: string;
}

/** Limits of what a service may do about its priority by itself. */
export interface AutomaticPriority {
  /** Highest SCHED_RR priority it may take; 0: none. */
  readonly highest?: number;
  /** How late it must be before it takes one although the intervals do not call for it. */
  readonly lateness?: Micros;
}

const KEYWORDS: Readonly<Record<'vrrp' | 'checker' | 'bfd', SchedulingKeywords>> = {
  bfd: BFD_SCHEDULING,
  vrrp: VRRP_SCHEDULING,
  checker: CHECKER_SCHEDULING,
};

/** Reads `vrrp_rt_priority` and its kin, or `checker_…`, `bfd_…`. */
export function readScheduling(globals: Block, prefix: keyof typeof KEYWORDS): SchedulingConfig {
  const keywords = KEYWORDS[prefix];
  const realtimePriority = globals.last(keywords.realtimePriority)?.values[0];
  const limit = globals.last(keywords.realtimeLimit)?.values[0];
  const nice = globals.last(keywords.nice)?.values[0];
  const cpus = globals.last(keywords.cpuAffinity)?.values[0];
  return {
    ...(realtimePriority === undefined ? {} : { realtimePriority }),
    ...(limit === undefined ? {} : { realtimeLimit: micros(limit) }),
    ...(nice === undefined ? {} : { nice }),
    ...(cpus === undefined ? {} : { cpus: [...new Set(cpus)].sort((a, b) => a - b) }),
    ...(globals.has(keywords.noSwap) ? { noSwap: true } : {}),
    ...named(readProcessName(globals, prefix)),
  };
}

const named = (name: string | undefined): Pick<SchedulingConfig, 'name'> => (name === undefined ? {} : { name });

/** What `process_names` calls the processes. */
const KEEPALIVED_NAMES: Readonly<Record<keyof typeof PROCESS_NAME, string>> = {
  main: 'keepalived',
  vrrp: 'keepalived_vrrp',
  checker: 'keepalived_ipvs',
  bfd: 'keepalived_bfd',
};

/** Reads `process_name` and its kin; `main`: that of the supervisor. */
export const readProcessName = (globals: Block, whose: keyof typeof PROCESS_NAME): string | undefined =>
  globals.last(PROCESS_NAME[whose])?.values[0] ?? (globals.has(PROCESS_NAMES) ? KEEPALIVED_NAMES[whose] : undefined);

/** The SCHED_RR priorities there are. */
const HIGHEST_PRIORITY = 99;

/** Reads `max_auto_priority` and `min_auto_priority_delay`. */
export function readAutomaticPriority(globals: Block): AutomaticPriority {
  const found = globals.last(MAX_AUTO_PRIORITY);
  const lateness = globals.last(MIN_AUTO_PRIORITY_DELAY)?.values[0];
  return {
    // Without a number: as high as there is; -1 is keepalived's word for "none, and do not warn".
    ...(found === undefined ? {} : { highest: Math.max(0, found.values[0] ?? HIGHEST_PRIORITY) }),
    ...(lateness === undefined ? {} : { lateness: micros(lateness) }),
  };
}
