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
import { KeywordTable, keyword } from '../../../shared/config/keyword.js';
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

export const ROUTE_TO = keyword('to', [networkPrefix('destination')], 'Destination; the word may be left out.');
export const ROUTE_VIA = keyword('via', [FAMILY, address('gateway')], 'Next router.');
export const ROUTE_GW = keyword('gw', [FAMILY, address('gateway')], 'Next router.', { deprecated: "use 'via'" });
export const ROUTE_OR = keyword('or', [FAMILY, address('gateway')], 'A second next router.', {
  deprecated: "use 'nexthop'",
});
export const ROUTE_SRC = keyword('src', [address('address')], 'Source address of packets that take the route.');
export const ROUTE_DEV = keyword('dev', [interfaceName()], 'Interface.', { aliases: ['oif'] });
export const ROUTE_NEXTHOP = keyword(
  'nexthop',
  [],
  'Begins one of several next routers, with its own via, dev, weight, onlink.',
);
export const ROUTE_INET = keyword('inet', [], 'The route is an IPv4 one.');
export const ROUTE_INET6 = keyword('inet6', [], 'The route is an IPv6 one.');
export const ROUTE_NO_TRACK = keyword('no_track', [], 'Its removal by others does not matter.');
export const TRACK_GROUP_OPTION = keyword('track_group', [word('track_group')], 'Whose instances need it.');

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
  keyword('as', [optional(word('to')), word('label')], 'For MPLS destinations only; ignored.'),
  keyword('weight', [integer('weight', { min: 1, max: 256 })], 'Share of a nexthop.'),
  keyword('onlink', [], 'The gateway is on the link, whatever its address looks like.'),
  keyword('table', [word('table')], 'Routing table: a number or a name.', { default: 'main' }),
  keyword('tos', [word('tos')], 'Type of service it is for.', { aliases: ['dsfield'] }),
  keyword('metric', [number()], 'Preference: the lowest wins.', { aliases: ['priority', 'preference'] }),
  keyword('scope', [word('scope')], 'global, site, link, host, nowhere or a number.'),
  keyword('protocol', [word('protocol')], 'Who put it there: a number or a name.', { default: 'keepalived' }),
  keyword('mtu', [LOCK, number('bytes')], 'Largest packet.'),
  keyword('hoplimit', [integer('hops', { min: 0, max: 255 })], 'Hop limit of packets.'),
  keyword('advmss', [LOCK, number('bytes')], 'Segment size that TCP announces.'),
  keyword('rtt', [LOCK, word('time')], 'First guess of the round trip time.'),
  keyword('rttvar', [LOCK, word('time')], 'First guess of its variance.'),
  keyword('reordering', [LOCK, number()], 'Reordering that TCP takes for normal.'),
  keyword('window', [number('bytes')], 'Largest window TCP announces.'),
  keyword('cwnd', [LOCK, number()], 'Clamp of the congestion window.'),
  keyword('ssthresh', [LOCK, number()], 'First slow start threshold.'),
  keyword('realms', [word('realms')], 'Realm, or source and destination realm with a slash.'),
  keyword('rto_min', [LOCK, word('time')], 'Shortest retransmission timeout.'),
  keyword('initcwnd', [number()], 'First congestion window.'),
  keyword('initrwnd', [number()], 'First receive window.'),
  keyword('features', [choice('feature', ['ecn'])], 'Features of the connection.'),
  keyword('quickack', [integer('on', { min: 0, max: 1 })], 'Acknowledges at once.'),
  keyword('congctl', [LOCK, word('algorithm')], 'Congestion control algorithm.'),
  keyword('pref', [choice('preference', ['low', 'medium', 'high'])], 'Preference of an IPv6 router.'),
  keyword('expires', [integer('seconds', { ...U32, unit: 's' })], 'Lifetime of an IPv6 route.'),
  keyword(
    'encap',
    [choice('type', ['mpls', 'ip', 'ip6', 'ila']), optional(LABELS)],
    'Encapsulation; mpls and ila with labels.',
  ),
  keyword('id', [word('id')], 'Tunnel key of encap.'),
  keyword('dst', [address('address')], 'Other end of encap.'),
  keyword('ttl', [integer('hops', { min: 0, max: 255 })], 'TTL of encap.'),
  keyword('tc', [integer('class', { min: 0, max: 255 })], 'Traffic class of encap ip6.'),
  keyword('flags', [word('flags')], 'Flags of encap.'),
  keyword('ttl-propagate', [choice('propagate', ['enabled', 'disabled'])], 'Passes the TTL on into MPLS.'),
  keyword('fastopen_no_cookie', [integer('on', { min: 0, max: 1 })], 'TCP Fast Open without cookie.'),
  keyword('vrf', [interfaceName('vrf')], 'VRF whose table it goes into.'),
  keyword('append', [], 'After routes that match, not before them.'),
  keyword('add', [], 'Only when there is no route that matches.'),
];

/** Options of a line of `virtual_routes`. */
export const VIRTUAL_ROUTE_OPTIONS = new KeywordTable('a route', [...OPTIONS, ROUTE_NO_TRACK]);
/** Options of a line of `static_routes`. */
export const STATIC_ROUTE_OPTIONS = new KeywordTable('a static route', [...OPTIONS, TRACK_GROUP_OPTION]);

export const ROUTE_LINE =
  '[type] [to] prefix|default [src address] [via [inet|inet6] address] [dev interface] [table table] …';
