/** How long a service may be silent before it counts as hung. */
import { type Micros, micros, millis, seconds } from '../shared/time/duration.js';
import { isStopped } from './serviceProcess.js';

/** Silence after which a service counts as hung. It gives a sign of life every 500 ms when all is well. */
export const HANG_LIMIT: Micros = seconds(4);
/** The same for a process that is stopped or asleep although it should speak: it is not just slow. */
export const LEAST_HANG_LIMIT: Micros = millis(1_500);
/** Time a new process has to say its first word: a machine that boots is slow. */
export const START_LIMIT: Micros = seconds(20);

/**
 * The silence that one process is allowed. Sooner where others would act on it (`patience`); but a process that runs may only
 * be slow, as everything on a busy machine.
 */
export function hangLimit(patience: Micros | undefined, pid: number | undefined): Micros {
  if (patience === undefined || pid === undefined || !isStopped(pid)) return HANG_LIMIT;
  return micros(Math.min(HANG_LIMIT, Math.max(LEAST_HANG_LIMIT, patience / 2)));
}
