import type { KeywordTable } from '../../../shared/config/keyword.js';
import { type OptionUse, readLineOptions } from '../../../shared/config/lineOptions.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import type { RoutingNames } from '../../../shared/config/routingNames.js';
import type { Statement, Word } from '../../../shared/config/tree.js';
import { formatIpAddress, type IpAddress } from '../../../shared/net/address.js';
import { reportFamilies } from '../checks/family.js';
import { type NetworkPrefix, parseNetworkPrefix } from '../keywords/prefix.js';
import { ROUTE_TYPES } from '../keywords/route.js';
import type { HopConfig, RouteConfig } from '../routingModel.js';
import { EncapDraft } from './encap.js';
import { readNamed, readRealms, readRouteTime } from './routeNumbers.js';

/** RTN_* of linux/rtnetlink.h by the names of ip-route(8). */
const TYPES: Readonly<Record<string, number>> = {
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
  nat: 10,
};
/** RT_SCOPE_* a type needs; keepalived leaves it at global, which the kernel refuses for these. */
const SCOPES: Readonly<Record<string, number>> = { local: 254, nat: 254, broadcast: 253, anycast: 253 };

const RT_TABLE_MAIN = 254;
const RT_TABLE_LOCAL = 255;
/** RTPROT_KEEPALIVED: by it keepalived and we know our own routes again. */
export const RTPROT_KEEPALIVED = 18;

/** RTAX_* by option; a time with its units per millisecond (linux/rtnetlink.h). */
const METRICS: Readonly<Record<string, { readonly type: number; readonly perMs?: number }>> = {
  mtu: { type: 2 },
  window: { type: 3 },
  rtt: { type: 4, perMs: 8 },
  rttvar: { type: 5, perMs: 4 },
  ssthresh: { type: 6 },
  cwnd: { type: 7 },
  advmss: { type: 8 },
  reordering: { type: 9 },
  hoplimit: { type: 10 },
  initcwnd: { type: 11 },
  features: { type: 12 },
  rto_min: { type: 13, perMs: 1 },
  initrwnd: { type: 14 },
  quickack: { type: 15 },
  fastopen_no_cookie: { type: 17 },
};
const RTAX_RTO_MIN = 13;
const RTAX_CC_ALGO = 16;
const RTAX_FEATURE_ECN = 1;
/** RFC 4191 2.1. */
const PREFERENCES: Readonly<Record<string, number>> = { medium: 0, high: 1, low: 3 };

/** A finding that leaves the line whole. */
const HARMLESS: ReadonlySet<string> = new Set(['deprecated', 'ignored', 'no-way', 'no-preference']);

/** True when a line has been found faulty since there were `count` findings. */
export const hasProblemsSince = (report: Reporter, count: number): boolean =>
  report.diagnostics.slice(count).some(({ code }) => !HARMLESS.has(code));

type Draft<T> = { -readonly [Name in keyof T]?: T[Name] };
type HopDraft = Omit<Draft<HopConfig>, 'encap'> & { encap?: EncapDraft };

/** Reads one line of `virtual_routes` or `static_routes`; undefined when it is wrong, which is reported. */
export function readRoute(
  { words }: Statement,
  options: KeywordTable,
  names: RoutingNames,
  report: Reporter,
): RouteConfig | undefined {
  const [first] = words;
  if (first === undefined) return undefined;
  const count = report.diagnostics.length;
  const reader = new RouteReader(first, names, report);
  for (const use of readLineOptions(words, options, report, (word) => reader.positional(word))) reader.take(use);
  // What is wrong already has been said; that the rest makes no sense without it need not be.
  if (hasProblemsSince(report, count)) return undefined;
  const route = reader.finish(words.map(({ text }) => text).join(' '));
  return hasProblemsSince(report, count) ? undefined : route;
}

/** Takes the options of a line in their order: what stands after `nexthop` and `encap` belongs to those. */
class RouteReader {
  readonly #first: Word;
  readonly #names: RoutingNames;
  readonly #report: Reporter;
  readonly #base: HopDraft = {};
  readonly #hops: HopDraft[] = [];
  readonly #others: IpAddress[] = [];
  readonly #families: (4 | 6 | undefined)[] = [];
  readonly #metrics = new Map<number, number>();
  readonly #draft: Draft<RouteConfig> = {};
  #type: Word | undefined;
  #destination: NetworkPrefix | undefined;
  #encap: EncapDraft | undefined;
  #lock = 0;
  #protocol: { readonly value: number; readonly word: Word } | undefined;

