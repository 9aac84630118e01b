import type { SchedulingConfig } from '../shared/config/scheduling.js';
import type { Logger } from '../shared/log/logger.js';
import { formatDuration, type Micros, micros, millis, seconds } from '../shared/time/duration.js';
import type { VrrpConfig } from './config/model.js';

/**
 * Below this advertisement interval a busy machine is a reason to fail over: processes of ordinary priority have been seen
 * to wait half a second for the processor, and a backup gives up after three intervals.
 */
const FAILS_OVER_BELOW = seconds(1);
/**
 * Up to this interval a busy machine is no reason to fail over yet, but one to be late: a takeover, whose code runs for the
 * first time, was 5 ms late where nobody else wanted the processor for less.
 */
const REALTIME_UP_TO = seconds(1);
/** Above every ordinary process, below the kernel's own threads (50) and whatever an operator ranks by hand. */
const AUTOMATIC_PRIORITY = 10;
/** How much less a process that stands by has: also less than the other threads of the one that speaks, which have one less. */
const STANDS_BACK = 2;
/** keepalived.conf(5) min_auto_priority_delay. */
const LATE_BY_DEFAULT = seconds(1);

/** Upper bounds of the classes in which lateness is counted; the last class has none. */
export const LATENESS_BOUNDS: readonly Micros[] = [0.1, 0.5, 1, 2, 5, 10, 20, 50, 100, 500, 1_000, 5_000].map(millis);

/** The shortest advertisement interval in a configuration; undefined without instances. */
function shortestInterval(config: VrrpConfig): Micros | undefined {
  return config.instances.reduce<Micros | undefined>(
    (least, { advertInterval }) => (least === undefined || advertInterval < least ? advertInterval : least),
    undefined,
  );
}

/** The SCHED_RR priority that a configuration calls for without asking for one, if any. */
export function automaticPriority(config: VrrpConfig): number | undefined {
  const { scheduling, automaticPriority: allowed } = config.global;
  // Whoever sets a nice value has decided against real time.
  if (scheduling.realtimePriority !== undefined || scheduling.nice !== undefined) return undefined;
  const shortest = shortestInterval(config);
  if (shortest === undefined || shortest > REALTIME_UP_TO) return undefined;
  // Whoever allows a priority for the case of need is asked when there is need.
  if (shortest >= FAILS_OVER_BELOW && allowed.highest !== undefined) return undefined;
  const highest = allowed.highest ?? AUTOMATIC_PRIORITY;
  return highest < 1 ? undefined : Math.min(highest, AUTOMATIC_PRIORITY);
}

/** How punctual the event loop is: measures how late deadlines are served, and sees to the priority of the process. */
export class Pace {
  /** Deadlines served, by class of lateness; see {@link LATENESS_BOUNDS}. */
  readonly counts: number[] = new Array<number>(LATENESS_BOUNDS.length + 1).fill(0);
  /** Sum and maximum of all lateness. */
  total = micros(0);
  worst = micros(0);
  /** SCHED_RR priority in force; undefined: ordinary scheduling. */
  realtimePriority: number | undefined;
  /** What is configured and not possible here. */
  problems: readonly string[] = [];
  readonly #logger: Logger;
  readonly #applyScheduling: (wanted: SchedulingConfig) => readonly string[];
  #config: VrrpConfig | undefined;
  #standsBy = false;
  /** From which lateness on a priority is taken that no interval calls for; undefined: never. */
  #raiseAt: Micros | undefined;
  #refusalTold = false;

  constructor(logger: Logger, applyScheduling: (wanted: SchedulingConfig) => readonly string[]) {
    this.#logger = logger;
    this.#applyScheduling = applyScheduling;
  }

  /**
   * Puts the scheduling of a configuration in force. A process that stands by gets less: real time means that nobody waits
   * for his turn, so whoever speaks must not wait for one that gets ready.
   */
  apply(config: VrrpConfig, standsBy = false): void {
    this.#config = config;
    this.#standsBy = standsBy;
    const automatic = automaticPriority(config);
    this.#schedule(config, automatic);
    const { automaticPriority: allowed, scheduling } = config.global;
    const mayRaise = (allowed.highest ?? 0) > 0 && scheduling.realtimePriority === undefined;
    this.#raiseAt = mayRaise && automatic === undefined ? (allowed.lateness ?? LATE_BY_DEFAULT) : undefined;
  }

  /** A deadline was served that late. */
  late(lateness: Micros): void {
    let place = 0;
    while (place < LATENESS_BOUNDS.length && lateness > (LATENESS_BOUNDS[place] ?? 0)) place++;
    this.counts[place] = (this.counts[place] ?? 0) + 1;
    this.total = micros(this.total + lateness);
    if (lateness > this.worst) this.worst = lateness;
    if (this.#raiseAt === undefined || lateness < this.#raiseAt || this.#config === undefined) return;
    this.#raiseAt = undefined;
    const priority = this.#config.global.automaticPriority.highest ?? AUTOMATIC_PRIORITY;
    this.#logger.warn(`a deadline was served ${formatDuration(lateness)} late: taking real-time priority ${priority}`);
    this.#schedule(this.#config, priority);
  }

  #schedule(config: VrrpConfig, automatic: number | undefined): void {
    const { scheduling } = config.global;
    const priority = automatic ?? scheduling.realtimePriority;
    const lowered = this.#standsBy && priority !== undefined ? Math.max(1, priority - STANDS_BACK) : priority;
    const wanted = lowered === undefined ? scheduling : { ...scheduling, realtimePriority: lowered };
    const problems = this.#applyScheduling(wanted);
    const refused = problems.find((problem) => problem.startsWith('vrrp_rt_priority'));
    this.realtimePriority = refused === undefined ? wanted.realtimePriority : undefined;
    // Nobody asked for it, so nothing is broken; but whoever runs this should know.
    this.problems = automatic === undefined ? problems : problems.filter((problem) => problem !== refused);
    for (const problem of this.problems) this.#logger.warn(problem);
    const shortest = shortestInterval(config) ?? FAILS_OVER_BELOW;
    if (automatic === undefined || refused === undefined || this.#refusalTold || shortest >= FAILS_OVER_BELOW) return;
    this.#refusalTold = true;
    this.#logger.warn(
      `no real-time priority: with an advert_int of ${formatDuration(shortest)} a busy machine may fail over needlessly. ${refused}`,
    );
  }
}
