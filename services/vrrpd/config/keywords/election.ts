/** Keywords of `vrrp_instance` about the election and about what is in advertisements. */
import { flag, integer, optional } from '../../../shared/config/argument.js';
import { keyword } from '../../../shared/config/keyword.js';

export const DOWN_TIMER_ADVERTS = keyword(
  'down_timer_adverts',
  [integer('count', { min: 1, max: 100 })],
  'Advertisements missed until takeover. All routers need the same.',
  { default: 'vrrp_down_timer_adverts, 3', since: '2.2.5' },
);
export const LOWER_PRIO_NO_ADVERT = keyword(
  'lower_prio_no_advert',
  [flag()],
  'Does not answer an advertisement of lower priority.',
  { default: 'vrrp_lower_prio_no_advert; on in strict mode' },
);
export const HIGHER_PRIO_SEND_ADVERT = keyword(
  'higher_prio_send_advert',
  [flag()],
  'Advertises once more when yielding, so that the better master announces its addresses again.',
  { default: 'vrrp_higher_prio_send_advert; on, except in strict mode' },
);
export const SKIP_CHECK_ADV_ADDR = keyword(
  'skip_check_adv_addr',
  [flag()],
  'Does not compare the addresses in advertisements of the same master again.',
  { default: 'vrrp_skip_check_adv_addr' },
);
export const STRICT_MODE = keyword('strict_mode', [flag()], 'Enforces the RFCs.', { default: 'vrrp_strict' });
export const V3_CHECKSUM_AS_V2 = keyword(
  'v3_checksum_as_v2',
  [flag()],
  'Sends version 3 over IPv4 with a checksum of the message only, as RFC 9568 has it. Either is understood.',
  { default: 'v3_checksum_as_v2 of global_defs', since: '2.2.8' },
);
export const TIMER_EXPIRED_BACKUP = keyword(
  'timer_expired_backup',
  [optional(integer('priority', { min: 1, max: 254 }))],
  'With nopreempt, becomes backup after a stall in which another router of this priority may have taken over.',
  { default: '254; without the keyword its own priority', since: '2.3.0', aliases: ['thread_timer_expired'] },
);
export const KERNEL_RX_BUF_SIZE = keyword(
  'kernel_rx_buf_size',
  [integer('bytes', { min: 1, max: 2 ** 31 - 1 })],
  'Size of the receive buffer of its socket.',
  { default: 'vrrp_rx_bufs_policy' },
);
export const NO_VIRTUAL_IPADDRESS = keyword(
  'no_virtual_ipaddress',
  [],
  'There are no virtual addresses, and that is meant.',
  { since: '2.2.8' },
);

export const ELECTION_KEYWORDS = [
  DOWN_TIMER_ADVERTS,
  LOWER_PRIO_NO_ADVERT,
  HIGHER_PRIO_SEND_ADVERT,
  SKIP_CHECK_ADV_ADDR,
  STRICT_MODE,
  V3_CHECKSUM_AS_V2,
  TIMER_EXPIRED_BACKUP,
  KERNEL_RX_BUF_SIZE,
  NO_VIRTUAL_IPADDRESS,
] as const;
