import { KernelError, type KernelResult } from '../../shared/kernel/ports.js';
import { isSameRoute, routeKey } from '../../shared/kernel/routeCodec.js';
import type { RouteInfo, RouteSpec, Routing, RoutingEvent, RuleSpec } from '../../shared/kernel/routing.js';
import { ruleKey, ruleSelector } from '../../shared/kernel/ruleCodec.js';
import { RTPROT_KEEPALIVED } from '../config/interpret/route.js';
import type { Entry } from './entry.js';
import { type InterfaceLookup, routeSpec, ruleSpec } from './kernelSpec.js';

/** What became of an addition. */
export interface Added {
  readonly entry: Entry;
  /** Why it is not there. */
  readonly problem: string | undefined;
  /** It had been there and was removed by others. */
  readonly restored: boolean;
  /** The problem is another one than the last time. */
  readonly isNews: boolean;
}

/** An entry that is in the kernel; `foreign`: by its protocol somebody else's. */
export interface Found {
  readonly entry: Entry;
  readonly foreign: boolean;
}

/** Carries entries into the kernel's tables and finds them there. Keeps nothing but which entries went missing. */
export class RoutingTables {
  readonly #routing: Routing;
  readonly #lookup: InterfaceLookup;
  readonly #missing = new Set<Entry>();
  /** Entries by what the kernel's messages about them look like. */
  readonly #index = new Map<string, Set<Entry>>();

  /** Starts the monitor. Throws KernelError. */
  constructor(routing: Routing, lookup: InterfaceLookup, onEvent: (event: RoutingEvent) => void) {
    this.#routing = routing;
    this.#lookup = lookup;
    routing.monitor(onEvent);
  }

  close(): void {
    this.#routing.close();
  }

  /** An entry was there and is not any more. */
  missing(entry: Entry): void {
    this.#missing.add(entry);
  }

