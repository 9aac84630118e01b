/** When checks run: the same keywords in virtual servers, real servers and checkers; the inner one counts. */
import { flag, integer, timer } from '../../../shared/config/argument.js';
import { keyword } from '../../../shared/config/keyword.js';

const MOST = { max: 4294 } as const;

export const DELAY_LOOP = keyword('delay_loop', [timer('seconds', { min: 0.000001 })], 'Time between two checks.', {
  default: '60',
});
export const CONNECT_TIMEOUT = keyword(
  'connect_timeout',
  [timer('seconds', { min: 0.000001, ...MOST })],
  'How long connecting and answering may take.',
  { default: '5' },
);
export const RETRY = keyword(
  'retry',
  [integer('count', { min: 0, max: 2 ** 32 - 1 })],
  'Failures more until it is down.',
  {
    default: '1; DNS_CHECK 3, MISC_CHECK 0',
  },
);
export const DELAY_BEFORE_RETRY = keyword(
  'delay_before_retry',
  [timer('seconds', { min: 0 })],
  'Time from a failure to the next check.',
  { default: '1; HTTP_GET and SSL_GET 3, DNS_CHECK delay_loop' },
);
export const WARMUP = keyword('warmup', [timer('seconds', { min: 0 })], 'The first check runs at random within it.', {
  default: 'delay_loop',
});
export const ALPHA = keyword('alpha', [flag()], 'Down until a check succeeded.', { default: 'off' });
export const LOG_ALL_FAILURES = keyword('log_all_failures', [flag()], 'Logs every failure, not only the last.', {
  default: 'checker_log_all_failures',
});

/** For virtual and real servers. */
export const TIMING_KEYWORDS = [DELAY_LOOP, CONNECT_TIMEOUT, RETRY, DELAY_BEFORE_RETRY, WARMUP, ALPHA];
/** For checkers. */
export const CHECKER_TIMING_KEYWORDS = [...TIMING_KEYWORDS, LOG_ALL_FAILURES];
