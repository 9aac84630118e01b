import { fakeError } from './fakeErrors.js';
import type { KernelResult } from './ports.js';
import { isSameRoute, routeKey } from './routeCodec.js';
import type { RouteFilter, RouteInfo, RouteSpec, Routing, RoutingEvent, RuleSpec } from './routing.js';
import { ruleKey } from './ruleCodec.js';

/** The metric of an IPv6 route that asked for none. */
const IPV6_DEFAULT_METRIC = 1024;

/** A change asked for. */
export type RoutingChange =
  | { readonly kind: 'add-route' | 'remove-route'; readonly route: RouteSpec }
  | { readonly kind: 'add-rule' | 'remove-rule'; readonly rule: RuleSpec };

/** Routes and rules of a fake machine; changes reach the monitor at once, inside the call. */
export class FakeRouting implements Routing {
  /** Every change asked for, in order. */
  readonly changes: RoutingChange[] = [];
  /** Decides per change whether the kernel refuses it, with which code. */
  refuses: (change: RoutingChange) => string | undefined = () => undefined;
  /** How often it was asked for all routes or rules. */
  dumps = 0;

  #routes: RouteInfo[] = [];
  #rules: RuleSpec[] = [];
  #listener: ((event: RoutingEvent) => void) | undefined;

  routes(filter: RouteFilter): readonly RouteInfo[] {
    this.dumps++;
    const { family, table, protocol } = filter;
    return this.#routes.filter(
      (route) => route.family === family && route.table === table && route.protocol === protocol,
    );
  }

  rules(family: 4 | 6): readonly RuleSpec[] {
    this.dumps++;
    return this.#rules.filter((rule) => rule.family === family);
  }

  addRoutes(specs: readonly RouteSpec[]): readonly KernelResult[] {
    return specs.map((route) => {
      const change = { kind: 'add-route', route } as const;
      this.changes.push(change);
      const rivals = this.#routes.filter((known) => routeKey(known) === routeKey(route));
      const there = route.placement === 'add' ? rivals.length > 0 : rivals.some((known) => isSameRoute(route, known));
      const code = this.refuses(change) ?? (there ? 'EEXIST' : undefined);
      if (code !== undefined) return { ok: false, error: fakeError('RTM_NEWROUTE', code) };
      this.putRoute(toInfo(route));
      return { ok: true };
    });
  }

  removeRoutes(specs: readonly RouteSpec[]): readonly KernelResult[] {
    return specs.map((route) => {
      const change = { kind: 'remove-route', route } as const;
      this.changes.push(change);
      const code = this.refuses(change);
      if (code !== undefined) return { ok: false, error: fakeError('RTM_DELROUTE', code) };
      const gone = this.#routes.find((known) => isSameRoute(route, known));
      if (gone !== undefined) this.dropRoute(gone);
      return { ok: true };
    });
  }

  addRules(specs: readonly RuleSpec[]): readonly KernelResult[] {
    return specs.map((rule) => {
      const change = { kind: 'add-rule', rule } as const;
      this.changes.push(change);
      const there = this.#rules.some((known) => ruleKey(known) === ruleKey(rule));
      const code = this.refuses(change) ?? (there ? 'EEXIST' : undefined);
      if (code !== undefined) return { ok: false, error: fakeError('RTM_NEWRULE', code) };
      this.putRule(rule);
      return { ok: true };
    });
  }

  removeRules(specs: readonly RuleSpec[]): readonly KernelResult[] {
    return specs.map((rule) => {
      const change = { kind: 'remove-rule', rule } as const;
      this.changes.push(change);
      const code = this.refuses(change);
      if (code !== undefined) return { ok: false, error: fakeError('RTM_DELRULE', code) };
      const gone = this.#rules.find((known) => ruleKey(known) === ruleKey(rule) && known.protocol === rule.protocol);
      if (gone !== undefined) this.dropRule(gone);
      return { ok: true };
    });
  }

  monitor(listener: (event: RoutingEvent) => void): void {
    if (this.#listener !== undefined) throw new Error('the monitor of routes and rules runs already');
    this.#listener = listener;
  }

  close(): void {
    this.#listener = undefined;
  }

  /** All routes there are. */
  get table(): readonly RouteInfo[] {
    return this.#routes;
  }

  /** All rules there are. */
  get policy(): readonly RuleSpec[] {
    return this.#rules;
  }

  /** Puts a route in as somebody else would, and tells. */
  putRoute(route: RouteInfo): void {
    this.#routes.push(route);
    this.#listener?.({ kind: 'route', route });
  }

  putRule(rule: RuleSpec): void {
    this.#rules.push(rule);
    this.#listener?.({ kind: 'rule', rule });
  }

  /** Removes a route as somebody else would; `silently` as when an interface goes down, of which the kernel does not tell. */
  dropRoute(route: RouteInfo, silently = false): void {
    this.#routes = this.#routes.filter((known) => known !== route);
    if (!silently) this.#listener?.({ kind: 'route-removed', route });
  }

  dropRule(rule: RuleSpec): void {
    this.#rules = this.#rules.filter((known) => known !== rule);
    this.#listener?.({ kind: 'rule-removed', rule });
  }

  /** As after ENOBUFS. */
  resync(): void {
    this.#listener?.({ kind: 'resync' });
  }
}

function toInfo(route: RouteSpec): RouteInfo {
  return {
    family: route.family,
    type: route.type,
    ...(route.destination === undefined ? {} : { destination: route.destination }),
    prefixLength: route.prefixLength,
    tos: route.family === 4 ? (route.tos ?? 0) : 0,
    table: route.table,
    protocol: route.protocol,
    scope: route.scope,
    metric: route.metric ?? (route.family === 6 ? IPV6_DEFAULT_METRIC : 0),
    ...(route.source === undefined ? {} : { source: route.source }),
    nexthops: route.nexthops.map(({ ifindex, gateway }) => ({
      ...(ifindex === undefined ? {} : { ifindex }),
      ...(gateway === undefined ? {} : { gateway }),
    })),
  };
}
