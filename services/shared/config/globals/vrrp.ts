/** `global_defs`: defaults of VRRP instances and settings of vrrpd. */
import { address, choice, either, flag, integer, interfaceName, optionWord, timer } from '../argument.js';
import { keyword } from '../keyword.js';
import { FIREWALL_KEYWORDS } from './firewall.js';
import { netlinkBufferKeywords } from './netlinkBuffers.js';

const REPEAT = [integer('count', { min: 0, max: 2 ** 31 - 1 })] as const;
const SECONDS = [integer('seconds', { min: 0, max: 4294 })] as const;
const GAP = [timer('seconds', { min: 0, max: 1000 })] as const;
/** What `vrrp_rx_bufs_policy` says. */
const RECEIVE_BUFFER_POLICY = either(
  choice('policy', ['MTU', 'ADVERT'], { ignoreCase: true }),
  integer('bytes', { min: 1, max: 2 ** 31 - 1 }),
);

/** IPSET_MAXNAMELEN of linux/netfilter/ipset/ip_set.h, without the NUL. */
export const VRRP_MCAST_GROUP4 = keyword(
  'vrrp_mcast_group4',
  [address('address', { family: 4, multicast: true })],
  'Multicast group of IPv4 advertisements.',
  { default: '224.0.0.18' },
);
export const VRRP_MCAST_GROUP6 = keyword(
  'vrrp_mcast_group6',
  [address('address', { family: 6, multicast: true })],
  'Multicast group of IPv6 advertisements.',
  { default: 'ff02::12' },
);
export const VRRP_VERSION = keyword('vrrp_version', [choice('version', ['2', '3'])], 'VRRP version of instances.', {
  default: '2; IPv6 instances always use 3',
});
export const VRRP_GARP_MASTER_DELAY = keyword(
  'vrrp_garp_master_delay',
  SECONDS,
  'Time until the second set of gratuitous ARP messages after becoming master; 0: no second set.',
  { default: '5' },
);
export const VRRP_GARP_MASTER_REPEAT = keyword(
  'vrrp_garp_master_repeat',
  REPEAT,
  'Messages per address in each set after becoming master.',
  { default: '5' },
);
export const VRRP_GARP_LOWER_PRIO_DELAY = keyword(
  'vrrp_garp_lower_prio_delay',
  SECONDS,
  'Time until the second set after an advertisement of lower priority.',
  { default: 'vrrp_garp_master_delay' },
);
export const VRRP_GARP_LOWER_PRIO_REPEAT = keyword(
  'vrrp_garp_lower_prio_repeat',
  REPEAT,
  'Messages per address in each set after an advertisement of lower priority.',
  { default: 'vrrp_garp_master_repeat' },
);
export const VRRP_GARP_MASTER_REFRESH = keyword(
  'vrrp_garp_master_refresh',
  SECONDS,
  'Interval of the sets that a master sends all the time; 0: none.',
  { default: '0' },
);
export const VRRP_GARP_MASTER_REFRESH_REPEAT = keyword(
  'vrrp_garp_master_refresh_repeat',
  REPEAT,
  'Messages per address in each of those sets.',
  { default: '1' },
);
export const VRRP_GARP_INTERVAL = keyword(
  'vrrp_garp_interval',
  GAP,
  'Least time between two gratuitous ARP messages.',
  {
    default: '0',
  },
);
export const VRRP_GNA_INTERVAL = keyword(
  'vrrp_gna_interval',
  GAP,
  'Least time between two unsolicited neighbour advertisements.',
  { default: '0' },
);
export const VRRP_GARP_EXTRA_IF = keyword(
  'vrrp_garp_extra_if',
  [optionWord('all'), integer('seconds', { min: 0, max: 86_400 })],
  'Interval of messages on other interfaces of addresses while master, with a virtual MAC or all of them; 0: none.',
  { default: '0' },
);
export const VRRP_MIN_GARP = keyword('vrrp_min_garp', [flag()], 'One gratuitous ARP message, and no second set.');
export const VRRP_STARTUP_DELAY = keyword(
  'vrrp_startup_delay',
  [timer('seconds', { min: 0, max: 1000 })],
  'Time after the start before instances begin.',
  { default: '0' },
);

