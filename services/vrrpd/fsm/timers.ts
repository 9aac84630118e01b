import { type Micros, micros } from '../../shared/time/duration.js';
import type { RouterSettings } from './settings.js';

/**
 * Skew_Time: the better the candidate, the sooner it acts.
 * Version 2: (256 − priority) / 256 seconds, whatever the interval (RFC 3768 6.1).
 * Version 3: (256 − priority) × Master_Adver_Interval / 256 (RFC 9568 6.1).
 */
export function skewTime(settings: RouterSettings, masterAdverInterval: Micros): Micros {
  const unit = settings.version === 2 ? 1_000_000 : masterAdverInterval;
  // Multiplied before divided, so that short intervals keep their microseconds.
  return micros(Math.floor(((256 - settings.priority) * unit) / 256));
}

/** Master_Down_Interval = 3 × Master_Adver_Interval + Skew_Time (RFC 3768 6.1, RFC 9568 6.1), the 3 as configured. */
export function masterDownInterval(settings: RouterSettings, masterAdverInterval: Micros): Micros {
  return micros(settings.downTimerAdverts * masterAdverInterval + skewTime(settings, masterAdverInterval));
}

/** How long a master may be silent before another router takes over: the Master_Down_Interval of the best of the others. */
export function silenceAllowed(settings: RouterSettings): Micros {
  const rival = { ...settings, priority: settings.rivalPriority };
  return masterDownInterval(rival, settings.advertInterval);
}

/** Longest time a leaving master waits for its successor, whatever the interval: a stop must end. */
const LEAVE_LIMIT = 5_000_000;

/**
 * How long a leaving master answers for the addresses: the skew time of the least backup there may be, plus what it takes
 * on the way. By then everyone who heard the goodbye has taken over.
 */
export function leaveTime(settings: RouterSettings): Micros {
  const unit = settings.version === 2 ? 1_000_000 : settings.advertInterval;
  return micros(Math.min(LEAVE_LIMIT, unit));
}

/** How often per interval a lower-priority master is answered at most, so that a flood is not answered by a flood. */
const ANSWERS_PER_INTERVAL = 10;

/** Least time between two answers to lower-priority masters. */
export function answerSpacing(settings: RouterSettings): Micros {
  return micros(Math.floor(settings.advertInterval / ANSWERS_PER_INTERVAL));
}
