/**
 * Routes and policy rules as the services see them: the port, with `rtnetlinkRouting.ts` as the real adapter and
 * `fakeRouting.ts` as the one in memory. Names and numbers are those of linux/rtnetlink.h and linux/fib_rules.h.
 */
import type { KernelResult } from './kernelError.js';

/** A next router, possibly of another family than the route (RTA_VIA). */
export interface RouteGateway {
  readonly family: 4 | 6;
  readonly bytes: Buffer;
}

/** What a route wraps its packets into (linux/lwtunnel.h). */
export type RouteEncap =
  | { readonly kind: 'mpls'; readonly labels: readonly number[]; readonly ttl?: number }
  | {
      readonly kind: 'ip' | 'ip6';
      /** Tunnel key. */
      readonly id?: bigint;
      readonly source?: Buffer;
      readonly destination?: Buffer;
      /** TOS, or traffic class. */
      readonly tos?: number;
      /** TTL, or hop limit. */
      readonly ttl?: number;
      readonly flags?: number;
    }
  | { readonly kind: 'ila'; readonly locator: bigint };

/** One way of a route. */
export interface RouteNexthop {
  readonly ifindex?: number;
  readonly gateway?: RouteGateway;
  /** 1..256; the kernel counts from 0. */
  readonly weight?: number;
  readonly onlink?: boolean;
  /** Source realm << 16 | destination realm. */
  readonly realms?: number;
  readonly encap?: RouteEncap;
}

/** A route to add or remove: everything `ip route` can say. */
export interface RouteSpec {
  readonly family: 4 | 6;
  /** RTN_*. */
  readonly type: number;
  /** Absent: default. Host bits are zero. */
  readonly destination?: Buffer;
  readonly prefixLength: number;
  readonly tos?: number;
  readonly table: number;
  /** RTPROT_*. */
  readonly protocol: number;
  /** RT_SCOPE_*. */
  readonly scope: number;
  readonly metric?: number;
  /** RTA_PREFSRC. */
  readonly source?: Buffer;
  /** ICMPv6 router preference: 0 medium, 1 high, 3 low (RFC 4191 2.1). */
  readonly preference?: number;
  /** Seconds an IPv6 route lives. */
  readonly expires?: number;
  readonly ttlPropagate?: boolean;
  /** RTAX_* values by number. */
  readonly metrics: readonly { readonly type: number; readonly value: number }[];
  /** Bit n: RTAX n is locked against the TCP metrics cache. */
  readonly lock: number;
  /** RTAX_CC_ALGO. */
  readonly congestionControl?: string;
  /** None for blackhole and its kin. */
  readonly nexthops: readonly RouteNexthop[];
  /**
   * Among routes of the same destination, TOS and metric: in front of them (`ip route prepend`), behind them, or only
   * if there is none (`ip route add`).
   */
  readonly placement: 'prepend' | 'append' | 'add';
}

/** A route as the kernel tells it. */
export interface RouteInfo {
  readonly family: 4 | 6;
  readonly type: number;
  readonly destination?: Buffer;
  readonly prefixLength: number;
  readonly tos: number;
  readonly table: number;
  readonly protocol: number;
  readonly scope: number;
  readonly metric: number;
  readonly source?: Buffer;
  readonly nexthops: readonly { readonly ifindex?: number; readonly gateway?: RouteGateway }[];
}

/** Which routes a dump is about; the kernel sorts them out itself since 4.20. */
export interface RouteFilter {
  readonly family: 4 | 6;
  readonly table: number;
  readonly protocol: number;
}

/** A policy rule, to add or remove or as the kernel tells it. */
export interface RuleSpec {
  readonly family: 4 | 6;
  readonly preference: number;
  /** FR_ACT_*. */
  readonly action: number;
  /** FRA_TABLE of FR_ACT_TO_TBL, otherwise 0. */
  readonly table: number;
  /** RTPROT_*. */
  readonly protocol: number;
  readonly invert: boolean;
  readonly source?: { readonly address: Buffer; readonly prefixLength: number };
  readonly destination?: { readonly address: Buffer; readonly prefixLength: number };
  readonly tos: number;
  readonly iif?: string;
  readonly oif?: string;
  readonly mark?: number;
  readonly mask?: number;
  /** Source realm << 16 | destination realm. */
  readonly realms?: number;
  readonly suppressPrefixLength?: number;
  readonly suppressGroup?: number;
  readonly tunnelId?: bigint;
  readonly uidRange?: readonly [first: number, last: number];
  readonly ipProtocol?: number;
  readonly sourcePorts?: readonly [first: number, last: number];
  readonly destinationPorts?: readonly [first: number, last: number];
  readonly goto?: number;
  readonly l3mdev: boolean;
}

/** Something happened to routes or rules. Says where to look: one's own changes are told too. */
export type RoutingEvent =
  | { readonly kind: 'route' | 'route-removed'; readonly route: RouteInfo }
  | { readonly kind: 'rule'; readonly rule: RuleSpec }
  | { readonly kind: 'rule-removed'; readonly rule: RuleSpec }
  /** Messages were lost: anything may have changed. */
  | { readonly kind: 'resync' };

/** The routing side of rtnetlink: dumps, changes in batches, and a monitor on a socket of its own. */
export interface Routing {
  /** The routes a filter describes; throws KernelError. */
  routes(filter: RouteFilter): readonly RouteInfo[];
  /** All rules of a family; throws KernelError. */
  rules(family: 4 | 6): readonly RuleSpec[];
  /** One result each, in order; the kernel answers inside the call. EEXIST: it is there already, or one that matches. */
  addRoutes(specs: readonly RouteSpec[]): readonly KernelResult[];
  /** ESRCH and ENODEV count as done: the route is not there. Removes with TOS, metric, protocol and nexthops as given. */
  removeRoutes(specs: readonly RouteSpec[]): readonly KernelResult[];
  /** Only if there is no such rule: EEXIST otherwise. */
  addRules(specs: readonly RuleSpec[]): readonly KernelResult[];
  /** ENOENT counts as done. */
  removeRules(specs: readonly RuleSpec[]): readonly KernelResult[];
  /** Starts the monitor; may be called once, before what it shall watch is read. */
  monitor(listener: (event: RoutingEvent) => void): void;
  close(): void;
}
