import type { Routing, RoutingEvent } from '../../shared/kernel/routing.js';
import type { Schedule, Scheduled } from '../../shared/kernel/schedule.js';
import type { Clock } from '../../shared/time/clock.js';
import { after, type Instant, instant, type Micros, micros, millis } from '../../shared/time/duration.js';
import { type Entry, isWatched, newEntry, type RoutingOwner } from './entry.js';
import { devicesOf, type InterfaceLookup, type Wish, wishKey } from './kernelSpec.js';
import { RoutingTables } from './routingTables.js';

/** Entries changed in one go: a few milliseconds, after which advertisements and packets have their turn. */
const SLICE = 100;
/** Messages about our own last change may still be on their way; by then they have arrived. */
const SETTLE = millis(5);
/** Least time between two looks, so that two programs that disagree do not spin. */
const SPACING = millis(50);
const RETRY_FIRST = micros(1_000_000);
const RETRY_LONGEST = micros(30_000_000);

/** What the keeper tells. */
export interface RoutingListener {
  /** The kernel refused, or an interface is missing; told once per reason. */
  refused(entry: Entry, problem: string): void;
  /** Another program had removed it. */
  putBack(entry: Entry): void;
  /** Another program removed it and it cannot be put back, or it can again: owners and mourners look again. */
  lostChanged(): void;
  /** Something turned out to have been there before us. */
  foreignFound(): void;
}

/** Interfaces, and whether they carry packets. */
export interface InterfaceStates extends InterfaceLookup {
  isUp(name: string): boolean;
}

/**
 * Keeps routes and rules in the kernel as their owners want them. It holds the wanted state and works towards it in
 * slices, so that a thousand routes never hold up an advertisement; what several owners want is there once and goes with
 * the last of them.
 */
export class RoutingKeeper {
  readonly #clock: Clock;
  readonly #schedule: Schedule;
  readonly #interfaces: InterfaceStates;
  readonly #open: () => Routing;
  readonly #listener: RoutingListener;
  readonly #entries = new Map<string, Entry>();
  readonly #todo = new Set<Entry>();
  readonly #wants = new Map<RoutingOwner, Set<Entry>>();
  /** Removed by others, and could not be put back. */
  readonly #lost = new Set<Entry>();
  readonly #worker: Scheduled = { due: () => this.#work() };
  readonly #verifier: Scheduled = { due: (_at, now) => this.#verify(now) };
  readonly #retrier: Scheduled = { due: (_at, now) => this.#retry(now) };
  #tables: RoutingTables | undefined;
  #verifiedAt: Instant | undefined;
  #retryDelay: Micros = RETRY_FIRST;
  #closed = false;

  constructor(
    clock: Clock,
    schedule: Schedule,
    interfaces: InterfaceStates,
    open: () => Routing,
    listener: RoutingListener,
  ) {
    this.#clock = clock;
    this.#schedule = schedule;
    this.#interfaces = interfaces;
    this.#open = open;
    this.#listener = listener;
  }

