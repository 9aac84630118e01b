/** What vrrpd understands: one table per kind of block. */
import { interfaceName, timer, word } from '../../shared/config/argument.js';
import { KeywordTable, keyword, pending } from '../../shared/config/keyword.js';
import { STATIC_ADDRESS_OPTIONS } from './keywords/address.js';
import { INSTANCE_TABLE } from './keywords/instance.js';
import { ROUTE_LINE, STATIC_ROUTE_OPTIONS } from './keywords/route.js';
import { RULE_LINE, STATIC_RULE_OPTIONS } from './keywords/rule.js';
import { SYNC_GROUP_TABLE } from './keywords/syncGroup.js';
import { TRACK_DEFINITIONS } from './keywords/tracking.js';

export const VRRP_INSTANCE = keyword('vrrp_instance', [word('name')], 'One virtual router on one interface.', {
  block: { kind: 'keywords', table: INSTANCE_TABLE },
  repeat: 'list',
});

export const VRRP_SYNC_GROUP = keyword('vrrp_sync_group', [word('name')], 'Instances that change state together.', {
  block: { kind: 'keywords', table: SYNC_GROUP_TABLE },
  repeat: 'list',
});

const GAP = [timer('seconds', { min: 0, max: 1000 })] as const;

export const GARP_GROUP_GARP_INTERVAL = keyword(
  'garp_interval',
  GAP,
  'Least time between two gratuitous ARP messages.',
);
export const GARP_GROUP_GNA_INTERVAL = keyword(
  'gna_interval',
  GAP,
  'Least time between two unsolicited neighbour advertisements.',
);
export const GARP_GROUP_INTERFACE = keyword('interface', [interfaceName()], 'The interface they hold for.');
export const GARP_GROUP_INTERFACES = keyword('interfaces', [], 'The interfaces they hold for together.', {
  block: { kind: 'lines', line: 'interface' },
});

const GARP_GROUP_TABLE = new KeywordTable('garp_group', [
  GARP_GROUP_GARP_INTERVAL,
  GARP_GROUP_GNA_INTERVAL,
  GARP_GROUP_INTERFACE,
  GARP_GROUP_INTERFACES,
]);

export const GARP_GROUP = keyword('garp_group', [], 'Pacing of gratuitous ARP on some interfaces.', {
  block: { kind: 'keywords', table: GARP_GROUP_TABLE },
  repeat: 'list',
});

export const TRACK_GROUP_MEMBERS = keyword('group', [], 'Instances that track it.', {
  block: { kind: 'lines', line: 'instance' },
  repeat: 'list',
});

export const TRACK_GROUP = keyword(
  'track_group',
  [word('name')],
  'Instances that track static addresses, routes or rules.',
  {
    block: { kind: 'keywords', table: new KeywordTable('track_group', [TRACK_GROUP_MEMBERS]) },
    repeat: 'list',
  },
);

const lines = (name: string, line: string, doc: string, options?: KeywordTable, make: typeof keyword = pending) =>
  make(name, [], doc, {
    block: { kind: 'lines', line, ...(options === undefined ? {} : { options }) },
    repeat: 'list',
  });

export const STATIC_IPADDRESS = lines(
  'static_ipaddress',
  'address[/prefix] [dev interface] [brd address|+|-] …',
  'Addresses that are always there.',
  STATIC_ADDRESS_OPTIONS,
  keyword,
);
export const STATIC_ROUTES = lines(
  'static_routes',
  ROUTE_LINE,
  'Routes that are always there.',
  STATIC_ROUTE_OPTIONS,
  keyword,
);
export const STATIC_RULES = lines(
  'static_rules',
  RULE_LINE,
  'Rules that are always there.',
  STATIC_RULE_OPTIONS,
  keyword,
);
export const LINKBEAT_OPTIONS = new KeywordTable('a polled interface', [
  keyword('MII', [], 'Asks the MII registers.'),
  keyword('ETHTOOL', [], 'Asks with the ethtool call.'),
  keyword('IOCTL', [], 'Asks for the interface flags.'),
]);
export const LINKBEAT_INTERFACES = lines(
  'linkbeat_interfaces',
  'interface [MII|ETHTOOL|IOCTL]',
  'Interfaces whose link is polled once a second: by MII registers, else ethtool, else flags.',
  LINKBEAT_OPTIONS,
  keyword,
);
export const INTERFACE_UP_DOWN_DELAYS = lines(
  'interface_up_down_delays',
  'interface down_delay [up_delay]',
  'Time until a link that went down, or came up, counts as such, in seconds, at most 255.',
  undefined,
  keyword,
);

/** The top-level blocks of vrrpd. */
export const VRRP_TABLE = new KeywordTable('the VRRP configuration', [
  VRRP_INSTANCE,
  VRRP_SYNC_GROUP,
  ...TRACK_DEFINITIONS,
  GARP_GROUP,
  TRACK_GROUP,
  STATIC_IPADDRESS,
  STATIC_ROUTES,
  STATIC_RULES,
  LINKBEAT_INTERFACES,
  INTERFACE_UP_DOWN_DELAYS,
]);
