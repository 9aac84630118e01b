/** The columns about checks that virtual and real servers share: a real server has its own or those of its virtual server. Pure. */
import { gauge32, type SnmpValue } from '../agentx/value.js';
import type { ConfigBlock } from '../configBlock.js';

const DEFAULT_DELAY_LOOP_S = 60;
const DEFAULT_CONNECT_TIMEOUT_S = 5;
const DEFAULT_RETRY = 1;
const DEFAULT_DELAY_BEFORE_RETRY_S = 1;
const MICROSECONDS = 1_000_000;

/** Values in whole seconds, and in microseconds. */
export interface CheckTimes {
  readonly delayLoop: SnmpValue;
  readonly delayLoopMicros: SnmpValue;
  readonly retry: SnmpValue;
  readonly delayBeforeRetry: SnmpValue;
  readonly delayBeforeRetryMicros: SnmpValue;
  readonly warmup: SnmpValue;
  readonly warmupMicros: SnmpValue;
  readonly connectTimeoutMicros: SnmpValue;
}

/** `blocks`: from the closest outwards. */
export function checkTimes(blocks: readonly ConfigBlock[]): CheckTimes {
  const first = (name: string): number | undefined =>
    blocks.map((block) => block.number(name)).find((value) => value !== undefined);
  const delayLoop = first('delay_loop') ?? DEFAULT_DELAY_LOOP_S;
  const delayBeforeRetry = first('delay_before_retry') ?? DEFAULT_DELAY_BEFORE_RETRY_S;
  const warmup = first('warmup') ?? delayLoop;
  return {
    delayLoop: whole(delayLoop),
    delayLoopMicros: micros(delayLoop),
    retry: gauge32(first('retry') ?? DEFAULT_RETRY),
    delayBeforeRetry: whole(delayBeforeRetry),
    delayBeforeRetryMicros: micros(delayBeforeRetry),
    warmup: whole(warmup),
    warmupMicros: micros(warmup),
    connectTimeoutMicros: micros(first('connect_timeout') ?? DEFAULT_CONNECT_TIMEOUT_S),
  };
}

const whole = (seconds: number): SnmpValue => gauge32(Math.floor(seconds));
const micros = (seconds: number): SnmpValue => gauge32(Math.round(seconds * MICROSECONDS));
