/** What may stand in a line of `virtual_rules` and `static_rules`: the options of ip-rule(8) that keepalived reads. */
import { choice, integer, interfaceName, optional, word } from '../../../shared/config/argument.js';
import { KeywordTable, keyword } from '../../../shared/config/keyword.js';
import { networkPrefix } from './prefix.js';
import { ROUTE_INET, ROUTE_INET6, ROUTE_NO_TRACK, TRACK_GROUP_OPTION } from './route.js';

const U32 = { min: 0, max: 2 ** 32 - 1 } as const;
const ACTIONS = ['blackhole', 'prohibit', 'unreachable', 'nop'] as const;

export const RULE_FROM = keyword('from', [networkPrefix('network')], 'Source.');
export const RULE_TO = keyword('to', [networkPrefix('network')], 'Destination.');
export const RULE_PREFERENCE = keyword('preference', [integer('number', U32)], 'Place among the rules: lowest first.', {
  aliases: ['priority', 'order'],
});
export const RULE_TABLE = keyword('table', [word('table')], 'Routing table to look in.', { aliases: ['lookup'] });
export const RULE_GOTO = keyword('goto', [integer('preference', U32)], 'Rule to go on with.');
export const RULE_L3MDEV = keyword('l3mdev', [], 'Table of the VRF.');
export const RULE_TYPE = keyword(
  'type',
  [choice('action', [...ACTIONS, 'goto']), optional(integer('preference', U32))],
  'What to do with the packets.',
);
/** Actions without a value, which may stand alone. */
export const RULE_ACTIONS = ACTIONS.map((name) => keyword(name, [], `Same as type ${name}.`));

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
  keyword('not', [], 'Matches everything else.'),
  keyword('iif', [interfaceName()], 'Interface the packet came in on.', { aliases: ['dev'] }),
  keyword('oif', [interfaceName()], 'Interface the socket is bound to.'),
  keyword('tos', [word('tos')], 'Type of service.', { aliases: ['dsfield'] }),
  keyword('fwmark', [word('mark[/mask]')], 'Firewall mark.'),
  keyword('realms', [word('realms')], 'Realm, or source and destination realm with a slash.'),
  keyword('suppress_prefixlength', [integer('length', { min: 0, max: 128 })], 'Rejects routes this short or shorter.'),
  keyword('suppress_ifgroup', [word('group')], 'Rejects routes over interfaces of a group.'),
  keyword('tun_id', [integer('id', U32)], 'Tunnel key.'),
  keyword('uidrange', [word('first-last')], 'User ids of the socket.'),
  keyword('protocol', [word('protocol')], 'Who put it there: a number or a name.', { default: 'keepalived' }),
  keyword('ipproto', [word('protocol')], 'Protocol of the packet.', { aliases: ['ip_proto'] }),
  keyword('sport', [word('first-last')], 'Source ports.'),
  keyword('dport', [word('first-last')], 'Destination ports.'),
];

/** Options of a line of `virtual_rules`. */
export const VIRTUAL_RULE_OPTIONS = new KeywordTable('a rule', [...OPTIONS, ROUTE_NO_TRACK]);
/** Options of a line of `static_rules`. */
export const STATIC_RULE_OPTIONS = new KeywordTable('a static rule', [...OPTIONS, TRACK_GROUP_OPTION]);

export const RULE_LINE =
  '[from network] [to network] [iif interface] [preference number] table table|goto number|action …';
