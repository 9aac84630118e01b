/** A simulated machine: one virtual router on each segment, in a sync group when there are several. */
import { type Instant, type Micros, micros } from '../../services/shared/time/duration.js';
import type { FaultReason, RouterEvent } from '../../services/vrrpd/fsm/events.js';
import type { AdvertEvent, StepResult } from '../../services/vrrpd/fsm/result.js';
import type { RouterSettings } from '../../services/vrrpd/fsm/settings.js';
import { initialState, nextDeadline, type RouterState } from '../../services/vrrpd/fsm/state.js';
import { step } from '../../services/vrrpd/fsm/step.js';
import { followerEvent, sharedFaults } from '../../services/vrrpd/syncGroup.js';

/** The state machine under test; another one shows that the simulation finds what is wrong with it. */
export type Rules = (state: RouterState, event: RouterEvent, now: Instant) => StepResult;

/** One virtual router. */
export interface SimulatedRouter {
  readonly machine: number;
  readonly segment: number;
  state: RouterState;
  /** The virtual addresses are on its interface. */
  holds: boolean;
  /** Its own faults, not those of its group. */
  faults: readonly FaultReason[];
}

/** What a machine wants of its surroundings. */
export interface Surroundings {
  now(): Instant;
  send(segment: number, from: number, event: AdvertEvent): void;
  log(line: string): void;
  /** Ends the simulation when `holds` is false. */
  assert(holds: boolean, what: string): void;
}

const GROUP = 'VG_1';

/** See the head of the file. */
export class SimulatedMachine {
  readonly routers: readonly SimulatedRouter[];
  /** Its process runs. */
  alive = true;
  /** The process does not get the processor until then. */
  stalledUntil: Instant | undefined;
  readonly #surroundings: Surroundings;
  readonly #rules: Rules;

  constructor(
    readonly id: number,
    segments: number,
    readonly settings: RouterSettings,
    surroundings: Surroundings,
    rules: Rules = step,
  ) {
    this.#surroundings = surroundings;
    this.#rules = rules;
    this.routers = Array.from({ length: segments }, (_, segment) => ({
      ...{ machine: id, segment, state: initialState(settings), holds: false, faults: [] },
    }));
  }

  /** When it wants to act next, as far as it can. */
  nextDeadline(): Instant | undefined {
    if (!this.alive) return undefined;
    let next: Instant | undefined;
    for (const { state } of this.routers) {
      const due = nextDeadline(state);
      if (due !== undefined && (next === undefined || due < next)) next = due;
    }
    const { stalledUntil } = this;
    return next !== undefined && stalledUntil !== undefined && stalledUntil > next ? stalledUntil : next;
  }

  /** Acts on the deadlines that have come. */
  due(): void {
    const now = this.#surroundings.now();
    for (const router of this.routers) {
      const deadline = nextDeadline(router.state);
      if (deadline !== undefined && deadline <= now) this.feed(router, { kind: 'deadline' });
    }
  }

  hear(segment: number, event: AdvertEvent): void {
    const router = this.routers[segment];
    if (router !== undefined) this.feed(router, event);
  }

  /** Every router of the machine. */
  all(event: RouterEvent): void {
    for (const router of this.routers) this.feed(router, event);
  }

  /** As SIGKILL of its process, or a power cut, after which the addresses are gone too. */
  kill(powerCut: boolean): void {
    this.alive = false;
    this.stalledUntil = undefined;
    for (const router of this.routers) {
      if (powerCut) router.holds = false;
    }
  }

  /** The process begins again: from its record while that is worth something, else from the beginning. */
  start(resume: boolean): void {
    const before = this.routers.map(({ state }) => state);
    const wasAlive = this.alive;
    this.alive = true;
    for (const [index, router] of this.routers.entries()) {
      const last = before[index];
      if (wasAlive) {
        // A process that is on its way out ends before the next one starts.
        if (router.state.kind === 'leaving') this.feed(router, { kind: 'shutdown' });
        this.feed(router, { kind: 'startup' });
        continue;
      }
      router.state = initialState(router.state.settings);
      const [reason] = this.#faultsOf(router);
      if (reason !== undefined) this.feed(router, { kind: 'fault', reason });
      else if (resume && last?.kind === 'master') {
        this.feed(router, { kind: 'resume', lastAdvertAt: last.lastAdvertAt });
      } else this.feed(router, { kind: 'startup' });
    }
  }

