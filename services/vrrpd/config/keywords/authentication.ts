/** Keywords of `vrrp_instance` about authentication. */
import { choice, integer, word } from '../../../shared/config/argument.js';
import { KeywordTable, keyword } from '../../../shared/config/keyword.js';

export const AUTH_TYPE = keyword('auth_type', [choice('type', ['PASS', 'AH'])], 'Kind of authentication.');
export const AUTH_PASS = keyword('auth_pass', [word('password')], 'Password, the first 8 bytes count.', {
  misspellings: ['autp_pass'],
});

export const AUTHENTICATION = keyword('authentication', [], 'Authentication of VRRP version 2.', {
  block: { kind: 'keywords', table: new KeywordTable('authentication', [AUTH_TYPE, AUTH_PASS]) },
});

export const HMAC_KEY = keyword(
  'key',
  [integer('id', { min: 1, max: 255 }), word('key')],
  'A key of 32 to 64 bytes: text, hex:DIGITS, or file:PATH.',
  { repeat: 'list' },
);
export const HMAC_ACTIVE_KEY = keyword('active_key', [integer('id', { min: 1, max: 255 })], 'Key to sign with.', {
  default: 'the only key',
});
export const HMAC_ANTI_REPLAY = keyword(
  'anti_replay',
  [choice('mode', ['time', 'monotonic'])],
  'time: the clocks of the routers have to agree; monotonic: sequence numbers only have to grow.',
  { default: 'time' },
);
export const HMAC_TIME_WINDOW = keyword(
  'time_window',
  [integer('seconds', { min: 1, max: 300, unit: 's' })],
  'How far clocks may be apart.',
  { default: '3 advert_int, at least 5' },
);
export const HMAC_MODE = keyword(
  'mode',
  [choice('mode', ['enforce', 'permissive', 'receive-only'])],
  'permissive: takes advertisements without signature too; receive-only: and sends none itself.',
  { default: 'enforce' },
);

export const AUTH_HMAC = keyword(
  'auth_hmac',
  [],
  'Signs advertisements of either version with HMAC-SHA256 (draft-cassen-vrrp-auth-hmac).',
  {
    block: {
      kind: 'keywords',
      table: new KeywordTable('auth_hmac', [HMAC_KEY, HMAC_ACTIVE_KEY, HMAC_ANTI_REPLAY, HMAC_TIME_WINDOW, HMAC_MODE]),
    },
    since: '2.4.0',
  },
);