export const VRRP_DOWN_TIMER_ADVERTS = keyword(
  'vrrp_down_timer_adverts',
  [integer('count', { min: 1, max: 100 })],
  'Default of down_timer_adverts.',
  { default: '3', since: '2.2.5' },
);
export const VRRP_LOWER_PRIO_NO_ADVERT = keyword(
  'vrrp_lower_prio_no_advert',
  [flag()],
  'Does not answer an advertisement of lower priority.',
);
export const VRRP_HIGHER_PRIO_SEND_ADVERT = keyword(
  'vrrp_higher_prio_send_advert',
  [flag()],
  'Advertises once more before yielding.',
);
export const VRRP_CHECK_UNICAST_SRC = keyword(
  'vrrp_check_unicast_src',
  [],
  'Drops unicast advertisements of others than the peers.',
);
export const VRRP_SKIP_CHECK_ADV_ADDR = keyword(
  'vrrp_skip_check_adv_addr',
  [flag()],
  'Does not compare the addresses in advertisements of the same master again.',
);
export const VRRP_STRICT = keyword('vrrp_strict', [flag()], 'Enforces the RFCs.');
export const V3_CHECKSUM_AS_V2 = keyword(
  'v3_checksum_as_v2',
  [flag()],
  'Sends version 3 over IPv4 with a checksum of the message only, as RFC 9568 has it.',
  { since: '2.2.8' },
);
export const VRRP_DELAY_AFTER_BOOT = keyword(
  'vrrp_delay_after_boot',
  [timer('seconds', { min: 0, max: 1000 })],
  'Time after boot before instances begin.',
  { default: '0', since: '2.4.0' },
);
export const DEFAULT_INTERFACE = keyword(
  'default_interface',
  [interfaceName()],
  'Interface of addresses without one, where their instance has none either.',
  { default: 'eth0' },
);
export const LOG_UNKNOWN_VRIDS = keyword(
  'log_unknown_vrids',
  [],
  'Logs advertisements of VRIDs that are not configured.',
);
export const VRRP_RX_BUFS_POLICY = keyword(
  'vrrp_rx_bufs_policy',
  [RECEIVE_BUFFER_POLICY],
  'Size of receive buffers, for each instance on a socket: MTU of the interface, length of an advertisement, or bytes.',
  { default: '4 MiB a socket' },
);
export const VRRP_RX_BUFS_MULTIPLIER = keyword(
  'vrrp_rx_bufs_multiplier',
  [integer('count', { min: 1, max: 65536 })],
  'Multiplier of that size.',
  { default: '3' },
);

export const VRRP_NOTIFY_PRIORITY_CHANGES = keyword(
  'vrrp_notify_priority_changes',
  [flag()],
  'Writes changes of priority of all instances to the FIFOs, as MASTER_PRIORITY or BACKUP_PRIORITY.',
  { default: 'off' },
);

export const DYNAMIC_INTERFACES = keyword(
  'dynamic_interfaces',
  [optionWord('allow_if_changes')],
  'Lets interfaces be absent at the start: their instances wait in FAULT until they appear.',
);
export const DISABLE_LOCAL_IGMP = keyword(
  'disable_local_igmp',
  [],
  'Sends no IGMP reports for 224.0.0.0/24: sets the sysctl igmp_link_local_mcast_reports, and puts it back at the end.',
);

export const VRRP_KEYWORDS = [
  VRRP_MCAST_GROUP4,
  VRRP_MCAST_GROUP6,
  VRRP_VERSION,
  VRRP_GARP_MASTER_DELAY,
  VRRP_GARP_MASTER_REPEAT,
  VRRP_GARP_LOWER_PRIO_DELAY,
  VRRP_GARP_LOWER_PRIO_REPEAT,
  VRRP_GARP_MASTER_REFRESH,
  VRRP_GARP_MASTER_REFRESH_REPEAT,
  VRRP_GARP_INTERVAL,
  VRRP_GNA_INTERVAL,
  VRRP_MIN_GARP,
  VRRP_STARTUP_DELAY,
  VRRP_GARP_EXTRA_IF,
  VRRP_DOWN_TIMER_ADVERTS,
  VRRP_LOWER_PRIO_NO_ADVERT,
  VRRP_HIGHER_PRIO_SEND_ADVERT,
  VRRP_CHECK_UNICAST_SRC,
  VRRP_SKIP_CHECK_ADV_ADDR,
  VRRP_STRICT,
  V3_CHECKSUM_AS_V2,
  VRRP_DELAY_AFTER_BOOT,
  DEFAULT_INTERFACE,
  LOG_UNKNOWN_VRIDS,
  VRRP_RX_BUFS_POLICY,
  VRRP_RX_BUFS_MULTIPLIER,
  VRRP_NOTIFY_PRIORITY_CHANGES,
  DYNAMIC_INTERFACES,
  DISABLE_LOCAL_IGMP,
  ...FIREWALL_KEYWORDS,
  ...netlinkBufferKeywords('vrrp'),
];
