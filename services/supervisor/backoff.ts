/** When a service that died may start again, and when its dying is a crash loop. Pure. */
import { after, elapsed, type Instant, type Micros, millis, seconds } from '../shared/time/duration.js';

/** Limits of the restarts. */
export interface BackoffPolicy {
  /** Wait before the first restart. */
  readonly first: Micros;
  /** Longest wait. */
  readonly longest: Micros;
  /** A service that was ready for this long starts again as if it had never died. */
  readonly healthyAfter: Micros;
  /** So many deaths … */
  readonly loopDeaths: number;
  /** … within this time are a crash loop. */
  readonly loopWindow: Micros;
}

export const BACKOFF_POLICY: BackoffPolicy = {
  first: millis(100),
  longest: seconds(30),
  healthyAfter: seconds(60),
  loopDeaths: 5,
  loopWindow: seconds(60),
};

/** What is remembered of one service's deaths. */
export interface Backoff {
  /** Deaths since the service was last healthy for long. */
  readonly deaths: number;
  /** The deaths inside the loop window, oldest first. */
  readonly recent: readonly Instant[];
  /** Since when it is ready; absent while it is not. */
  readonly readySince?: Instant;
  /** It is in a crash loop: told once, until it was healthy for long. */
  readonly looping: boolean;
}

export const FRESH: Backoff = { deaths: 0, recent: [], looping: false };

/** The service became ready. */
export const becameReady = (backoff: Backoff, now: Instant): Backoff => ({ ...backoff, readySince: now });

/** What follows from a death. */
export interface Restart {
  readonly backoff: Backoff;
  readonly delay: Micros;
  readonly at: Instant;
  /** With this death it became a crash loop. */
  readonly loopBegins: boolean;
}

/** The service died. */
export function died(backoff: Backoff, now: Instant, policy: BackoffPolicy = BACKOFF_POLICY): Restart {
  const { deaths: earlier, recent: known, looping: looped } = wasHealthy(backoff, now, policy) ? FRESH : backoff;
  const delay = Math.min(policy.first * 2 ** Math.min(earlier, 30), policy.longest) as Micros;
  const recent = [...known, now].filter((death) => elapsed(death, now) < policy.loopWindow);
  const looping = looped || recent.length >= policy.loopDeaths;
  return {
    backoff: { deaths: earlier + 1, recent, looping },
    delay,
    at: after(now, delay),
    loopBegins: looping && !looped,
  };
}

/** Whether it is in a crash loop now; a long healthy time ends one. */
export const isLooping = (backoff: Backoff, now: Instant, policy: BackoffPolicy = BACKOFF_POLICY): boolean =>
  backoff.looping && !wasHealthy(backoff, now, policy);

const wasHealthy = (backoff: Backoff, now: Instant, policy: BackoffPolicy): boolean =>
  backoff.readySince !== undefined && elapsed(backoff.readySince, now) >= policy.healthyAfter;
