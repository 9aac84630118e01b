import type { Block } from '../../../shared/config/readBlock.js';
import type { Micros } from '../../../shared/time/duration.js';
import * as K from '../keywords/timing.js';
import {
  type CheckerTiming,
  DEFAULT_CONNECT_TIMEOUT,
  DEFAULT_DELAY_BEFORE_RETRY,
  DEFAULT_DELAY_LOOP,
  DEFAULT_RETRY,
} from '../model.js';

/** What one level says about timing; the level below overrides it word by word. */
export interface TimingSettings {
  readonly delayLoop?: Micros;
  readonly connectTimeout?: Micros;
  readonly retry?: number;
  readonly delayBeforeRetry?: Micros;
  readonly warmup?: Micros;
  readonly alpha?: boolean;
  readonly logAllFailures?: boolean;
}

/** Reads one level on top of the level above it. */
export function readTiming(block: Block, above: TimingSettings): TimingSettings {
  const own = {
    delayLoop: block.last(K.DELAY_LOOP)?.values[0],
    connectTimeout: block.last(K.CONNECT_TIMEOUT)?.values[0],
    retry: block.last(K.RETRY)?.values[0],
    delayBeforeRetry: block.last(K.DELAY_BEFORE_RETRY)?.values[0],
    warmup: block.last(K.WARMUP)?.values[0],
    alpha: block.last(K.ALPHA)?.values[0],
    logAllFailures: block.last(K.LOG_ALL_FAILURES)?.values[0],
  };
  const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  return { ...above, ...given };
}

/** Fills in what no level said. */
export function resolveTiming(settings: TimingSettings): CheckerTiming {
  const delayLoop = settings.delayLoop ?? DEFAULT_DELAY_LOOP;
  return {
    delayLoop,
    connectTimeout: settings.connectTimeout ?? DEFAULT_CONNECT_TIMEOUT,
    retry: settings.retry ?? DEFAULT_RETRY,
    delayBeforeRetry: settings.delayBeforeRetry ?? DEFAULT_DELAY_BEFORE_RETRY,
    warmup: settings.warmup ?? delayLoop,
    alpha: settings.alpha ?? false,
    logAllFailures: settings.logAllFailures ?? false,
  };
}
