import type { Clock } from '../shared/time/clock.js';
import { type Instant, type Micros, micros } from '../shared/time/duration.js';
import type { TrackerKind, TrackLine } from './config/model.js';
import { sameValue } from './configDiff.js';
import type { GroupBook } from './groupBook.js';
import type { Lookout } from './lookout.js';
import type { RouterDriver } from './routerDriver.js';
import type { Starter } from './starter.js';
import type { VirtualRouter } from './virtualRouter.js';

const ON_TIME = micros(0);

/** What a settler works with. */
export interface SettlerParts {
  readonly clock: Clock;
  readonly routers: ReadonlyMap<string, VirtualRouter>;
  readonly groups: GroupBook;
  readonly lookout: Lookout;
  readonly driver: RouterDriver;
  readonly starter: Starter;
  /** The effective priority of a router that runs is another one than `before`. */
  readonly priorityChanged: (router: VirtualRouter, before: number) => void;
}

/** Brings routers in line with what they depend on: faults, recovery, priority, a start that had to wait. */
export class Settler {
  readonly #parts: SettlerParts;

  constructor(parts: SettlerParts) {
    this.#parts = parts;
  }

  /** All of them. */
  settleAll(): void {
    this.settle(this.#parts.routers.values());
  }

  /** Looks again at what routers depend on, and tells them and their sync groups what became of it, `lateness` ago. */
  settle(routers: Iterable<VirtualRouter>, lateness = ON_TIME): void {
    const { groups, lookout } = this.#parts;
    const affected = new Set<VirtualRouter>();
    for (const router of routers) {
      const group = groups.groupOf(router.name);
      lookout.assess(router, group?.config);
      affected.add(router);
      if (group !== undefined) for (const member of groups.membersOf(group.name)) affected.add(member);
    }
    for (const router of affected) {
      router.faults = groups.faultsOf(router);
      router.waits = groups.waitsOf(router);
    }
    const now = this.#parts.clock.now();
    // Whoever fails by itself goes first, so that the group's transition names the real cause.
    const [failing, others] = partition(affected, (router) => router.standing.faults.length > 0);
    for (const router of [...failing, ...others]) this.#tell(router, now, lateness);
  }

  /** Routers that track this, by themselves or with their group. */
  trackersOf(kind: TrackerKind, name: string): VirtualRouter[] {
    const tracks = ({ trackers }: { readonly trackers: readonly TrackLine[] }): boolean =>
      trackers.some((line) => line.kind === kind && line.name === name);
    return [...this.#parts.routers.values()].filter((router) => {
      const group = this.#parts.groups.groupOf(router.name);
      return tracks(router.config) || (group !== undefined && tracks(group.config));
    });
  }

  #tell(router: VirtualRouter, now: Instant, lateness: Micros): void {
    const { driver } = this.#parts;
    const [fault] = router.faults;
    // A fault first: the priority it leaves with is the one it had, and nobody is told of one it never advertised.
    if (router.started && fault !== undefined && router.state.kind !== 'fault') {
      driver.dispatch(router, { kind: 'fault', reason: fault }, now, lateness);
    }
    const settings = router.settings();
    const { state } = router;
    if (!sameValue(settings, state.settings)) {
      const { priority } = state.settings;
      driver.dispatch(router, { kind: 'settings', settings }, now, lateness);
      if (router.started && priority !== settings.priority) this.#parts.priorityChanged(router, priority);
    }
    if (!router.started) {
      this.#parts.starter.startLate(router, now);
      return;
    }
    // What it recovers from may be a fault that a tracker without a result still has.
    if (fault === undefined && router.state.kind === 'fault' && router.waits.length === 0) {
      driver.dispatch(router, { kind: 'recovered' }, now, lateness);
    }
  }
}

function partition<Item>(items: Iterable<Item>, belongs: (item: Item) => boolean): readonly [Item[], Item[]] {
  const [inside, outside]: [Item[], Item[]] = [[], []];
  for (const item of items) (belongs(item) ? inside : outside).push(item);
  return [inside, outside];
}
