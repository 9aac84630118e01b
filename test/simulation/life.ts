/** A whole life of a few machines: faults of all kinds for a while, then calm. One clock, one generator, all synchronous. */
import {
  after,
  elapsed,
  type Instant,
  instant,
  type Micros,
  micros,
  seconds,
} from '../../services/shared/time/duration.js';
import type { RouterSettings } from '../../services/vrrpd/fsm/settings.js';
import { masterDownInterval } from '../../services/vrrpd/fsm/timers.js';
import { PRIORITY_OWNER } from '../../services/vrrpd/packet/advertisement.js';
import { longest, type Rules, SimulatedMachine, type Surroundings } from './machine.js';
import { Dice } from './random.js';
import { Wire } from './wire.js';

const ROUNDS = 20;
/** What packets take on a calm wire, there and back, and a little more. */
const ON_THE_WAY = 5_000;

/** See the head of the file. Throws an Error that names the seed when an invariant breaks. */
export class Life {
  readonly log: string[] = [];
  readonly machines: readonly SimulatedMachine[];
  readonly #seed: number;
  readonly #dice: Dice;
  readonly #wire: Wire;
  readonly #segments: number;
  #now = instant(1_000_000);

  /** `rules`: another state machine than ours, to see that its faults are found. */
  constructor(seed: number, rules?: Rules) {
    this.#seed = seed;
    this.#dice = new Dice(seed);
    const count = 2 + this.#dice.pick(4);
    this.#segments = this.#dice.chance(0.25) ? 2 : 1;
    this.#wire = new Wire(this.#dice, count);
    const surroundings: Surroundings = {
      now: () => this.#now,
      send: (segment, from, event) => this.#wire.send(segment, from, event, this.#now),
      log: (line) => this.log.push(`${this.#now} ${line}`),
      assert: (holds, what) => this.#assert(holds, what),
    };
    this.machines = this.#settings(count).map(
      (settings, id) => new SimulatedMachine(id, this.#segments, settings, surroundings, rules),
    );
  }