  /**
   * Looks for what a predecessor left: what is in the kernel counts as ours, unless its protocol is not keepalived's and
   * `isForeign` says that it was there before the predecessor. Nothing is changed.
   */
  adopt(wishes: readonly Wish[], isForeign: (key: string) => boolean): void {
    const found: Entry[] = [];
    for (const wish of wishes) {
      const key = wishKey(wish);
      if (this.#entries.has(key)) continue;
      const entry = newEntry(key, wish);
      this.#entries.set(key, entry);
      found.push(entry);
    }
    if (found.length === 0) return;
    for (const { entry, foreign } of this.#tablesOpen().find(found)) {
      entry.state = 'present';
      entry.foreign = foreign && isForeign(entry.key);
    }
    for (const entry of found) if (entry.state !== 'present') this.#note(entry);
  }

  /** What this owner wants from now on. The first slice is done inside the call. */
  want(owner: RoutingOwner, wishes: readonly Wish[]): void {
    const before = this.#wants.get(owner) ?? new Set<Entry>();
    const wanted = new Set<Entry>();
    for (const wish of wishes) {
      const key = wishKey(wish);
      let entry = this.#entries.get(key);
      if (entry === undefined) {
        entry = newEntry(key, wish);
        this.#entries.set(key, entry);
      }
      wanted.add(entry);
      entry.wish = wish;
      entry.owners.set(owner, wish);
      entry.mourners.delete(owner);
      // A new master tries again whatever failed or was given up before.
      if (!before.has(entry) && entry.state !== 'present') entry.state = 'absent';
      this.#note(entry);
    }
    for (const entry of before) {
      if (wanted.has(entry)) continue;
      entry.owners.delete(owner);
      if (this.#lost.has(entry)) entry.mourners.add(owner);
      this.#note(entry);
    }
    if (wanted.size > 0) this.#wants.set(owner, wanted);
    else this.#wants.delete(owner);
    if (this.#todo.size > 0) this.#work();
  }

  /** Has what nobody wants of these removed: left-overs of a predecessor, once it is clear that they are. */
  sweep(wishes: readonly Wish[]): void {
    for (const wish of wishes) {
      const entry = this.#entries.get(wishKey(wish));
      if (entry !== undefined) this.#note(entry);
    }
    if (this.#todo.size > 0) this.#schedule.set(this.#worker, this.#clock.now());
  }

  /** This owner is gone for good: nothing is left to wait for. */
  forget(owner: RoutingOwner): void {
    this.want(owner, []);
    for (const entry of [...this.#lost]) if (entry.mourners.delete(owner)) this.#note(entry);
  }

  /** Everything that is still to do, at once. */
  flush(): void {
    while (this.#todo.size > 0) this.#work();
  }

  /** Interfaces or addresses changed: the kernel may have dropped routes without a word, and may take others now. */
  surroundingsChanged(): void {
    if (this.#entries.size > 0) this.#verifySoon();
  }

  /** Why an owner cannot do without: what it wants, or wanted, was removed by others and cannot be put back. */
  lossesOf(owner: RoutingOwner): readonly Entry[] {
    return [...this.#lost].filter((entry) => entry.owners.has(owner) || entry.mourners.has(owner));
  }

  /** What is known of a wish. */
  entryOf(wish: Wish): Entry | undefined {
    return this.#entries.get(wishKey(wish));
  }

  /** Keys of what was there before us, among these. */
  foreignAmong(wishes: readonly Wish[]): string[] {
    return wishes.map(wishKey).filter((key) => this.#entries.get(key)?.foreign === true);
  }

  close(): void {
    this.#closed = true;
    for (const item of [this.#worker, this.#verifier, this.#retrier]) this.#schedule.set(item, undefined);
    this.#tables?.close();
  }

  #tablesOpen(): RoutingTables {
    this.#tables ??= new RoutingTables(this.#open(), this.#interfaces, (event) => this.#changed(event));
    return this.#tables;
  }

  /** Puts an entry among what is to do, or takes it out. */
  #note(entry: Entry): void {
    const wanted = entry.owners.size > 0;
    if (wanted ? entry.state === 'absent' : entry.state === 'present') {
      this.#todo.add(entry);
      return;
    }
    this.#todo.delete(entry);
    if (wanted || entry.mourners.size > 0) return;
    this.#entries.delete(entry.key);
    this.#lost.delete(entry);
    this.#tables?.forget(entry);
  }

  #work(): void {
    if (this.#closed) return;
    const removals: Entry[] = [];
    const additions: Entry[] = [];
    for (const entry of this.#todo) {
      if (removals.length + additions.length >= SLICE) break;
      (entry.owners.size === 0 ? removals : additions).push(entry);
    }
    for (const entry of [...removals, ...additions]) this.#todo.delete(entry);
    const tables = this.#tablesOpen();
    tables.remove(removals);
    for (const entry of removals) {
      entry.foreign = false;
      this.#note(entry);
    }
    if (additions.length > 0) this.#add(tables, additions);
    if (this.#todo.size > 0) this.#schedule.set(this.#worker, this.#clock.now());
  }

  #add(tables: RoutingTables, additions: readonly Entry[]): void {
    let losses = false;
    let foreign = false;
    for (const { entry, problem, restored, isNews } of tables.add(additions)) {
      foreign ||= entry.foreign;
      // Whether a static one is there decides over those that track it.
      if (isNews && entry.wish.config.trackGroup !== undefined) losses = true;
      if (problem !== undefined) {
        if (isNews) this.#listener.refused(entry, problem);
        if (restored && this.#isLoss(entry)) {
          this.#lost.add(entry);
          losses = true;
        }
        continue;
      }
      if (restored) this.#listener.putBack(entry);
      losses = this.#lost.delete(entry) || losses;
    }
    if (foreign) this.#listener.foreignFound();
    this.#retryLater();
    if (losses) this.#listener.lostChanged();
  }

  /** As in keepalived only what names its interface counts, and a link that is down is the business of its trackers. */
  #isLoss(entry: Entry): boolean {
    const devices = devicesOf(entry.wish);
    const named = entry.wish.kind === 'rule' || devices.length > 0;
    return isWatched(entry) && named && devices.every((name) => this.#interfaces.isUp(name));
  }

  #changed(event: RoutingEvent): void {
    if (event.kind === 'resync' || this.#tables?.concerns(event) === true) this.#verifySoon();
  }

  #verifySoon(): void {
    if (this.#closed || this.#schedule.get(this.#verifier) !== undefined) return;
    const soon = after(this.#clock.now(), SETTLE);
    const spaced = this.#verifiedAt === undefined ? soon : after(this.#verifiedAt, SPACING);
    this.#schedule.set(this.#verifier, instant(Math.max(soon, spaced)));
  }

  /** Looks at what is really there, and puts back what is not. */
  #verify(now: Instant): void {
    this.#verifiedAt = now;
    const wanted = [...this.#entries.values()].filter((entry) => entry.owners.size > 0);
    const present = wanted.filter((entry) => entry.state === 'present');
    const found = new Set(
      this.#tablesOpen()
        .find(present)
        .map(({ entry }) => entry),
    );
    for (const entry of present) {
      if (found.has(entry)) continue;
      entry.foreign = false;
      entry.state = isWatched(entry) ? 'absent' : 'left';
      entry.problem = undefined;
      if (entry.state === 'absent') this.#tables?.missing(entry);
      this.#note(entry);
    }
    this.#tryAgain();
  }

  #retry(_now: Instant): void {
    this.#retryDelay = micros(Math.min(this.#retryDelay * 2, RETRY_LONGEST));
    this.#tryAgain();
  }

  #tryAgain(): void {
    let recovered = false;
    for (const entry of [...this.#entries.values()]) {
      if (entry.owners.size > 0) {
        if (entry.state === 'refused' || entry.state === 'waiting') entry.state = 'absent';
        this.#note(entry);
      } else if (entry.mourners.size > 0 && this.#tablesOpen().couldAdd(entry)) {
        this.#lost.delete(entry);
        entry.mourners.clear();
        recovered = true;
        this.#note(entry);
      }
    }
    if (this.#todo.size > 0) this.#work();
    this.#retryLater();
    if (recovered) this.#listener.lostChanged();
  }

  #retryLater(): void {
    const open = [...this.#entries.values()].some(
      (entry) => (entry.owners.size > 0 && entry.state === 'refused') || entry.mourners.size > 0,
    );
    if (!open) this.#retryDelay = RETRY_FIRST;
    if (this.#closed || (this.#schedule.get(this.#retrier) !== undefined && open)) return;
    this.#schedule.set(this.#retrier, open ? after(this.#clock.now(), this.#retryDelay) : undefined);
  }
}
