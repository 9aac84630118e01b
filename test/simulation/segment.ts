/** N routers on one segment that loses, delays, duplicates and partitions packets. One clock, one generator, all synchronous. */
import {
  after,
  type Instant,
  instant,
  type Micros,
  micros,
  millis,
  seconds,
} from '../../services/shared/time/duration.js';
import type { RouterEvent } from '../../services/vrrpd/fsm/events.js';
import type { RouterSettings } from '../../services/vrrpd/fsm/settings.js';
import { initialState, nextDeadline, type RouterState } from '../../services/vrrpd/fsm/state.js';
import { step } from '../../services/vrrpd/fsm/step.js';
import { masterDownInterval } from '../../services/vrrpd/fsm/timers.js';

/** A generator of numbers in [0, 1) that a seed determines (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Packet {
  readonly at: Instant;
  readonly order: number;
  readonly to: number;
  readonly event: Extract<RouterEvent, { kind: 'advert' }>;
}

export interface SimulatedRouter {
  readonly id: number;
  readonly settings: RouterSettings;
  state: RouterState;
  /** The virtual addresses are on its interface. */
  holds: boolean;
  alive: boolean;
}

/** How the segment misbehaves. */
export interface Faults {
  readonly loss: number;
  readonly duplication: number;
  readonly delayMax: Micros;
}

const CALM: Faults = { loss: 0, duplication: 0, delayMax: millis(1) };

/** The simulated segment. Throws an Error that names the seed when an invariant breaks. */
export class Segment {
  readonly routers: SimulatedRouter[] = [];
  readonly log: string[] = [];
  readonly #seed: number;
  readonly #random: () => number;
  #now = instant(1_000_000);
  #packets: Packet[] = [];
  #order = 0;
  #faults: Faults = CALM;
  /** Side of the partition each router is on. */
  #sides: number[] = [];

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = randomFrom(seed);
    const count = 2 + this.#pick(4);
    const version = this.#random() < 0.5 ? 2 : 3;
    const advertInterval = version === 2 ? seconds(1 + this.#pick(3)) : micros((1 + this.#pick(100)) * 10_000);
    const preempt = this.#random() < 0.7;
    for (let id = 0; id < count; id++) {
      const settings: RouterSettings = {
        version,
        // Equal priorities happen: the address then decides.
        priority: 1 + this.#pick(254),
        advertInterval,
        preempt,
        preemptDelay: micros(0),
        address: Uint8Array.of(10, 0, 0, id + 1),
        answerLowerPriority: true,
        lastWord: true,
        downTimerAdverts: 3,
        rivalPriority: 254,
      };
      const priority = id > 0 && this.#random() < 0.2 ? (this.routers[0]?.settings.priority ?? 100) : settings.priority;
      const complete = { ...settings, priority };
      this.routers.push({ id, settings: complete, state: initialState(complete), holds: false, alive: true });
    }
    this.#sides = this.routers.map(() => 0);
  }

  /** A whole life: faults of all kinds for a while, then calm; then exactly one master must emerge. */
  run(): void {
    for (const router of this.routers) this.#feed(router, { kind: 'startup' });
    this.#faults = {
      loss: this.#random() * 0.5,
      duplication: this.#random() * 0.2,
      delayMax: micros(Math.round(this.#random() * this.#interval())),
    };
    for (let round = 0; round < 20; round++) {
      this.#mischief();
      this.#advance(micros(Math.round(this.#random() * 3 * this.#interval())));
    }
    this.#calmDown();
    this.#advance(this.#settlingTime());
    this.#checkOutcome();
    const before = this.#masters();
    this.#advance(micros(20 * this.#interval()));
    this.#assert(this.#masters().join() === before.join(), 'mastership moves although nothing happens');
  }

  #mischief(): void {
    const router = this.routers[this.#pick(this.routers.length)];
    if (router === undefined) return;
    const dice = this.#random();
    if (dice < 0.2) {
      this.log.push(`${this.#now} crash ${router.id}`);
      router.alive = false;
      router.holds = false;
      router.state = initialState(router.settings);
    } else if (dice < 0.4 && router.alive) {
      this.#feed(router, { kind: 'shutdown' });
      this.#assert(!router.holds, `router ${router.id} kept the addresses after its shutdown`);
    } else if (dice < 0.45 && router.alive) {
      this.#feed(router, { kind: 'leave' });
    } else if (dice < 0.6) {
      router.alive = true;
      this.#start(router);
    } else if (dice < 0.7) {
      this.#feed(router, { kind: 'fault', reason: { code: 'interface-down', text: 'down' } });
    } else if (dice < 0.8) {
      this.#feed(router, { kind: 'recovered' });
    } else {
      this.#sides = this.routers.map(() => this.#pick(2));
      this.log.push(`${this.#now} partition ${this.#sides.join('')}`);
    }
  }

  #calmDown(): void {
    this.#faults = CALM;
    this.#sides = this.routers.map(() => 0);
    for (const router of this.routers) {
      router.alive = true;
      this.#feed(router, { kind: 'recovered' });
      this.#start(router);
    }
  }

