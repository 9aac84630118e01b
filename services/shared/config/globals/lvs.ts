/** `global_defs`: IPVS and checkers. */
import { flag, integer, optional, rest, word } from '../argument.js';
import { keyword } from '../keyword.js';
import { netlinkBufferKeywords } from './netlinkBuffers.js';

export const LVS_FLUSH = keyword('lvs_flush', [], 'Empties the IPVS table at the start.');

export const LVS_FLUSH_ON_STOP = keyword(
  'lvs_flush_on_stop',
  [optional(word('VS'))],
  'Empties the IPVS table at the stop; with VS removes only the own virtual servers.',
);

export const LVS_TIMEOUTS = keyword(
  'lvs_timeouts',
  [rest(word('tcp|tcpfin|udp seconds'))],
  'Connection timeouts of IPVS: tcp, tcpfin and udp, each with seconds.',
);

export const LVS_SYNC_DAEMON = keyword(
  'lvs_sync_daemon',
  [rest(word('interface, [inst] instance, id, maxlen, port, ttl, group'))],
  'Copies the connections of IPVS to the other director.',
);

export const RS_INIT_NOTIFIES = keyword('rs_init_notifies', [], 'Notifies of real servers that start up alive.');

export const NO_CHECKER_EMAILS = keyword(
  'no_checker_emails',
  [],
  'Sends mails only when a real server is added or removed.',
);

export const CHECKER_LOG_ALL_FAILURES = keyword(
  'checker_log_all_failures',
  [flag()],
  'Logs every failed check, not only the last.',
);

export const NFTABLES_IPVS = keyword(
  'nftables_ipvs',
  [optional(word('table'))],
  'Marks packets to the addresses of a virtual server group by nftables, so that one service of the IPVS table does for all.',
  { default: 'keepwatch_ipvs' },
);

export const NFTABLES_IPVS_PRIORITY = keyword(
  'nftables_ipvs_priority',
  [integer('priority', { min: -(2 ** 31), max: 2 ** 31 - 1 })],
  'Priority of the chains of that table.',
  { default: '-150' },
);

export const NFTABLES_IPVS_START_FWMARK = keyword(
  'nftables_ipvs_start_fwmark',
  [integer('mark', { min: 1, max: 2 ** 32 - 1 })],
  'First mark it uses.',
  { default: '1000' },
);

export const LVS_KEYWORDS = [
  LVS_FLUSH,
  LVS_FLUSH_ON_STOP,
  LVS_TIMEOUTS,
  LVS_SYNC_DAEMON,
  RS_INIT_NOTIFIES,
  NO_CHECKER_EMAILS,
  CHECKER_LOG_ALL_FAILURES,
  ...netlinkBufferKeywords('lvs'),
  NFTABLES_IPVS,
  NFTABLES_IPVS_PRIORITY,
  NFTABLES_IPVS_START_FWMARK,
];