  /** Equal priorities happen (the address then decides), and so do an owner and different intervals in version 3. */
  #settings(count: number): RouterSettings[] {
    const dice = this.#dice;
    const version = dice.chance(0.5) ? 2 : 3;
    const interval = (): Micros => (version === 2 ? seconds(1 + dice.pick(3)) : micros((1 + dice.pick(100)) * 10_000));
    const common = interval();
    const owner = dice.chance(0.15) ? dice.pick(count) : -1;
    let previous = 100;
    return Array.from({ length: count }, (_, id): RouterSettings => {
      const priority = dice.chance(0.2) ? previous : 1 + dice.pick(254);
      previous = priority;
      return {
        version,
        priority: id === owner ? PRIORITY_OWNER : priority,
        advertInterval: version === 3 && dice.chance(0.2) ? interval() : common,
        preempt: dice.chance(0.7),
        preemptDelay: dice.chance(0.25) ? micros(Math.round(dice.next() * 5 * common)) : micros(0),
        address: Uint8Array.of(10, 0, 0, id + 1),
        answerLowerPriority: dice.chance(0.8),
        lastWord: dice.chance(0.8),
        downTimerAdverts: 3,
        rivalPriority: 254,
      };
    });
  }

  run(): void {
    for (const machine of this.machines) machine.start(false);
    this.#wire.faults = {
      loss: this.#dice.next() * 0.5,
      duplication: this.#dice.next() * 0.3,
      delayMax: micros(Math.round(this.#dice.next() * this.#interval())),
    };
    for (let round = 0; round < ROUNDS; round++) {
      this.#mischief();
      this.#advance(micros(Math.round(this.#dice.next() * 3 * this.#interval())));
    }
    this.#calmDown();
    this.#settle();
    const before = this.#masters().join();
    this.#advance(micros(20 * this.#interval()));
    this.#assert(this.#masters().join() === before, 'mastership moves although nothing happens');
  }

  #mischief(): void {
    const dice = this.#dice;
    const machine = this.machines[dice.pick(this.machines.length)];
    if (machine === undefined) return;
    const { id } = machine;
    const segment = dice.pick(this.#segments);
    const deeds: readonly (readonly [weight: number, deed: () => void])[] = [
      [2, () => this.#kill(machine, dice.chance(0.5))],
      [1, () => machine.alive && machine.all({ kind: 'shutdown' })],
      [1, () => machine.alive && machine.all({ kind: 'leave' })],
      [
        1,
        () =>
          machine.alive && machine.all({ kind: 'yield', text: 'asked', ifAlone: dice.chance(0.5) ? 'stay' : 'leave' }),
      ],
      [4, () => machine.start(true)],
      [2, () => machine.track(segment, [{ code: 'interface-down', text: 'down' }])],
      [2, () => machine.track(segment, [])],
      [3, () => this.#weigh(machine)],
      [2, () => this.#stall(machine)],
      [3, () => this.#partition(segment)],
      [2, () => this.#deafen(segment, id)],
    ];
    let dart = dice.next() * deeds.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, deed] of deeds) {
      dart -= weight;
      if (dart < 0) return void deed();
    }
  }

  #kill(machine: SimulatedMachine, powerCut: boolean): void {
    this.log.push(`${this.#now} ${powerCut ? 'power cut' : 'kill'} ${machine.id}`);
    machine.kill(powerCut);
  }

  /** A tracker with a weight comes or goes. The owner's priority cannot be moved. */
  #weigh(machine: SimulatedMachine): void {
    if (machine.settings.priority === PRIORITY_OWNER) return;
    const priority = Math.min(254, Math.max(1, machine.settings.priority + this.#dice.pick(200) - 100));
    this.log.push(`${this.#now} priority of ${machine.id} is ${priority}`);
    machine.weigh(priority);
  }

  #stall(machine: SimulatedMachine): void {
    machine.stalledUntil = after(this.#now, micros(Math.round(this.#dice.next() * 6 * this.#interval())));
    this.log.push(`${this.#now} ${machine.id} stalls until ${machine.stalledUntil}`);
  }

  #partition(segment: number): void {
    const sides = this.machines.map(() => this.#dice.pick(2));
    this.log.push(`${this.#now} partition of ${segment} ${sides.join('')}`);
    for (const [from, side] of sides.entries()) {
      for (const [to, other] of sides.entries()) this.#wire.cut(segment, from, to, side !== other);
    }
  }

  /** Cut one way: it hears nobody but is heard. */
  #deafen(segment: number, machine: number): void {
    this.log.push(`${this.#now} ${machine} hears nobody on ${segment}`);
    for (const { id } of this.machines) this.#wire.cut(segment, id, machine, true);
  }

  /** Faults end: also those of packets that were delayed. */
  #calmDown(): void {
    this.log.push(`${this.#now} calm`);
    this.#wire.heal();
    for (const machine of this.machines) {
      machine.stalledUntil = undefined;
      for (const { segment } of machine.routers) machine.track(segment, []);
      machine.start(true);
    }
    this.#advance(elapsed(this.#now, this.#wire.emptyAt(this.#now)));
  }

  /**
   * Within the longest master-down interval plus one advertisement every segment has exactly one master; and after the
   * longest preempt_delay it is none whom a better router may preempt.
   */
  #settle(): void {
    const interval = longest(this.machines.map(({ settings }) => settings.advertInterval));
    const wait = longest(
      this.machines.map(({ settings, priority }) => masterDownInterval({ ...settings, priority }, interval)),
    );
    this.#advance(micros(wait + interval));
    // Somebody may preempt at this very moment; then the other one hears it.
    if (!this.#isOneEach()) this.#advance(micros(ON_THE_WAY));
    this.#assert(this.#isOneEach(), `masters after everything is calm: ${this.#masters().join()}`);
    const delay = longest(this.machines.map(({ settings }) => settings.preemptDelay));
    this.#advance(micros(delay + wait + interval));
    if (!this.#isOneEach()) this.#advance(micros(ON_THE_WAY));
    this.#assert(this.#isOneEach(), `masters after preempt_delay: ${this.#masters().join()}`);
    for (const segment of this.#masters()) {
      const winner = this.machines[segment[0] ?? -1];
      const better = this.machines.find(
        ({ settings, priority }) => settings.preempt && priority > (winner?.priority ?? 0),
      );
      this.#assert(better === undefined, `${better?.id} does not preempt ${winner?.id}`);
    }
  }

  #isOneEach(): boolean {
    return this.#masters().every((masters) => masters.length === 1);
  }

  /** Machines that are master, per segment. */
  #masters(): number[][] {
    return Array.from({ length: this.#segments }, (_, segment) =>
      this.machines.flatMap(({ id, routers }) => (routers[segment]?.state.kind === 'master' ? [id] : [])),
    );
  }

  #advance(duration: Micros): void {
    const end = after(this.#now, duration);
    for (;;) {
      const packet = this.#wire.next();
      const machine = this.#nextDue();
      const due = machine?.nextDeadline();
      const next = Math.min(packet?.at ?? Number.POSITIVE_INFINITY, due ?? Number.POSITIVE_INFINITY);
      if (next > end) break;
      this.#now = instant(Math.max(next, this.#now));
      if (packet !== undefined && packet.at <= next) {
        this.#wire.take(packet);
        this.#deliver(packet.to, packet.segment, packet.event);
      } else machine?.due();
    }
    this.#now = end;
  }

  /** What comes to a process that stands still waits in its socket. */
  #deliver(to: number, segment: number, event: Parameters<SimulatedMachine['hear']>[1]): void {
    const machine = this.machines[to];
    if (machine?.alive !== true) return;
    const { stalledUntil } = machine;
    if (stalledUntil === undefined || stalledUntil <= this.#now) machine.hear(segment, event);
    else this.#wire.postpone(to, segment, event, stalledUntil);
  }

  #nextDue(): SimulatedMachine | undefined {
    let next: SimulatedMachine | undefined;
    let earliest: Instant | undefined;
    for (const machine of this.machines) {
      const due = machine.nextDeadline();
      if (due !== undefined && (earliest === undefined || due < earliest)) {
        next = machine;
        earliest = due;
      }
    }
    return next;
  }

  #interval(): Micros {
    return this.machines[0]?.settings.advertInterval ?? seconds(1);
  }

  #assert(holds: boolean, what: string): void {
    if (holds) return;
    const setup = this.machines.map(({ id, settings, priority }) => {
      const { version, advertInterval, preempt, preemptDelay } = settings;
      const preempts = preempt ? `preempts after ${preemptDelay / 1e6} s` : 'nopreempt';
      return `${id}: version ${version}, priority ${settings.priority} (now ${priority}), ${advertInterval / 1e6} s, ${preempts}`;
    });
    const replay = `replay it with KEEPWATCH_SEED=${this.#seed}`;
    throw new Error([`seed ${this.#seed}: ${what}; ${replay}`, ...setup, ...this.log.slice(-60)].join('\n'));
  }
}
