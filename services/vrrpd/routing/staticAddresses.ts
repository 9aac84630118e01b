import type { LinkEvent, RouteNetlink } from '../../shared/kernel/ports.js';
import type { Schedule, Scheduled } from '../../shared/kernel/schedule.js';
import type { Clock } from '../../shared/time/clock.js';
import { after, micros, millis } from '../../shared/time/duration.js';
import type { StaticAddress } from '../config/model.js';
import type { LinkTable } from '../linkTable.js';
import { addressSpec, vipKey, vipText } from '../virtualAddress.js';

/** See routingKeeper.ts. */
const SETTLE = millis(5);
const RETRY = micros(1_000_000);

/** A static address, and what has become of it. */
export interface StaticPlace {
  readonly address: StaticAddress;
  /** It was there before us, so it stays when we go. */
  foreign: boolean;
  /** Why it is not there. */
  problem: string | undefined;
}

/** What the static addresses tell. */
export interface StaticListener {
  refused(address: StaticAddress, problem: string): void;
  putBack(address: StaticAddress): void;
  /** Some address is there, or missing, that was not before: whoever tracks it looks again. */
  problemsChanged(): void;
}

/** Names a static address among all: the same address may be on two interfaces. */
export const staticKey = (address: StaticAddress): string => `${vipKey(address)} ${address.dev}`;

/** Keeps the addresses of `static_ipaddress` on their interfaces. */
export class StaticAddresses implements Scheduled {
  readonly #clock: Clock;
  readonly #schedule: Schedule;
  readonly #links: LinkTable;
  readonly #netlink: RouteNetlink;
  readonly #listener: StaticListener;
  #places: ReadonlyMap<string, StaticPlace> = new Map();

  constructor(clock: Clock, schedule: Schedule, links: LinkTable, netlink: RouteNetlink, listener: StaticListener) {
    this.#clock = clock;
    this.#schedule = schedule;
    this.#links = links;
    this.#netlink = netlink;
    this.#listener = listener;
  }

  get places(): Iterable<StaticPlace> {
    return this.#places.values();
  }

  /** Keys of those that were there before us. */
  foreignKeys(): string[] {
    return [...this.#places].filter(([, place]) => place.foreign).map(([key]) => key);
  }

  /** Adds and removes the difference. `wasForeign` says of an address that is there already that it was not put there by us. */
  configure(addresses: readonly StaticAddress[], wasForeign: (key: string) => boolean): void {
    const places = new Map<string, StaticPlace>();
    for (const address of addresses) {
      const key = staticKey(address);
      const before = this.#places.get(key);
      const foreign = before?.foreign ?? (this.#isThere(address) && wasForeign(key));
      places.set(key, { address, foreign, problem: before?.problem });
    }
    const gone = [...this.#places].filter(([key]) => !places.has(key)).map(([, place]) => place);
    this.#places = places;
    this.#remove(gone);
    this.#add(false);
  }

  /** Takes off what we put there. */
  clear(): void {
    const gone = [...this.#places.values()];
    this.#places = new Map();
    this.#remove(gone);
    this.#schedule.set(this, undefined);
  }

  /** Links or addresses changed. */
  changed(event: LinkEvent): void {
    if (this.#places.size === 0) return;
    if (event.kind === 'address') return;
    if (this.#schedule.get(this) === undefined) this.#schedule.set(this, after(this.#clock.now(), SETTLE));
  }

  due(): void {
    this.#add(true);
  }

  #isThere(address: StaticAddress): boolean {
    const link = this.#links.byName(address.dev);
    return link !== undefined && this.#links.hasAddress(link.ifindex, vipKey(address));
  }

  #add(restoring: boolean): void {
    const missing = [...this.#places.values()].filter(({ address }) => !this.#isThere(address));
    const problems = new Map<StaticPlace, string | undefined>();
    for (const place of this.#places.values()) problems.set(place, undefined);
    for (const place of missing) {
      problems.set(place, this.#put(place.address));
      // Gone with somebody else's consent or without: the next one is ours.
      place.foreign = false;
    }
    let changed = false;
    for (const [place, problem] of problems) {
      if (problem !== undefined && problem !== place.problem) this.#listener.refused(place.address, problem);
      if (problem === undefined && restoring && missing.includes(place)) this.#listener.putBack(place.address);
      changed ||= (problem === undefined) !== (place.problem === undefined);
      place.problem = problem;
    }
    // An address event tells nothing of why the kernel refused.
    if ([...problems.values()].some((problem) => problem !== undefined) && this.#schedule.get(this) === undefined) {
      this.#schedule.set(this, after(this.#clock.now(), RETRY));
    }
    if (changed) this.#listener.problemsChanged();
  }

  /** Why it could not be put there, or undefined. */
  #put(address: StaticAddress): string | undefined {
    const link = this.#links.byName(address.dev);
    if (link === undefined) return `there is no interface ${address.dev}`;
    const spec = addressSpec(address, link.ifindex);
    const [result] = this.#netlink.addAddresses([spec]);
    if (result?.ok === false) return result.error.message;
    const { ifindex, family, address: bytes, prefixLength } = spec;
    this.#links.noteAddress({ ifindex, family, address: bytes, prefixLength, flags: 0, scope: spec.scope ?? 0 });
    return undefined;
  }

  #remove(places: readonly StaticPlace[]): void {
    for (const { address, foreign } of places) {
      const link = this.#links.byName(address.dev);
      if (foreign || link === undefined || !this.#isThere(address)) continue;
      const [result] = this.#netlink.removeAddresses([addressSpec(address, link.ifindex)]);
      if (result?.ok === true) this.#links.forgetAddress(link.ifindex, vipKey(address));
      else this.#listener.refused(address, `cannot be removed: ${result?.error.message ?? ''}`);
    }
  }
}

/** `static address 192.0.2.1/24 dev eth0 (keepalived.conf:3)`. */
export const staticText = (address: StaticAddress): string =>
  `static address ${vipText(address)} (${address.position.file}:${address.position.line})`;
