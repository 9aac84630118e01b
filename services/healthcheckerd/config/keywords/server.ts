/** Keywords of `virtual_server` and `real_server`. */
import { choice, flag, integer, optional, rest, script, word } from '../../../shared/config/argument.js';
import { type Arguments, type KeywordSpec, KeywordTable, keyword } from '../../../shared/config/keyword.js';
import { CHECKERS } from './checkers.js';
import { TIMING_KEYWORDS } from './timing.js';

const COMMAND = [script(), optional(word('user')), optional(word('group'))] as const;
const METHOD = [rest(word('NAT|DR|TUN [type …]'))] as const;
const CONNECTIONS = [integer('connections', { min: 0, max: 2 ** 32 - 1 })] as const;
const ENDPOINT = [rest(word('address [port]'))] as const;

export const SMTP_ALERT = keyword('smtp_alert', [flag()], 'Sends mails.', {
  default: 'smtp_alert_checker or smtp_alert of global_defs, otherwise on for real and off for virtual servers',
  misspellings: ['smtp_alter'],
});
export const VIRTUALHOST = keyword('virtualhost', [word('host')], 'Host header of HTTP checks.');
export const SNMP_NAME = keyword('snmp_name', [word('name')], 'Name in SNMP tables.');
export const INHIBIT_ON_FAILURE = keyword('inhibit_on_failure', [flag()], 'Weight 0 instead of removal while down.');
export const LVS_METHOD = keyword('lvs_method', METHOD, 'How packets reach the real server.', {
  aliases: ['lb_kind'],
  default: 'NAT',
});
export const WEIGHT = keyword(
  'weight',
  [integer('weight', { min: 0, max: 2 ** 31 - 1 })],
  'Share of the connections.',
  {
    default: '1',
  },
);
export const NOTIFY_UP = keyword('notify_up', COMMAND, 'Runs when the real server comes up.', { repeat: 'refuse' });
export const NOTIFY_DOWN = keyword('notify_down', COMMAND, 'Runs when the real server goes down.', {
  repeat: 'refuse',
});
export const UTHRESHOLD = keyword('uthreshold', CONNECTIONS, 'Most connections to the server.');
export const LTHRESHOLD = keyword('lthreshold', CONNECTIONS, 'Connections below which it takes new ones again.');

const SHARED = [...TIMING_KEYWORDS, SMTP_ALERT, VIRTUALHOST, SNMP_NAME, INHIBIT_ON_FAILURE, LVS_METHOD];

export const REAL_SERVER = keyword('real_server', ENDPOINT, 'One server of the pool.', {
  block: {
    kind: 'keywords',
    table: new KeywordTable('real_server', [
      ...SHARED,
      WEIGHT,
      NOTIFY_UP,
      NOTIFY_DOWN,
      UTHRESHOLD,
      LTHRESHOLD,
      ...CHECKERS,
    ]),
  },
  repeat: 'list',
});

export const LVS_SCHED = keyword('lvs_sched', [word('scheduler')], 'Scheduler.', {
  aliases: ['lb_algo'],
  default: 'wlc',
});
export const OPS = keyword('ops', [], 'Schedules every UDP packet on its own.');

/** IP_VS_SVC_F_* of linux/ip_vs.h that a keyword sets. */
export const FLAG_KEYWORDS: readonly { readonly spec: KeywordSpec; readonly flag: number; readonly only?: string }[] = [
  { spec: keyword('flag-1', [], 'First flag of the scheduler.'), flag: 0x08 },
  { spec: keyword('flag-2', [], 'Second flag of the scheduler.'), flag: 0x10 },
  { spec: keyword('flag-3', [], 'Third flag of the scheduler.'), flag: 0x20 },
  { spec: keyword('sh-fallback', [], 'Another server when the chosen one is down.'), flag: 0x08, only: 'sh' },
  { spec: keyword('sh-port', [], 'Hashes the source port too.'), flag: 0x10, only: 'sh' },
  { spec: keyword('mh-fallback', [], 'Another server when the chosen one is down.'), flag: 0x08, only: 'mh' },
  { spec: keyword('mh-port', [], 'Hashes the source port too.'), flag: 0x10, only: 'mh' },
  { spec: OPS, flag: 0x04 },
];
export const PERSISTENCE_ENGINE = keyword('persistence_engine', [word('engine')], 'Tells clients apart: sip.');
export const PERSISTENCE_TIMEOUT = keyword(
  'persistence_timeout',
  [optional(integer('seconds', { min: 1, max: 2_678_400 }))],
  'A client stays with its server so long.',
  { default: '360 when it stands without a number' },
);
export const PERSISTENCE_GRANULARITY = keyword(
  'persistence_granularity',
  [word('netmask')],
  'Clients of one network stay together.',
);
export const PROTOCOL = keyword(
  'protocol',
  [choice('protocol', ['TCP', 'UDP', 'SCTP'], { ignoreCase: true })],
  'Protocol.',
  {
    default: 'UDP, as in keepalived',
  },
);
export const HA_SUSPEND = keyword('ha_suspend', [], 'No checks while the virtual address is not here.');
export const OMEGA = keyword('omega', [flag()], 'Runs notify_down and quorum_down at the stop too.');
export const QUORUM = keyword(
  'quorum',
  [integer('weight', { min: 1, max: 2 ** 32 - 1 })],
  'Least weight of live servers.',
  {
    default: '1',
  },
);
export const HYSTERESIS = keyword(
  'hysteresis',
  [integer('weight', { min: 0, max: 2 ** 32 - 1 })],
  'Dampens the quorum.',
  {
    default: '0',
  },
);
export const QUORUM_UP = keyword('quorum_up', COMMAND, 'Runs when the quorum is gained.', { repeat: 'refuse' });
export const QUORUM_DOWN = keyword('quorum_down', COMMAND, 'Runs when the quorum is lost.', { repeat: 'refuse' });
export const IP_FAMILY = keyword('ip_family', [choice('family', ['inet', 'inet6'])], 'Family of a mark.');
export const SORRY_SERVER = keyword('sorry_server', ENDPOINT, 'Stands in while there is no quorum.');
export const SORRY_SERVER_INHIBIT = keyword('sorry_server_inhibit', [], 'Keeps the sorry server with weight 0.');
export const SORRY_SERVER_LVS_METHOD = keyword('sorry_server_lvs_method', METHOD, 'How packets reach it.');

export const VIRTUAL_SERVER = keyword(
  'virtual_server',
  [rest(word('address [port] | fwmark number | group name'))] satisfies Arguments,
  'A service and its pool of real servers.',
  {
    block: {
      kind: 'keywords',
      table: new KeywordTable('virtual_server', [
        ...SHARED,
        LVS_SCHED,
        ...FLAG_KEYWORDS.map(({ spec }) => spec),
        PERSISTENCE_ENGINE,
        PERSISTENCE_TIMEOUT,
        PERSISTENCE_GRANULARITY,
        PROTOCOL,
        HA_SUSPEND,
        OMEGA,
        QUORUM,
        HYSTERESIS,
        QUORUM_UP,
        QUORUM_DOWN,
        IP_FAMILY,
        SORRY_SERVER,
        SORRY_SERVER_INHIBIT,
        SORRY_SERVER_LVS_METHOD,
        REAL_SERVER,
        keyword('nat_mask', [word('netmask')], 'Accepted: Linux has had no such mask since 2.4.', {
          deprecated: 'Linux has not used it since 2.4: remove the line',
        }),
      ]),
    },
    repeat: 'list',
  },
);
