/** Keywords of `vrrp_instance`. */
import {
  address,
  choice,
  decimal,
  integer,
  interfaceName,
  optional,
  optionWord,
  timer,
} from '../../../shared/config/argument.js';
import { KeywordTable, keyword } from '../../../shared/config/keyword.js';
import { VIRTUAL_ADDRESS_OPTIONS } from './address.js';
import { AUTH_HMAC, AUTHENTICATION } from './authentication.js';
import { ELECTION_KEYWORDS } from './election.js';
import { INSTANCE_NOTIFY_KEYWORDS } from './notify.js';
import { ROUTE_LINE, VIRTUAL_ROUTE_OPTIONS } from './route.js';
import { RULE_LINE, VIRTUAL_RULE_OPTIONS } from './rule.js';
import { TRACK_KEYWORDS } from './tracking.js';
import { UNICAST_KEYWORDS } from './unicast.js';
import { INSTANCE_LINKBEAT, VIRTUAL_LINK_KEYWORDS } from './virtualLink.js';

const REPEAT = [integer('count', { min: 0, max: 2 ** 31 - 1 })] as const;
const SECONDS = [integer('seconds', { min: 0, max: 4294 })] as const;

export const STATE = keyword('state', [choice('state', ['MASTER', 'BACKUP'])], 'State to begin with.', {
  default: 'BACKUP',
});
export const INTERFACE = keyword('interface', [interfaceName()], 'Interface the instance runs on.');
export const VIRTUAL_ROUTER_ID = keyword(
  'virtual_router_id',
  [integer('vrid', { min: 1, max: 255 })],
  'Number of the virtual router on its network.',
);
export const PRIORITY = keyword(
  'priority',
  [integer('priority', { min: 1, max: 255 })],
  'The highest becomes master; 255: owner of the addresses.',
  { default: '100; 255 with state MASTER' },
);
export const ADVERT_INT = keyword(
  'advert_int',
  [decimal('seconds', { min: 0.01, max: 255, unit: 's' })],
  'Time between two advertisements: whole seconds in version 2, hundredths up to 40.95 in version 3.',
  { default: '1' },
);
export const VERSION = keyword('version', [choice('version', ['2', '3'])], 'VRRP version.', {
  default: 'vrrp_version; IPv6 always 3',
});
export const NOPREEMPT = keyword('nopreempt', [], 'Leaves a master of lower priority alone.');
export const PREEMPT = keyword('preempt', [], 'Takes over from a master of lower priority.', { default: 'on' });
export const PREEMPT_DELAY = keyword(
  'preempt_delay',
  [timer('seconds', { min: 0, max: 1000 })],
  'Waits so much longer before taking over.',
  { default: '0' },
);
export const DEBUG = keyword('debug', [optional(integer('level', { min: 0, max: 4 }))], 'Logs more.');
const ADDRESS_LINE =
  'address[/prefix] [brd address|+|-] [dev interface] [scope scope] [label label] [peer address] [home] [-nodad] ' +
  '[mngtmpaddr] [noprefixroute] [autojoin] [no_track] [preferred_lft seconds|forever]';

