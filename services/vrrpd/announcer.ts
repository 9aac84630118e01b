import type { FrameSender } from '../shared/kernel/ports.js';
import type { Schedule, Scheduled } from '../shared/kernel/schedule.js';
import type { Clock } from '../shared/time/clock.js';
import { after, type Instant, type Micros, micros } from '../shared/time/duration.js';
import { AnnounceLanes, type PacingLane } from './announcePacing.js';
import { type AnnouncePlan, type AnnounceSets, type AnnounceTarget, plansFor } from './announcePlan.js';
import type { AnnouncePacing, GarpConfig } from './config/model.js';

/** How many frames leave before the loop gets its turn: about two milliseconds of work. */
const FRAMES_PER_TURN = 512;
/**
 * The same for the first message of each address, on which the traffic waits: in the next turn the kernel has as many tidings
 * about addresses that were added, which take longer than the frames.
 */
const FIRST_FRAMES_PER_TURN = 1_024;

/** Something a master announces again and again. */
export interface Upkeep {
  readonly every: Micros;
  readonly repeat: number;
  /** What to send when it is time: addresses come and go meanwhile. */
  readonly targets: () => readonly AnnounceTarget[];
}

/** Sends gratuitous ARPs and unsolicited neighbour advertisements, repeated and paced as configured (`garp_*`). */
export class Announcer {
  readonly #clock: Clock;
  readonly #schedule: Schedule;
  readonly #sender: FrameSender;
  readonly #onError: (error: unknown) => void;
  readonly #lanes = new AnnounceLanes();
  readonly #plans = new Map<object, Set<AnnouncePlan>>();
  readonly #upkeep = new Map<object, readonly Scheduled[]>();

  constructor(clock: Clock, schedule: Schedule, sender: FrameSender, onError: (error: unknown) => void) {
    this.#clock = clock;
    this.#schedule = schedule;
    this.#sender = sender;
    this.#onError = onError;
  }

  /** Puts the distances between messages in force (`vrrp_garp_interval`, `vrrp_gna_interval`, `garp_group`). */
  configure(pacing: AnnouncePacing): void {
    this.#lanes.configure(pacing);
  }

  /** Announces as a new master: one set now, another after `masterDelay`. */
  becameMaster(owner: object, targets: readonly AnnounceTarget[], garp: GarpConfig): void {
    this.#forgetPlans(owner);
    this.added(owner, targets, garp);
  }

  /** As `becameMaster`, for addresses that came later: what is under way for the others goes on. */
  added(owner: object, targets: readonly AnnounceTarget[], garp: GarpConfig): void {
    this.#start(owner, targets, { repeat: garp.masterRepeat, secondAfter: garp.masterDelay });
  }

  /** Announces again because another router claimed the addresses: one set now, another after `lowerPriorityDelay`. */
  rivalHeard(owner: object, targets: readonly AnnounceTarget[], garp: GarpConfig): void {
    this.#forgetPlans(owner);
    this.#start(owner, targets, { repeat: garp.lowerPriorityRepeat, secondAfter: garp.lowerPriorityDelay });
  }

  /** One more message for every address: sets under way grow by one round, or one is sent now. */
  oneMore(owner: object, targets: readonly AnnounceTarget[]): void {
    const plans = this.#plans.get(owner);
    if (plans === undefined) {
      this.#start(owner, targets, { repeat: 1, secondAfter: micros(0) });
      return;
    }
    for (const plan of [...plans]) {
      plan.addRound();
      this.#run(owner, plan, this.#clock.now());
    }
  }

  /** From now on, until `cancel`, announces these again and again; in place of what was kept up before. */
  keepUp(owner: object, upkeep: readonly Upkeep[]): void {
    this.#forgetUpkeep(owner);
    const wanted = upkeep.filter(({ every }) => every > 0);
    if (wanted.length === 0) return;
    const now = this.#clock.now();
    const items = wanted.map((one) => {
      const item: Scheduled = {
        due: (at, dueNow) => {
          const next = after(at, one.every);
          this.#schedule.set(item, next > dueNow ? next : after(dueNow, one.every));
          this.#start(owner, one.targets(), { repeat: one.repeat, secondAfter: micros(0) });
        },
      };
      this.#schedule.set(item, after(now, one.every));
      return item;
    });
    this.#upkeep.set(owner, items);
  }

  /** Sends one frame whose failure is expected. */
  warmUp(ifindex: number, frame: Buffer): void {
    try {
      this.#sender.send(ifindex, [frame]);
    } catch {
      // There is no such interface: that is the point.
    }
  }

  /** Stops announcing: the addresses are no longer ours. */
  cancel(owner: object): void {
    this.#forgetPlans(owner);
    this.#forgetUpkeep(owner);
  }

  close(): void {
    for (const owner of [...this.#plans.keys(), ...this.#upkeep.keys()]) this.cancel(owner);
    this.#sender.close();
  }

  #forgetPlans(owner: object): void {
    for (const plan of this.#plans.get(owner) ?? []) this.#schedule.set(plan, undefined);
    this.#plans.delete(owner);
  }

  #forgetUpkeep(owner: object): void {
    for (const item of this.#upkeep.get(owner) ?? []) this.#schedule.set(item, undefined);
    this.#upkeep.delete(owner);
  }

  #start(owner: object, targets: readonly AnnounceTarget[], sets: AnnounceSets): void {
    if (targets.length === 0 || sets.repeat === 0) return;
    const now = this.#clock.now();
    const plans = plansFor(targets, sets, now, (plan, at) => this.#run(owner, plan, at));
    const known = this.#plans.get(owner);
    this.#plans.set(owner, new Set([...(known ?? []), ...plans]));
    for (const plan of plans) this.#run(owner, plan, now);
  }

  #run(owner: object, plan: AnnouncePlan, now: Instant): void {
    plan.beginDueSet(now);
    const lane = this.#lanes.of(plan.physical, plan.family);
    const goOnAt = lane === undefined ? this.#sendBatch(plan, now) : this.#sendPaced(plan, lane, now);
    const next = goOnAt ?? plan.nextSetAt;
    this.#schedule.set(plan, next);
    if (next !== undefined) return;
    const plans = this.#plans.get(owner);
    plans?.delete(plan);
    if (plans?.size === 0) this.#plans.delete(owner);
  }

  /** Sends as many frames as fit into one turn; returns when to go on, if something is left. */
  #sendBatch(plan: AnnouncePlan, now: Instant): Instant | undefined {
    const frames = plan.take(plan.begun ? FRAMES_PER_TURN : FIRST_FRAMES_PER_TURN);
    if (frames.length > 0) this.#send(plan.ifindex, frames);
    return plan.pending ? after(now, micros(1)) : undefined;
  }

  /** Sends one frame when its lane is free; returns when to go on, if something is left. */
  #sendPaced(plan: AnnouncePlan, lane: PacingLane, now: Instant): Instant | undefined {
    if (!plan.pending) return undefined;
    const freeAt = lane.freeAt(now);
    if (freeAt > now) return freeAt;
    this.#send(plan.ifindex, plan.take(1));
    lane.used(now);
    return plan.pending ? lane.freeAt(now) : undefined;
  }

  #send(ifindex: number, frames: readonly Buffer[]): void {
    try {
      this.#sender.send(ifindex, frames);
    } catch (error) {
      this.#onError(error);
    }
  }
}
