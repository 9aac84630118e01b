import { formatIpBytes } from '../net/address.js';
import { ERRNO, int32, libc } from './libc.js';
import type { NetlinkMessage } from './netlinkCodec.js';
import { NETLINK_ROUTE, NetlinkSocket } from './netlinkSocket.js';
import { Poller } from './poller.js';
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
/** Datagrams read per wake-up: a routing daemon that changes thousands of routes must not keep the loop from its timers. */
const DATAGRAMS_PER_WAKEUP = 64;
/** More than the receive buffer holds. */
const DATAGRAMS_PER_RESYNC = 20_000;

const DONE: KernelResult = { ok: true };

/**
 * Routes and rules over rtnetlink. The monitor has a socket of its own, so that a flood of routes (a routing daemon that
 * starts) cannot push out what the other monitor is told of links and addresses.
 */
export class RtnetlinkRouting implements Routing {
  readonly #requests = new NetlinkSocket(NETLINK_ROUTE, 'routes and rules');
  readonly #onError: (error: Error) => void;
  #monitor: NetlinkSocket | undefined;
  #poller: Poller | undefined;
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
    if (this.#poller !== undefined) throw new Error('the monitor of routes and rules runs already');
    const monitor = new NetlinkSocket(NETLINK_ROUTE, 'monitor of routes and rules', GROUPS);
    this.#monitor = monitor;
    this.#listener = listener;
    this.#poller = new Poller(monitor.fd, 'monitor of routes and rules', {
      onReadable: () => this.#onReadable(),
      onError: (error) => this.#onMonitorError(error),
    });
  }

  close(): void {
    this.#listener = undefined;
    this.#poller?.close();
    this.#requests.close();
  }

  #onReadable(): void {
    for (let count = 0; count < DATAGRAMS_PER_WAKEUP; count++) {
      // The listener may close us.
      if (this.#listener === undefined || this.#monitor === undefined) return;
      const received = this.#monitor.receive();
      if (received.kind === 'empty') return;
      if (received.kind === 'error') {
        this.#resync();
        return;
      }
      for (const message of received.messages) this.#tell(message);
    }
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

  #onMonitorError(error: Error): void {
    // The poller found the overrun before a read did; anything else is reported.
    if ('errno' in error && error.errno === ERRNO.ENOBUFS) this.#resync();
    else this.#onError(error);
  }

  /** After an overrun: forget what still waits; the listener looks for itself. */
  #resync(): void {
    for (let count = 0; count < DATAGRAMS_PER_RESYNC; count++) {
      if (this.#monitor?.receive().kind !== 'messages') break;
    }
    this.#listener?.({ kind: 'resync' });
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
