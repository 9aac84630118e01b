/** How the process wants to be scheduled. Pure. */
import type { SchedulingConfig } from '../shared/config/scheduling.js';
import { type Micros, micros, seconds } from '../shared/time/duration.js';
import type { BfdConfig } from './config/model.js';

/** Below this interval a busy machine is a reason for the other end to take a session down. */
const REALTIME_BELOW = seconds(1);
/** As vrrpd: above every ordinary process, below the kernel's own threads and whatever an operator ranks by hand. */
const AUTOMATIC_PRIORITY = 10;

/** The shortest interval any session sends or expects packets in; undefined without sessions. */
function shortestInterval({ instances }: BfdConfig): Micros | undefined {
  const intervals = instances.flatMap(({ settings }) => [settings.minTx, settings.minRx]);
  return intervals.length === 0 ? undefined : micros(Math.min(...intervals));
}

/** What is configured, and the SCHED_RR priority that the intervals call for where nobody decided otherwise. */
export function wantedScheduling(config: BfdConfig): {
  readonly wanted: SchedulingConfig;
  /** The priority is our own idea. */
  readonly automatic: boolean;
} {
  const { scheduling, automaticPriority } = config;
  const shortest = shortestInterval(config);
  const highest = automaticPriority.highest ?? AUTOMATIC_PRIORITY;
  const decided = scheduling.realtimePriority !== undefined || scheduling.nice !== undefined;
  if (decided || shortest === undefined || shortest >= REALTIME_BELOW || highest < 1) {
    return { wanted: scheduling, automatic: false };
  }
  return {
    wanted: { ...scheduling, realtimePriority: Math.min(highest, AUTOMATIC_PRIORITY) },
    automatic: true,
  };
}
