/** What vrrpd understands: one table per kind of block. */
import { decimal, interfaceName, word } from '../../shared/config/argument.js';
import { KeywordTable, keyword, pending } from '../../shared/config/keyword.js';
import { INSTANCE_TABLE } from './keywords/instance.js';
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

const GAP = [decimal('seconds', { min: 0, max: 1000 })] as const;

const GARP_GROUP_TABLE = new KeywordTable('garp_group', [
  pending('garp_interval', GAP, 'Least time between two gratuitous ARP messages.'),
  pending('gna_interval', GAP, 'Least time between two unsolicited neighbour advertisements.'),
  pending('interface', [interfaceName()], 'The interface they hold for.'),
  pending('interfaces', [], 'The interfaces they hold for together.', { block: { kind: 'lines', line: 'interface' } }),
]);

const TRACK_GROUP_TABLE = new KeywordTable('track_group', [
  pending('group', [], 'Instances that track it.', { block: { kind: 'lines', line: 'instance' }, repeat: 'list' }),
]);

const lines = (name: string, line: string, doc: string) =>
  pending(name, [], doc, { block: { kind: 'lines', line }, repeat: 'list' });

/** The top-level blocks of vrrpd. */
export const VRRP_TABLE = new KeywordTable('the VRRP configuration', [
  VRRP_INSTANCE,
  VRRP_SYNC_GROUP,
  ...TRACK_DEFINITIONS,
  pending('garp_group', [], 'Pacing of gratuitous ARP on some interfaces.', {
    block: { kind: 'keywords', table: GARP_GROUP_TABLE },
    repeat: 'list',
  }),
  pending('track_group', [word('name')], 'Instances that track static addresses, routes or rules.', {
    block: { kind: 'keywords', table: TRACK_GROUP_TABLE },
    repeat: 'list',
  }),
  lines('static_ipaddress', 'address', 'Addresses that are always there.'),
  lines('static_routes', 'route', 'Routes that are always there.'),
  lines('static_rules', 'rule', 'Rules that are always there.'),
  lines('linkbeat_interfaces', 'interface [MII|ETHTOOL|IOCTL]', 'Interfaces whose link is polled.'),
  lines('interface_up_down_delays', 'interface down_delay [up_delay]', 'Debouncing of link changes.'),
]);
