/** How often somebody may do something: so many at once, then so many a second. Pure. */
import { elapsed, type Instant, type Micros } from '../../shared/time/duration.js';

export interface BucketLimits {
  /** Tokens of a full bucket. */
  readonly burst: number;
  readonly perSecond: number;
}

/** What is left; undefined is a full bucket. */
export interface Bucket {
  readonly tokens: number;
  readonly at: Instant;
}

/** Outcome of {@link take}. */
export interface Taking {
  readonly bucket: Bucket;
  /** False: nothing was taken. */
  readonly taken: boolean;
}

const MICROS_PER_SECOND = 1_000_000;

/** Takes one token out of a bucket that fills up with time. A clock that stood still or went back fills nothing. */
export function take(bucket: Bucket | undefined, { burst, perSecond }: BucketLimits, now: Instant): Taking {
  const tokens = bucket === undefined ? burst : filled(bucket, { burst, perSecond }, now);
  const taken = tokens >= 1;
  const at = bucket !== undefined && bucket.at > now ? bucket.at : now;
  return { bucket: { tokens: taken ? tokens - 1 : tokens, at }, taken };
}

/** Whether nothing is missing by now, so that the bucket need not be remembered. */
export const isFull = (bucket: Bucket, limits: BucketLimits, now: Instant): boolean =>
  filled(bucket, limits, now) >= limits.burst;

function filled({ tokens, at }: Bucket, { burst, perSecond }: BucketLimits, now: Instant): number {
  const passed: Micros = elapsed(at, now);
  return Math.min(burst, tokens + (Math.max(0, passed) * perSecond) / MICROS_PER_SECOND);
}
