/** What may stand in a line of `virtual_routes` and `static_routes`: the options of ip-route(8) that keepalived reads. */
import {
  type Argument,
  address,
  choice,
  integer,
  interfaceName,
  optional,
  word,
} from '../../../shared/config/argument.js';
import { KeywordTable, pending } from '../../../shared/config/keyword.js';
import { networkPrefix } from './prefix.js';

/** Kinds of routes besides the usual unicast one (ip-route(8), TYPE). */
export const ROUTE_TYPES: ReadonlySet<string> = new Set([
  'unicast',
  'local',
  'broadcast',
  'multicast',
  'throw',
  'unreachable',
  'prohibit',
  'blackhole',
  'nat',
]);

const U32 = { min: 0, max: 2 ** 32 - 1 } as const;
const number = (unit?: string): Argument<number> =>
  integer('number', { ...U32, ...(unit === undefined ? {} : { unit }) });
const FAMILY = optional(choice('family', ['inet', 'inet6']));
const LOCK = optional(choice('lock', ['lock']));

const LABELS: Argument<string> = {
  shape: { name: 'labels', type: 'word', optional: false, repeat: false },
  absent: '',
  read: (text) =>
    /^[0-9a-fA-F:/]+$/.test(text)
      ? { ok: true, value: text }
      : { ok: false, code: 'bad-value', message: `needs labels such as 100/200, not '${text}'` },
};

export const ROUTE_TO = pending('to', [networkPrefix('destination')], 'Destination; the word may be left out.');
export const ROUTE_VIA = pending('via', [FAMILY, address('gateway')], 'Next router.');
export const ROUTE_GW = pending('gw', [FAMILY, address('gateway')], 'Next router.', { deprecated: "use 'via'" });
export const ROUTE_OR = pending('or', [FAMILY, address('gateway')], 'A second next router.', {
  deprecated: "use 'nexthop'",
});
export const ROUTE_SRC = pending('src', [address('address')], 'Source address of packets that take the route.');
export const ROUTE_DEV = pending('dev', [interfaceName()], 'Interface.', { aliases: ['oif'] });
export const ROUTE_NEXTHOP = pending(
  'nexthop',
  [],
  'Begins one of several next routers, with its own via, dev, weight, onlink.',
);
export const ROUTE_INET = pending('inet', [], 'The route is an IPv4 one.');
export const ROUTE_INET6 = pending('inet6', [], 'The route is an IPv6 one.');
export const ROUTE_NO_TRACK = pending('no_track', [], 'Its removal by others does not matter.');
export const TRACK_GROUP_OPTION = pending('track_group', [word('track_group')], 'Whose instances need it.');

const OPTIONS = [
  ROUTE_TO,
  ROUTE_VIA,
  ROUTE_GW,
  ROUTE_OR,
  ROUTE_SRC,
  ROUTE_DEV,
  ROUTE_NEXTHOP,
  ROUTE_INET,
  ROUTE_INET6,
  pending('as', [optional(word('to')), word('label')], 'MPLS label to send with.'),
  pending('weight', [integer('weight', { min: 1, max: 256 })], 'Share of a nexthop.'),
  pending('onlink', [], 'The gateway is on the link, whatever its address looks like.'),
  pending('table', [word('table')], 'Routing table: a number or a name.', { default: 'main' }),
  pending('tos', [word('tos')], 'Type of service it is for.', { aliases: ['dsfield'] }),
  pending('metric', [number()], 'Preference: the lowest wins.', { aliases: ['priority', 'preference'] }),
  pending('scope', [word('scope')], 'global, site, link, host, nowhere or a number.'),
  pending('protocol', [word('protocol')], 'Who put it there: a number or a name.', { default: 'keepalived' }),
  pending('mtu', [LOCK, number('bytes')], 'Largest packet.'),
  pending('hoplimit', [integer('hops', { min: 0, max: 255 })], 'Hop limit of packets.'),
  pending('advmss', [LOCK, number('bytes')], 'Segment size that TCP announces.'),
  pending('rtt', [LOCK, word('time')], 'First guess of the round trip time.'),
  pending('rttvar', [LOCK, word('time')], 'First guess of its variance.'),
  pending('reordering', [LOCK, number()], 'Reordering that TCP takes for normal.'),
  pending('window', [number('bytes')], 'Largest window TCP announces.'),
  pending('cwnd', [LOCK, number()], 'Clamp of the congestion window.'),
  pending('ssthresh', [LOCK, number()], 'First slow start threshold.'),
  pending('realms', [word('realms')], 'Realm, or source and destination realm with a slash.'),
  pending('rto_min', [LOCK, word('time')], 'Shortest retransmission timeout.'),
  pending('initcwnd', [number()], 'First congestion window.'),
  pending('initrwnd', [number()], 'First receive window.'),
  pending('features', [choice('feature', ['ecn'])], 'Features of the connection.'),
  pending('quickack', [integer('on', { min: 0, max: 1 })], 'Acknowledges at once.'),
  pending('congctl', [LOCK, word('algorithm')], 'Congestion control algorithm.'),
  pending('pref', [choice('preference', ['low', 'medium', 'high'])], 'Preference of an IPv6 router.'),
  pending('expires', [integer('seconds', { ...U32, unit: 's' })], 'Lifetime of an IPv6 route.'),
  pending(
    'encap',
    [choice('type', ['mpls', 'ip', 'ip6', 'ila']), optional(LABELS)],
    'Encapsulation; mpls and ila with labels.',
  ),
  pending('id', [word('id')], 'Tunnel key of encap.'),
  pending('dst', [address('address')], 'Other end of encap.'),
  pending('ttl', [integer('hops', { min: 0, max: 255 })], 'TTL of encap.'),
  pending('flags', [word('flags')], 'Flags of encap.'),
  pending('ttl-propagate', [choice('propagate', ['enabled', 'disabled'])], 'Passes the TTL on into MPLS.'),
  pending('fastopen_no_cookie', [integer('on', { min: 0, max: 1 })], 'TCP Fast Open without cookie.'),
  pending('vrf', [interfaceName('vrf')], 'VRF whose table it goes into.'),
  pending('append', [], 'After routes that match, not before them.'),
  pending('add', [], 'Only when there is no route that matches.'),
];

/** Options of a line of `virtual_routes`. */
export const VIRTUAL_ROUTE_OPTIONS = new KeywordTable('a route', [...OPTIONS, ROUTE_NO_TRACK]);
/** Options of a line of `static_routes`. */
export const STATIC_ROUTE_OPTIONS = new KeywordTable('a static route', [...OPTIONS, TRACK_GROUP_OPTION]);

export const ROUTE_LINE =
  '[type] [to] prefix|default [src address] [via [inet|inet6] address] [dev interface] [table table] …';
