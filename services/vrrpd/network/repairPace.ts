/** How soon something is put back that others keep taking away. Pure. */
import { after, elapsed, type Instant, type Micros, micros, millis, seconds } from '../../shared/time/duration.js';

/** What was put back lately. */
export interface RepairPace {
  readonly last: Instant | undefined;
  /** Least time from the last repair to the next one. */
  readonly spacing: Micros;
  /** Repairs without {@link QUIET} between them. */
  readonly inARow: number;
}

export const UNDISTURBED: RepairPace = { last: undefined, spacing: micros(0), inARow: 0 };

/** So long without a repair, and the next one is the first of a row again. */
export const QUIET: Micros = seconds(20);
const FIRST_SPACING: Micros = millis(50);
export const LONGEST_SPACING: Micros = seconds(10);

/** When to put it back that was found taken away `now`: at once, and ever later while that goes on. */
export function repairAt({ last, spacing }: RepairPace, now: Instant): Instant {
  if (last === undefined || elapsed(last, now) >= QUIET) return now;
  const spaced = after(last, spacing);
  return spaced > now ? spaced : now;
}

/** It was put back `now`. */
export function repaired({ last, spacing, inARow }: RepairPace, now: Instant): RepairPace {
  if (last === undefined || elapsed(last, now) >= QUIET) return { last: now, spacing: FIRST_SPACING, inARow: 1 };
  return { last: now, spacing: micros(Math.min(spacing * 2, LONGEST_SPACING)), inARow: inARow + 1 };
}
