import { formatIpBytes } from '../net/address.js';
import { ERRNO, int32, libc } from './libc.js';
import type { NetlinkMessage } from './netlinkCodec.js';
import { NetlinkMonitor } from './netlinkMonitor.js';
import { NETLINK_ROUTE, NetlinkSocket } from './netlinkSocket.js';
import { KernelError, type KernelResult } from './ports.js';
import {
  decodeRoute,
  encodeRouteAdd,
  encodeRouteDump,
  encodeRouteRemove,
  RTM_DELROUTE,
  RTM_NEWROUTE,
} from './routeCodec.js';
import type { RouteFilter, RouteInfo, RouteSpec, Routing, RoutingEvent, RuleSpec } from './routing.js';
import { decodeRule, encodeRuleAdd, encodeRuleDump, encodeRuleRemove, RTM_DELRULE, RTM_NEWRULE } from './ruleCodec.js';

/** Multicast groups of linux/rtnetlink.h: IPv4 routes and rules, IPv6 routes and rules. */
const GROUPS = [7, 8, 11, 19];
const SOL_NETLINK = 270;
const NETLINK_GET_STRICT_CHK = 12;

const DONE: KernelResult = { ok: true };

/**
 * Routes and rules over rtnetlink. The monitor has a socket of its own, so that a flood of routes (a routing daemon that
 * starts) cannot push out what the other monitor is told of links and addresses.
 */
export class RtnetlinkRouting implements Routing {
  readonly #requests = new NetlinkSocket(NETLINK_ROUTE, 'routes and rules');
  readonly #onError: (error: Error) => void;
  #monitor: NetlinkMonitor | undefined;
  #listener: ((event: RoutingEvent) => void) | undefined;

  /** Throws KernelError. `onError` gets what goes wrong with the monitor, which then goes on. */
  constructor(onError: (error: Error) => void) {
    this.#onError = onError;
    // Before 4.20 there is no such option: then the kernel sends everything, and what does not fit is left out below.
    libc.setsockopt(this.#requests.fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, int32(1), 4);
  }

  routes(filter: RouteFilter): readonly RouteInfo[] {
    const routes: RouteInfo[] = [];
    try {
      this.#requests.dump(
        'RTM_GETROUTE',
        (sequence) => encodeRouteDump(sequence, filter),
        () => routes.splice(0),
        (message) => {
          const route = message.type === RTM_NEWROUTE ? decodeRoute(message.payload) : undefined;
          if (route !== undefined && route.table === filter.table && route.protocol === filter.protocol) {
            routes.push(route);
          }
        },
      );
    } catch (error) {
      // A table nobody has put anything into does not exist.
      if (error instanceof KernelError && error.errno === ERRNO.ENOENT) return [];
      throw error;
    }
    return routes;
  }

  rules(family: 4 | 6): readonly RuleSpec[] {
    const rules: RuleSpec[] = [];
    this.#requests.dump(
      'RTM_GETRULE',
      (sequence) => encodeRuleDump(sequence, family),
      () => rules.splice(0),
      (message) => {
        const rule = message.type === RTM_NEWRULE ? decodeRule(message.payload) : undefined;
        if (rule !== undefined) rules.push(rule);
      },
    );
    return rules;
  }

  addRoutes(specs: readonly RouteSpec[]): readonly KernelResult[] {
    const requests = specs.map((spec) => (sequence: number) => encodeRouteAdd(sequence, spec));
    return this.#requests.batch('RTM_NEWROUTE', requests, (index) => aboutRoute(specs[index]));
  }

  removeRoutes(specs: readonly RouteSpec[]): readonly KernelResult[] {
    const requests = specs.map((spec) => (sequence: number) => encodeRouteRemove(sequence, spec));
    const results = this.#requests.batch('RTM_DELROUTE', requests, (index) => aboutRoute(specs[index]));
    return results.map((result) => doneIf(result, ERRNO.ESRCH, ERRNO.ENODEV));
  }

  addRules(specs: readonly RuleSpec[]): readonly KernelResult[] {
    const requests = specs.map((spec) => (sequence: number) => encodeRuleAdd(sequence, spec));
    return this.#requests.batch('RTM_NEWRULE', requests, (index) => aboutRule(specs[index]));
  }

  removeRules(specs: readonly RuleSpec[]): readonly KernelResult[] {
    const requests = specs.map((spec) => (sequence: number) => encodeRuleRemove(sequence, spec));
    const results = this.#requests.batch('RTM_DELRULE', requests, (index) => aboutRule(specs[index]));
    return results.map((result) => doneIf(result, ERRNO.ENOENT));
  }

  monitor(listener: (event: RoutingEvent) => void): void {
    if (this.#monitor !== undefined) throw new Error('the monitor of routes and rules runs already');
    this.#listener = listener;
    this.#monitor = new NetlinkMonitor('monitor of routes and rules', GROUPS, {
      message: (message) => this.#tell(message),
      overrun: () => listener({ kind: 'resync' }),
      failed: this.#onError,
    });
  }

  close(): void {
    this.#listener = undefined;
    this.#monitor?.close();
    this.#requests.close();
  }

  #tell({ type, payload }: NetlinkMessage): void {
    if (type === RTM_NEWROUTE || type === RTM_DELROUTE) {
      const route = decodeRoute(payload);
      if (route !== undefined) this.#listener?.({ kind: type === RTM_NEWROUTE ? 'route' : 'route-removed', route });
    } else if (type === RTM_NEWRULE || type === RTM_DELRULE) {
      const rule = decodeRule(payload);
      if (rule !== undefined) this.#listener?.({ kind: type === RTM_NEWRULE ? 'rule' : 'rule-removed', rule });
    }
  }
}

const doneIf = (result: KernelResult, ...errnos: readonly number[]): KernelResult =>
  result.ok || !errnos.includes(result.error.errno) ? result : DONE;

function aboutRoute(spec: RouteSpec | undefined): string {
  if (spec === undefined) return '';
  const { destination, prefixLength, table } = spec;
  const to = destination === undefined ? 'default' : `${formatIpBytes(destination)}/${prefixLength}`;
  return `route to ${to} in table ${table}`;
}

const aboutRule = (spec: RuleSpec | undefined): string => (spec === undefined ? '' : `rule ${spec.preference}`);