  /** A process that is on its way out ends before the next one starts. */
  #start(router: SimulatedRouter): void {
    if (router.state.kind === 'leaving') this.#feed(router, { kind: 'shutdown' });
    this.#feed(router, { kind: 'startup' });
  }

  /** Packets under way, then the longest master-down interval, then one advertisement for the loser of a race to hear. */
  #settlingTime(): Micros {
    const longest = Math.max(...this.routers.map(({ settings }) => masterDownInterval(settings, this.#interval())));
    return micros(longest + 2 * this.#interval() + 10_000);
  }

  #checkOutcome(): void {
    const masters = this.#masters();
    this.#assert(masters.length === 1, `${masters.length} masters after everything is calm: ${masters.join(', ')}`);
    const [master] = masters;
    const best = [...this.routers].sort(
      (left, right) => right.settings.priority - left.settings.priority || right.id - left.id,
    )[0];
    const winner = this.routers[master ?? -1];
    // Among equals the one that is master stays: a backup does not preempt its equal.
    const preempt = best?.settings.preempt === true;
    if (preempt)
      this.#assert(winner?.settings.priority === best?.settings.priority, `router ${master} is not the best`);
  }

  #masters(): number[] {
    return this.routers.filter(({ state }) => state.kind === 'master').map(({ id }) => id);
  }

  #advance(duration: Micros): void {
    const end = after(this.#now, duration);
    for (;;) {
      const packet = this.#nextPacket();
      const router = this.#nextDue();
      const due = router === undefined ? undefined : nextDeadline(router.state);
      const next = Math.min(packet?.at ?? Number.POSITIVE_INFINITY, due ?? Number.POSITIVE_INFINITY);
      if (next > end) break;
      this.#now = instant(Math.max(next, this.#now));
      if (packet !== undefined && packet.at <= next) {
        this.#packets.splice(this.#packets.indexOf(packet), 1);
        const receiver = this.routers[packet.to];
        if (receiver?.alive === true) this.#feed(receiver, packet.event);
      } else if (router !== undefined) this.#feed(router, { kind: 'deadline' });
    }
    this.#now = end;
  }

  #nextPacket(): Packet | undefined {
    let next: Packet | undefined;
    for (const packet of this.#packets) {
      if (next === undefined || packet.at < next.at || (packet.at === next.at && packet.order < next.order)) {
        next = packet;
      }
    }
    return next;
  }

  #nextDue(): SimulatedRouter | undefined {
    let next: SimulatedRouter | undefined;
    for (const router of this.routers) {
      const due = router.alive ? nextDeadline(router.state) : undefined;
      const earliest = next === undefined ? undefined : nextDeadline(next.state);
      if (due !== undefined && (earliest === undefined || due < earliest)) next = router;
    }
    return next;
  }

  #feed(router: SimulatedRouter, event: RouterEvent): void {
    const before = router.state;
    const result = step(before, event, this.#now);
    router.state = result.state;
    for (const action of result.actions) {
      if (action.kind === 'send-advert') {
        const mayAdvertise = before.kind === 'master' || router.state.kind === 'master';
        const wasYielding = before.kind === 'master' && router.state.kind === 'backup';
        this.#assert(!wasYielding || action.priority === 0 || !router.holds, `router ${router.id} yields and holds on`);
        this.#assert(mayAdvertise, `router ${router.id} advertises as ${router.state.kind}`);
        this.#broadcast(router, action.priority);
      } else if (action.kind === 'add-addresses') router.holds = true;
      else if (action.kind === 'remove-addresses') router.holds = false;
      else if (action.kind === 'enter') {
        this.log.push(`${this.#now} router ${router.id} ${action.from} -> ${action.to} ${action.cause.code}`);
      }
    }
    this.#assert(
      router.holds === (router.state.kind === 'master' || router.state.kind === 'leaving'),
      `router ${router.id} is ${router.state.kind} and holds the addresses: ${router.holds}`,
    );
    if (before.kind === 'master' && (event.kind === 'shutdown' || event.kind === 'leave')) {
      const said = result.actions.some((action) => action.kind === 'send-advert' && action.priority === 0);
      this.#assert(said, `router ${router.id} left without a goodbye`);
    }
  }

  #broadcast(from: SimulatedRouter, priority: number): void {
    for (const to of this.routers) {
      if (to.id === from.id || this.#sides[to.id] !== this.#sides[from.id]) continue;
      const copies = this.#random() < this.#faults.duplication ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) {
        if (this.#random() < this.#faults.loss) continue;
        const delay = micros(50 + Math.round(this.#random() * this.#faults.delayMax));
        const { address: source, advertInterval: interval } = from.settings;
        const event = { kind: 'advert', source, priority, interval } as const;
        this.#packets.push({ at: after(this.#now, delay), order: this.#order++, to: to.id, event });
      }
    }
  }

  #interval(): Micros {
    return this.routers[0]?.settings.advertInterval ?? seconds(1);
  }

  #pick(count: number): number {
    return Math.floor(this.#random() * count);
  }

  #assert(holds: boolean, what: string): void {
    if (holds) return;
    const setup = this.routers.map(({ id, settings }) => `${id}: priority ${settings.priority}`).join(', ');
    throw new Error(`seed ${this.#seed}: ${what}\n${setup}\n${this.log.slice(-40).join('\n')}`);
  }
}