  /** Those of the entries that are in the kernel; their `spec` is set. */
  find(entries: readonly Entry[]): Found[] {
    return [...this.#findRoutes(entries), ...this.#findRules(entries)];
  }

  /** Adds routes, then rules; sets `state`, `spec`, `problem`, `foreign`. */
  add(entries: readonly Entry[]): Added[] {
    const before = new Map(entries.map((entry) => [entry, entry.problem]));
    const placed = entries.filter((entry) => this.#place(entry));
    const routes = placed.filter((entry) => entry.wish.kind === 'route');
    const rules = placed.filter((entry) => entry.wish.kind === 'rule');
    const there: Entry[] = [];
    settle(routes, this.#routing.addRoutes(routes.map((entry) => entry.spec as RouteSpec)), there);
    settle(rules, this.#routing.addRules(rules.map((entry) => entry.spec as RuleSpec)), there);
    // "It exists" may mean another one that stands in the way.
    for (const { entry, foreign } of this.find(there)) {
      entry.state = 'present';
      entry.problem = undefined;
      entry.foreign = foreign;
    }
    return entries.map((entry) => {
      const restored = this.#missing.has(entry);
      if (entry.state === 'present') this.#missing.delete(entry);
      const { problem } = entry;
      return { entry, problem, restored, isNews: problem !== before.get(entry) };
    });
  }

  /** Removes rules, then routes, but for what was there before us. */
  remove(entries: readonly Entry[]): void {
    const own = entries.filter((entry) => !entry.foreign && entry.spec !== undefined);
    const rules = own.filter((entry) => entry.wish.kind === 'rule').reverse();
    const routes = own.filter((entry) => entry.wish.kind === 'route').reverse();
    this.#routing.removeRules(rules.map((entry) => entry.spec as RuleSpec));
    this.#routing.removeRoutes(routes.map((entry) => entry.spec as RouteSpec));
    for (const entry of entries) {
      entry.state = 'absent';
      this.#missing.delete(entry);
    }
  }

  /** True when the kernel would take it: it is put in and out again. */
  couldAdd(entry: Entry): boolean {
    if (!this.#place(entry)) return false;
    const routes = this.#routing;
    const isRoute = entry.wish.kind === 'route';
    const [result] = isRoute ? routes.addRoutes([entry.spec as RouteSpec]) : routes.addRules([entry.spec as RuleSpec]);
    if (result?.ok === true) {
      if (isRoute) routes.removeRoutes([entry.spec as RouteSpec]);
      else routes.removeRules([entry.spec as RuleSpec]);
    }
    entry.state = 'absent';
    return result?.ok === true || result?.error.code === 'EEXIST';
  }

  /** The event may be about one of these entries going away. */
  concerns(event: RoutingEvent): boolean {
    if (event.kind === 'resync') return true;
    if (event.kind === 'rule') return false;
    const about = (key: string): Entry[] =>
      [...(this.#index.get(key) ?? [])].filter(({ owners, state }) => owners.size > 0 && state === 'present');
    if (event.kind === 'rule-removed') return about(ruleKey(event.rule)).length > 0;
    const { kind, route } = event;
    // A new route may have replaced ours; our own is none.
    return about(routeKey(route)).some(
      ({ spec }) => kind === 'route-removed' || !isSameRoute(spec as RouteSpec, route),
    );
  }

  /** Nobody asks about it any more. */
  forget(entry: Entry): void {
    this.#missing.delete(entry);
    this.#setSpec(entry, undefined);
  }

  #setSpec(entry: Entry, spec: RouteSpec | RuleSpec | undefined): void {
    const keyOf = (one: Entry['spec']): string | undefined =>
      one === undefined
        ? undefined
        : entry.wish.kind === 'route'
          ? routeKey(one as RouteSpec)
          : ruleKey(one as RuleSpec);
    const [before, key] = [keyOf(entry.spec), keyOf(spec)];
    entry.spec = spec;
    if (before === key) return;
    const old = before === undefined ? undefined : this.#index.get(before);
    old?.delete(entry);
    if (before !== undefined && old?.size === 0) this.#index.delete(before);
    if (key === undefined) return;
    const same = this.#index.get(key);
    if (same === undefined) this.#index.set(key, new Set([entry]));
    else same.add(entry);
  }

  /** Works out what to ask the kernel for; false when an interface is missing. */
  #place(entry: Entry): boolean {
    const { wish } = entry;
    if (wish.kind === 'rule') {
      // One that was found keeps the place it has.
      const before = entry.spec as RuleSpec | undefined;
      this.#setSpec(entry, ruleSpec(wish.config, wish.config.preferenceGiven ? undefined : before?.preference));
      return true;
    }
    const placing = routeSpec(wish.config, this.#lookup);
    if (placing.ok) {
      this.#setSpec(entry, placing.spec);
      return true;
    }
    entry.state = 'waiting';
    entry.problem = `there is no ${wish.config.vrf === placing.missing ? 'VRF' : 'interface'} ${placing.missing}`;
    return false;
  }

  #findRoutes(entries: readonly Entry[]): Found[] {
    const found: Found[] = [];
    const tables = new Map<string, Map<string, RouteInfo[]>>();
    for (const entry of entries) {
      if (entry.wish.kind !== 'route') continue;
      const placing = routeSpec(entry.wish.config, this.#lookup);
      if (!placing.ok) continue;
      const { spec } = placing;
      const { family, table, protocol } = spec;
      const name = `${family} ${table} ${protocol}`;
      let known = tables.get(name);
      if (known === undefined) {
        known = byKey(this.#routing.routes({ family, table, protocol }));
        tables.set(name, known);
      }
      if (known.get(routeKey(spec))?.some((info) => isSameRoute(spec, info)) !== true) continue;
      this.#setSpec(entry, spec);
      found.push({ entry, foreign: protocol !== RTPROT_KEEPALIVED });
    }
    return found;
  }

  #findRules(entries: readonly Entry[]): Found[] {
    const wanted = entries.flatMap((entry) =>
      entry.wish.kind === 'rule' ? [{ entry, config: entry.wish.config }] : [],
    );
    const known = ([4, 6] as const)
      .filter((family) => wanted.some(({ config }) => config.family === family))
      .flatMap((family) => [...this.#routing.rules(family)]);
    const found: Found[] = [];
    for (const { entry, config } of wanted) {
      const before = entry.spec as RuleSpec | undefined;
      const spec = ruleSpec(config, config.preferenceGiven ? undefined : before?.preference);
      let rule = known.find((one) => ruleKey(one) === ruleKey(spec));
      if (rule === undefined && !config.preferenceGiven && before === undefined) {
        // A predecessor may have given it another place.
        const selector = ruleSelector(spec);
        rule = known.find((one) => one.protocol === spec.protocol && ruleSelector(one) === selector);
      }
      if (rule === undefined) continue;
      this.#setSpec(entry, { ...spec, preference: rule.preference });
      found.push({ entry, foreign: rule.protocol !== RTPROT_KEEPALIVED });
    }
    return found;
  }
}

function settle(entries: readonly Entry[], results: readonly KernelResult[], there: Entry[]): void {
  for (const [index, entry] of entries.entries()) {
    const result = results[index];
    entry.state = result?.ok === true ? 'present' : 'refused';
    entry.problem = result?.ok === false ? result.error.message : undefined;
    entry.foreign = false;
    if (result?.ok === false && result.error instanceof KernelError && result.error.code === 'EEXIST')
      there.push(entry);
  }
}

function byKey(routes: readonly RouteInfo[]): Map<string, RouteInfo[]> {
  const found = new Map<string, RouteInfo[]>();
  for (const route of routes) {
    const key = routeKey(route);
    const same = found.get(key);
    if (same === undefined) found.set(key, [route]);
    else same.push(route);
  }
  return found;
}
