/** What may stand in a line of `virtual_rules` and `static_rules`: the options of ip-rule(8) that keepalived reads. */
import { choice, integer, interfaceName, word } from '../../../shared/config/argument.js';
import { KeywordTable, pending } from '../../../shared/config/keyword.js';
import { networkPrefix } from './prefix.js';
import { ROUTE_INET, ROUTE_INET6, ROUTE_NO_TRACK, TRACK_GROUP_OPTION } from './route.js';

const U32 = { min: 0, max: 2 ** 32 - 1 } as const;
const ACTIONS = ['blackhole', 'prohibit', 'unreachable', 'nop'] as const;

export const RULE_FROM = pending('from', [networkPrefix('network')], 'Source.');
export const RULE_TO = pending('to', [networkPrefix('network')], 'Destination.');
export const RULE_PREFERENCE = pending('preference', [integer('number', U32)], 'Place among the rules: lowest first.', {
  aliases: ['priority', 'order'],
});
export const RULE_TABLE = pending('table', [word('table')], 'Routing table to look in.', { aliases: ['lookup'] });
export const RULE_GOTO = pending('goto', [integer('preference', U32)], 'Rule to go on with.');
export const RULE_L3MDEV = pending('l3mdev', [], 'Table of the VRF.');
export const RULE_TYPE = pending('type', [choice('action', ACTIONS)], 'What to do with the packets.');
/** Actions without a value, which may stand alone. */
export const RULE_ACTIONS = ACTIONS.map((name) => pending(name, [], `Same as type ${name}.`));

const OPTIONS = [
  RULE_FROM,
  RULE_TO,
  RULE_PREFERENCE,
  RULE_TABLE,
  RULE_GOTO,
  RULE_L3MDEV,
  RULE_TYPE,
  ...RULE_ACTIONS,
  ROUTE_INET,
  ROUTE_INET6,
  pending('not', [], 'Matches everything else.'),
  pending('iif', [interfaceName()], 'Interface the packet came in on.', { aliases: ['dev'] }),
  pending('oif', [interfaceName()], 'Interface the socket is bound to.'),
  pending('tos', [word('tos')], 'Type of service.', { aliases: ['dsfield'] }),
  pending('fwmark', [word('mark[/mask]')], 'Firewall mark.'),
  pending('realms', [word('realms')], 'Realm, or source and destination realm with a slash.'),
  pending('suppress_prefixlength', [integer('length', { min: 0, max: 128 })], 'Rejects routes this short or shorter.'),
  pending('suppress_ifgroup', [word('group')], 'Rejects routes over interfaces of a group.'),
  pending('tun_id', [integer('id', U32)], 'Tunnel key.'),
  pending('uidrange', [word('first-last')], 'User ids of the socket.'),
  pending('protocol', [word('protocol')], 'Who put it there: a number or a name.', { default: 'keepalived' }),
  pending('ipproto', [word('protocol')], 'Protocol of the packet.', { aliases: ['ip_proto'] }),
  pending('sport', [word('first-last')], 'Source ports.'),
  pending('dport', [word('first-last')], 'Destination ports.'),
];

/** Options of a line of `virtual_rules`. */
export const VIRTUAL_RULE_OPTIONS = new KeywordTable('a rule', [...OPTIONS, ROUTE_NO_TRACK]);
/** Options of a line of `static_rules`. */
export const STATIC_RULE_OPTIONS = new KeywordTable('a static rule', [...OPTIONS, TRACK_GROUP_OPTION]);

export const RULE_LINE =
  '[from network] [to network] [iif interface] [preference number] table table|goto number|action …';