  /** Something tracked changes: every member of the group shares a fault. */
  track(segment: number, faults: readonly FaultReason[]): void {
    const changed = this.routers[segment];
    if (changed === undefined) return;
    changed.faults = faults;
    if (!this.alive) return;
    for (const router of this.routers) {
      const [reason] = this.#faultsOf(router);
      if (reason === undefined) this.feed(router, { kind: 'recovered' });
      else this.feed(router, { kind: 'fault', reason });
    }
  }

  #faultsOf(router: SimulatedRouter): readonly FaultReason[] {
    return [...router.faults, ...sharedFaults(GROUP, nameOf(router), this.routers.map(member))];
  }

  /** The terms of the effective priority change. */
  weigh(priority: number): void {
    const settings = { ...this.settings, priority };
    if (this.alive) this.all({ kind: 'settings', settings });
    else for (const router of this.routers) router.state = { ...router.state, settings };
  }

  get priority(): number {
    return this.routers[0]?.state.settings.priority ?? this.settings.priority;
  }

  feed(router: SimulatedRouter, event: RouterEvent): void {
    const before = router.state;
    const { now, log, assert } = this.#surroundings;
    const result = this.#rules(before, event, now());
    router.state = result.state;
    const name = `router ${this.id}/${router.segment}`;
    const holdsOn = (kind: RouterState['kind']): boolean => kind === 'master' || kind === 'leaving';
    for (const action of result.actions) {
      switch (action.kind) {
        case 'send-advert': {
          const mayAdvertise = before.kind === 'master' || router.state.kind === 'master';
          assert(mayAdvertise, `${name} advertises as ${router.state.kind}`);
          const yields = before.kind === 'master' && router.state.kind === 'backup';
          assert(!yields || action.priority === 0 || !router.holds, `${name} yields and holds on`);
          this.#send(router, action.priority);
          break;
        }
        case 'add-addresses':
          assert(router.state.kind === 'master', `${name} takes the addresses as ${router.state.kind}`);
          router.holds = true;
          break;
        case 'remove-addresses':
          router.holds = false;
          break;
        case 'enter':
          log(`${name} ${action.from} -> ${action.to} ${action.cause.code}`);
          assert(!holdsOn(action.from) || holdsOn(action.to) || !router.holds, `${name} leaves MASTER and holds on`);
          break;
        default:
          break;
      }
    }
    const { kind } = router.state;
    assert(router.holds === holdsOn(kind), `${name} is ${kind} and holds the addresses: ${router.holds}`);
    if (before.kind === 'master' && ['shutdown', 'leave', 'yield', 'fault'].includes(event.kind)) {
      const said = result.actions.some((action) => action.kind === 'send-advert' && action.priority === 0);
      assert(said, `${name} left without a goodbye`);
    }
    for (const action of result.actions) {
      if (action.kind === 'enter') this.#lead(router, action.from, action.to);
    }
  }

  /** The group follows its member. */
  #lead(changed: SimulatedRouter, from: RouterState['kind'], to: RouterState['kind']): void {
    for (const router of this.routers) {
      const event = followerEvent(GROUP, { name: nameOf(changed), from, to }, member(router));
      if (event !== undefined) this.feed(router, event);
    }
  }

  #send({ segment, state }: SimulatedRouter, priority: number): void {
    const { address: source, advertInterval: interval } = state.settings;
    this.#surroundings.send(segment, this.id, { kind: 'advert', source, priority, interval });
  }
}

const nameOf = ({ segment }: SimulatedRouter): string => `VI_${segment}`;

const member = (router: SimulatedRouter) => ({
  ...{ name: nameOf(router), state: router.state.kind, faults: router.faults },
});

/** Longest time without a master that the settings allow. */
export function longest(values: readonly Micros[]): Micros {
  return micros(Math.max(...values));
}