  constructor(first: Word, names: RoutingNames, report: Reporter) {
    this.#first = first;
    this.#names = names;
    this.#report = report;
  }

  /** A word that is no option: the type, or the destination. */
  positional(word: Word): boolean {
    if (this.#type === undefined && this.#destination === undefined && ROUTE_TYPES.has(word.text)) {
      this.#type = word;
      return true;
    }
    if (this.#destination !== undefined) return false;
    this.#destination = parseNetworkPrefix(word.text);
    return this.#destination !== undefined;
  }

  take(use: OptionUse): void {
    const { spec, keyword, values } = use;
    if (this.#encap?.takes(spec.name) === true) {
      this.#encap.take(use, this.#names, this.#report);
      return;
    }
    this.#encap = undefined;
    const metric = METRICS[spec.name];
    if (metric !== undefined) {
      this.#takeMetric(use, metric);
      return;
    }
    const hop = this.#hops.at(-1) ?? this.#base;
    const [value, second] = values;
    switch (spec.name) {
      case 'to':
        this.#destination = value as NetworkPrefix;
        return;
      case 'via':
      case 'gw':
        hop.gateway = this.#gateway(use);
        return;
      case 'or':
        this.#others.push(this.#gateway(use));
        return;
      case 'src':
        this.#draft.source = value as IpAddress;
        this.#families.push(this.#draft.source.family);
        return;
      case 'dev':
        hop.dev = value as string;
        return;
      case 'nexthop':
        this.#hops.push({});
        return;
      case 'weight':
        if (this.#hops.length === 0) this.#fault(keyword, "'weight' belongs to a nexthop");
        hop.weight = value as number;
        return;
      case 'onlink':
        hop.onlink = true;
        return;
      case 'realms':
        this.#set('realms', readRealms(value as string, this.#names, keyword, this.#report), hop);
        return;
      case 'encap':
        this.#encap = EncapDraft.start(use, this.#report);
        if (this.#encap !== undefined) hop.encap = this.#encap;
        return;
      case 'inet':
      case 'inet6':
        this.#families.push(spec.name === 'inet' ? 4 : 6);
        return;
      case 'as':
        this.#report.warning(keyword, 'ignored', "'as' is for MPLS destinations only and is ignored");
        return;
      case 'table':
      case 'scope':
        this.#set(spec.name, readNamed(spec.name, value as string, this.#names, keyword, this.#report), this.#draft);
        return;
      case 'tos':
        this.#set('tos', readNamed('dsfield', value as string, this.#names, keyword, this.#report), this.#draft);
        return;
      case 'metric':
        this.#draft.metric = value as number;
        return;
      case 'protocol': {
        const number = readNamed('protocol', value as string, this.#names, keyword, this.#report);
        if (number !== undefined) this.#protocol = { value: number, word: keyword };
        return;
      }
      case 'congctl':
        if (value !== undefined) this.#lock |= 1 << RTAX_CC_ALGO;
        this.#draft.congestionControl = second as string;
        return;
      case 'pref':
        this.#draft.preference = PREFERENCES[value as string] ?? 0;
        return;
      case 'expires':
        this.#draft.expires = value as number;
        return;
      case 'ttl-propagate':
        this.#draft.ttlPropagate = value === 'enabled';
        return;
      case 'vrf':
        this.#draft.vrf = value as string;
        return;
      case 'append':
      case 'add':
        this.#draft.placement = spec.name;
        return;
      case 'no_track':
        this.#draft.noTrack = true;
        return;
      case 'track_group':
        this.#draft.trackGroup = value as string;
        return;
      default:
        this.#fault(keyword, `'${keyword.text}' belongs to encap`);
    }
  }

  finish(text: string): RouteConfig | undefined {
    const to = this.#destination;
    if (to === undefined) {
      const message = 'a route needs a destination such as 192.0.2.0/24 or default';
      this.#report.tolerable(this.#first, 'missing-argument', message);
      return undefined;
    }
    this.#families.push(to.address?.family);
    if (!reportFamilies('a route', this.#first, this.#families, this.#report)) return undefined;
    const hops = this.#ways();
    if (hops.length === 0 && (this.#type?.text ?? 'unicast') === 'unicast') {
      const message = `the route to ${this.#first.text} has neither via nor dev; the kernel refuses it`;
      this.#report.warning(this.#first, 'no-way', message, 'add dev or via');
    }
    const family = this.#families.find((one) => one !== undefined) ?? hops[0]?.gateway?.family ?? 4;
    const type = this.#type?.text ?? 'unicast';
    const placement = this.#draft.placement ?? (this.#type === undefined ? 'prepend' : 'add');
    const { table, scope, noTrack, ...draft } = this.#draft;
    return {
      ...draft,
      family,
      type: TYPES[type] ?? 1,
      ...this.#masked(to),
      prefixLength: to.prefixLength,
      table: table ?? (type === 'local' || type === 'broadcast' || type === 'anycast' ? RT_TABLE_LOCAL : RT_TABLE_MAIN),
      protocol: this.#protocolNumber(noTrack === true),
      scope: scope ?? SCOPES[type] ?? 0,
      metrics: [...this.#metrics].sort(([left], [right]) => left - right).map(([key, value]) => ({ type: key, value })),
      lock: this.#lock >>> 0,
      hops,
      placement,
      noTrack: noTrack === true,
      text,
      position: this.#report.position(this.#first),
    };
  }

  #gateway({ values: [family, address] }: OptionUse): IpAddress {
    const gateway = address as IpAddress;
    // `via inet6`: of another family than the route.
    if (family === undefined) this.#families.push(gateway.family);
    return gateway;
  }

  #takeMetric({ spec, keyword, values }: OptionUse, { type, perMs }: { type: number; perMs?: number }): void {
    const lockable = spec.arguments.length === 2;
    const value = lockable ? values[1] : values[0];
    // The kernel looks at rto_min only when it is locked (tcp_rto_min), so ip(8) locks it too.
    if ((lockable && values[0] !== undefined) || type === RTAX_RTO_MIN) this.#lock |= 1 << type;
    const number =
      perMs !== undefined
        ? readRouteTime(value as string, perMs, keyword, this.#report)
        : value === 'ecn'
          ? RTAX_FEATURE_ECN
          : (value as number);
    if (number !== undefined) this.#metrics.set(type, number);
  }

  /** The ways, whichever of the three forms they were written in. */
  #ways(): HopConfig[] {
    const hops = this.#hops.map(finishHop);
    const base = finishHop(this.#base);
    if (hops.length > 0) {
      if (base.gateway !== undefined || base.dev !== undefined || this.#others.length > 0) {
        this.#fault(this.#first, "a route has either via and dev or nexthops: write 'dev' after each 'nexthop'");
      }
      return hops.map((hop) => ({ ...(base.realms === undefined ? {} : { realms: base.realms }), ...hop }));
    }
    const others = this.#others.map((gateway) => ({ ...base, gateway }));
    if (others.length > 0) return base.gateway === undefined ? others : [base, ...others];
    return Object.keys(base).length === 0 ? [] : [base];
  }

  #masked({ address, prefixLength }: NetworkPrefix): { readonly destination?: IpAddress } {
    if (address === undefined || prefixLength === 0) return {};
    const bytes = address.bytes.map(
      (byte, index) => byte & ~(0xff >> Math.min(8, Math.max(0, prefixLength - index * 8))),
    );
    if (bytes.some((byte, index) => byte !== address.bytes[index])) {
      const network = formatIpAddress({ family: address.family, bytes });
      const message = `bits behind the prefix length are left out: the route goes to ${network}/${prefixLength}`;
      this.#report.warning(this.#first, 'ignored', message);
    }
    return { destination: { family: address.family, bytes } };
  }

  #protocolNumber(noTrack: boolean): number {
    const given = this.#protocol;
    if (given === undefined || given.value === RTPROT_KEEPALIVED) return RTPROT_KEEPALIVED;
    if (noTrack) return given.value;
    const message = `a route that is watched has protocol ${RTPROT_KEEPALIVED} (keepalived); '${given.word.text}' is ignored`;
    this.#report.warning(given.word, 'ignored', message, 'add no_track to keep the protocol');
    return RTPROT_KEEPALIVED;
  }

  #set<Name extends string>(name: Name, value: number | undefined, draft: { [Key in Name]?: number }): void {
    if (value !== undefined) draft[name] = value;
  }

  #fault(word: Word, message: string): void {
    this.#report.tolerable(word, 'bad-value', message);
  }
}

function finishHop({ encap, ...hop }: HopDraft): HopConfig {
  const wrapped = encap?.finish();
  return wrapped === undefined ? hop : { ...hop, encap: wrapped };
}
