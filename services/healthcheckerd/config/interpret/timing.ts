import type { Block } from '../../../shared/config/readBlock.js';
import type { Micros } from '../../../shared/time/duration.js';
import type { CheckerTiming } from '../checkerModel.js';
import * as K from '../keywords/timing.js';
import { DEFAULT_CONNECT_TIMEOUT, DEFAULT_DELAY_BEFORE_RETRY, DEFAULT_DELAY_LOOP, DEFAULT_RETRY } from '../model.js';

/** What one level says about timing; the level below overrides it word by word. */
export interface TimingSettings {
  readonly delayLoop: Micros | undefined;
  readonly connectTimeout: Micros | undefined;
  readonly retry: number | undefined;
  readonly delayBeforeRetry: Micros | undefined;
  readonly warmup: Micros | undefined;
  readonly alpha: boolean | undefined;
  readonly logAllFailures: boolean | undefined;
}

/** No level has said anything. */
export const NO_TIMING: TimingSettings = {
  delayLoop: undefined,
  connectTimeout: undefined,
  retry: undefined,
  delayBeforeRetry: undefined,
  warmup: undefined,
  alpha: undefined,
  logAllFailures: undefined,
};

/** Reads one level on top of the level above it. */
export function readTiming(block: Block, above: TimingSettings): TimingSettings {
  return {
    delayLoop: block.last(K.DELAY_LOOP)?.values[0] ?? above.delayLoop,
    connectTimeout: block.last(K.CONNECT_TIMEOUT)?.values[0] ?? above.connectTimeout,
    retry: block.last(K.RETRY)?.values[0] ?? above.retry,
    delayBeforeRetry: block.last(K.DELAY_BEFORE_RETRY)?.values[0] ?? above.delayBeforeRetry,
    warmup: block.last(K.WARMUP)?.values[0] ?? above.warmup,
    alpha: block.last(K.ALPHA)?.values[0] ?? above.alpha,
    logAllFailures: block.last(K.LOG_ALL_FAILURES)?.values[0] ?? above.logAllFailures,
  };
}

/** Defaults of one kind of checker. */
export interface TimingDefaults {
  readonly retry?: number;
  readonly delayBeforeRetry?: Micros | 'delay_loop';
}

/** Fills in what no level said. */
export function resolveTiming(settings: TimingSettings, defaults: TimingDefaults = {}): CheckerTiming {
  const delayLoop = settings.delayLoop ?? DEFAULT_DELAY_LOOP;
  const own = defaults.delayBeforeRetry ?? DEFAULT_DELAY_BEFORE_RETRY;
  const pause = own === 'delay_loop' ? delayLoop : own;
  return shared({
    delayLoop,
    connectTimeout: settings.connectTimeout ?? DEFAULT_CONNECT_TIMEOUT,
    retry: settings.retry ?? defaults.retry ?? DEFAULT_RETRY,
    delayBeforeRetry: settings.delayBeforeRetry ?? pause,
    warmup: settings.warmup ?? delayLoop,
    alpha: settings.alpha ?? false,
    logAllFailures: settings.logAllFailures ?? false,
  });
}

let latest: CheckerTiming | undefined;

/** The servers of a pool are mostly checked alike: equal timings that follow each other are one object. */
function shared(timing: CheckerTiming): CheckerTiming {
  if (
    latest?.delayLoop !== timing.delayLoop ||
    latest.connectTimeout !== timing.connectTimeout ||
    latest.retry !== timing.retry ||
    latest.delayBeforeRetry !== timing.delayBeforeRetry ||
    latest.warmup !== timing.warmup ||
    latest.alpha !== timing.alpha ||
    latest.logAllFailures !== timing.logAllFailures
  ) {
    latest = timing;
  }
  return latest;
}