export const VIRTUAL_IPADDRESS = keyword('virtual_ipaddress', [], 'Addresses that the master holds and advertises.', {
  block: { kind: 'lines', line: ADDRESS_LINE, options: VIRTUAL_ADDRESS_OPTIONS },
  repeat: 'list',
});
export const VIRTUAL_IPADDRESS_EXCLUDED = keyword(
  'virtual_ipaddress_excluded',
  [],
  'Addresses that the master holds but does not advertise.',
  { block: { kind: 'lines', line: ADDRESS_LINE, options: VIRTUAL_ADDRESS_OPTIONS }, repeat: 'list' },
);
export const DONT_TRACK_PRIMARY = keyword('dont_track_primary', [], 'Ignores failures of the own interface.');
export const MCAST_SRC_IP = keyword('mcast_src_ip', [address('address')], 'Source address of advertisements.', {
  default: 'the first address of the interface',
});
export const MCAST_DST_IP = keyword(
  'mcast_dst_ip',
  [address('address', { multicast: true })],
  'Multicast group of advertisements.',
  { default: 'vrrp_mcast_group4, vrrp_mcast_group6' },
);
export const GARP_MASTER_DELAY = keyword(
  'garp_master_delay',
  SECONDS,
  'Time until the second set of gratuitous ARP messages after becoming master; 0: no second set.',
  { default: 'vrrp_garp_master_delay' },
);
export const GARP_MASTER_REPEAT = keyword('garp_master_repeat', REPEAT, 'Messages per address in each set.', {
  default: 'vrrp_garp_master_repeat',
});
export const GARP_LOWER_PRIO_DELAY = keyword(
  'garp_lower_prio_delay',
  SECONDS,
  'Time until the second set after an advertisement of lower priority.',
  { default: 'vrrp_garp_lower_prio_delay' },
);
export const GARP_LOWER_PRIO_REPEAT = keyword(
  'garp_lower_prio_repeat',
  REPEAT,
  'Messages per address in each set after an advertisement of lower priority.',
  { default: 'vrrp_garp_lower_prio_repeat' },
);
export const GARP_MASTER_REFRESH = keyword('garp_master_refresh', SECONDS, 'Interval of sets while master; 0: none.', {
  default: 'vrrp_garp_master_refresh',
});
export const GARP_MASTER_REFRESH_REPEAT = keyword(
  'garp_master_refresh_repeat',
  REPEAT,
  'Messages per address in each of those sets.',
  { default: 'vrrp_garp_master_refresh_repeat' },
);
export const GARP_EXTRA_IF = keyword(
  'garp_extra_if',
  [optionWord('all'), integer('seconds', { min: 0, max: 86_400 })],
  'Interval of messages on other interfaces of addresses while master, with a virtual MAC or all of them; 0: none.',
  { default: 'vrrp_garp_extra_if' },
);

export const VIRTUAL_ROUTES = keyword('virtual_routes', [], 'Routes that the master holds.', {
  block: { kind: 'lines', line: ROUTE_LINE, options: VIRTUAL_ROUTE_OPTIONS },
  repeat: 'list',
});
export const VIRTUAL_RULES = keyword('virtual_rules', [], 'Rules that the master holds.', {
  block: { kind: 'lines', line: RULE_LINE, options: VIRTUAL_RULE_OPTIONS },
  repeat: 'list',
});
export const NATIVE_IPV6 = keyword('native_ipv6', [], 'Makes the instance an IPv6 one.', {
  deprecated: 'the addresses say it: remove the keyword',
});
export const INSTANCE_TABLE = new KeywordTable('vrrp_instance', [
  STATE,
  INTERFACE,
  VIRTUAL_ROUTER_ID,
  PRIORITY,
  ADVERT_INT,
  VERSION,
  NOPREEMPT,
  PREEMPT,
  PREEMPT_DELAY,
  DEBUG,
  AUTHENTICATION,
  AUTH_HMAC,
  ...UNICAST_KEYWORDS,
  ...ELECTION_KEYWORDS,
  VIRTUAL_IPADDRESS,
  VIRTUAL_IPADDRESS_EXCLUDED,
  DONT_TRACK_PRIMARY,
  MCAST_SRC_IP,
  MCAST_DST_IP,
  GARP_MASTER_DELAY,
  GARP_MASTER_REPEAT,
  GARP_LOWER_PRIO_DELAY,
  GARP_LOWER_PRIO_REPEAT,
  GARP_MASTER_REFRESH,
  GARP_MASTER_REFRESH_REPEAT,
  GARP_EXTRA_IF,
  ...TRACK_KEYWORDS,
  ...INSTANCE_NOTIFY_KEYWORDS,
  ...VIRTUAL_LINK_KEYWORDS,
  NATIVE_IPV6,
  VIRTUAL_ROUTES,
  VIRTUAL_RULES,
  INSTANCE_LINKBEAT,
  keyword(
    'lvs_sync_daemon_interface',
    [interfaceName()],
    'Copies the connections of IPVS while this instance is MASTER.',
    {
      deprecated: 'use lvs_sync_daemon in global_defs',
    },
  ),
]);
