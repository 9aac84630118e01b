/** From configured routes and rules to what the kernel is asked for. Pure. */
import type { RouteGateway, RouteNexthop, RouteSpec, RuleSpec } from '../../shared/kernel/routing.js';
import type { IpAddress } from '../../shared/net/address.js';
import type { EncapConfig, HopConfig, RouteConfig, RuleConfig, RuleNetwork } from '../config/routingModel.js';

/** A route or a rule that is to be in the kernel. */
export type Wish =
  | { readonly kind: 'route'; readonly config: RouteConfig }
  | { readonly kind: 'rule'; readonly config: RuleConfig };

/** What the kernel is asked for, or the interface that is missing for it. */
export type Placing<Spec> =
  | { readonly ok: true; readonly spec: Spec }
  | { readonly ok: false; readonly missing: string };

/** What has to be known of interfaces. */
export interface InterfaceLookup {
  ifindexOf(name: string): number | undefined;
  /** The routing table of a VRF; undefined when it is none. */
  vrfTableOf(name: string): number | undefined;
}

/** The routes and rules of an instance, in the order of the file. */
export const wishesOf = (config: {
  readonly routes: readonly RouteConfig[];
  readonly rules: readonly RuleConfig[];
}): Wish[] => [
  ...config.routes.map((route): Wish => ({ kind: 'route', config: route })),
  ...config.rules.map((rule): Wish => ({ kind: 'rule', config: rule })),
];

/** Fields that say nothing about what is in the kernel. */
const ASIDE: ReadonlySet<string> = new Set(['text', 'position', 'noTrack', 'trackGroup', 'preferenceGiven']);

const keys = new WeakMap<RouteConfig | RuleConfig, string>();

/** Two wishes with one key are one entry of the kernel. A preference that was given out is no part of it. */
export function wishKey({ kind, config }: Wish): string {
  let key = keys.get(config);
  if (key === undefined) {
    const leaveOut = 'preferenceGiven' in config && !config.preferenceGiven ? 'preference' : undefined;
    const fields = Object.entries(config)
      .filter(([name]) => !ASIDE.has(name) && name !== leaveOut)
      .sort(([left], [right]) => (left < right ? -1 : 1));
    key = `${kind} ${JSON.stringify(fields, plain)}`;
    keys.set(config, key);
  }
  return key;
}

function plain(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  return value instanceof Uint8Array ? [...value] : value;
}

/** Interfaces that are named; when one is down the entry is of no use. */
export function devicesOf(wish: Wish): readonly string[] {
  if (wish.kind === 'route') return wish.config.hops.flatMap(({ dev }) => dev ?? []);
  const { iif, oif } = wish.config;
  return [iif, oif].filter((name) => name !== undefined);
}

/** `route 192.0.2.0/24 via 10.0.0.1 (keepalived.conf:12)`. */
export function wishText({ kind, config }: Wish): string {
  const { file, line } = config.position;
  return `${kind} ${config.text} (${file}:${line})`;
}

/** The route as the kernel takes it. */
export function routeSpec(config: RouteConfig, lookup: InterfaceLookup): Placing<RouteSpec> {
  const nexthops: RouteNexthop[] = [];
  for (const hop of config.hops) {
    const ifindex = hop.dev === undefined ? undefined : lookup.ifindexOf(hop.dev);
    if (hop.dev !== undefined && ifindex === undefined) return { ok: false, missing: hop.dev };
    nexthops.push(nexthop(hop, ifindex));
  }
  const table = config.vrf === undefined ? config.table : lookup.vrfTableOf(config.vrf);
  if (table === undefined) return { ok: false, missing: config.vrf ?? '' };
  const { family, type, destination, prefixLength, protocol, scope, metrics, lock, placement, source } = config;
  const { tos, metric, preference, expires, ttlPropagate, congestionControl } = config;
  return {
    ok: true,
    spec: {
      family,
      type,
      ...(destination === undefined ? {} : { destination: bytesOf(destination) }),
      prefixLength,
      table,
      protocol,
      scope,
      metrics,
      lock,
      placement,
      nexthops,
      ...(source === undefined ? {} : { source: bytesOf(source) }),
      ...(tos === undefined ? {} : { tos }),
      ...(metric === undefined ? {} : { metric }),
      ...(preference === undefined ? {} : { preference }),
      ...(expires === undefined ? {} : { expires }),
      ...(ttlPropagate === undefined ? {} : { ttlPropagate }),
      ...(congestionControl === undefined ? {} : { congestionControl }),
    },
  };
}

function nexthop({ gateway, weight, onlink, realms, encap }: HopConfig, ifindex: number | undefined): RouteNexthop {
  return {
    ...(ifindex === undefined ? {} : { ifindex }),
    ...(gateway === undefined ? {} : { gateway: gatewayOf(gateway) }),
    ...(weight === undefined ? {} : { weight }),
    ...(onlink === undefined ? {} : { onlink }),
    ...(realms === undefined ? {} : { realms }),
    ...(encap === undefined ? {} : { encap: encapOf(encap) }),
  };
}

function encapOf(encap: EncapConfig): NonNullable<RouteNexthop['encap']> {
  if (encap.kind === 'mpls' || encap.kind === 'ila') return encap;
  const { source, destination, ...rest } = encap;
  return {
    ...rest,
    ...(source === undefined ? {} : { source: bytesOf(source) }),
    ...(destination === undefined ? {} : { destination: bytesOf(destination) }),
  };
}

/** The rule as the kernel takes it. */
export function ruleSpec(config: RuleConfig, preference = config.preference): RuleSpec {
  const { text, position, noTrack, trackGroup, preferenceGiven, source, destination, ...rest } = config;
  return {
    ...rest,
    preference,
    ...(source === undefined ? {} : { source: networkOf(source) }),
    ...(destination === undefined ? {} : { destination: networkOf(destination) }),
  };
}

const bytesOf = (address: IpAddress): Buffer => Buffer.from(address.bytes);

const gatewayOf = ({ family, bytes }: IpAddress): RouteGateway => ({ family, bytes: Buffer.from(bytes) });

const networkOf = ({ address, prefixLength }: RuleNetwork) => ({ address: bytesOf(address), prefixLength });
