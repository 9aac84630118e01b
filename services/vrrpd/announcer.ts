import type { FrameSender } from '../shared/kernel/ports.js';
import type { Clock } from '../shared/time/clock.js';
import { after, type Instant, type Micros, micros } from '../shared/time/duration.js';
import type { GarpConfig } from './config/model.js';
import type { Schedule, Scheduled } from './schedule.js';

/** Frames to send on one interface, one per virtual address. */
export interface AnnounceTarget {
  readonly ifindex: number;
  readonly frame: Buffer;
}

/** How many frames leave before the loop gets its turn: about a millisecond of work. */
const FRAMES_PER_TURN = 256;

/** Sends gratuitous ARPs and unsolicited neighbour advertisements, repeated and paced as configured (`garp_*`). */
export class Announcer {
  readonly #clock: Clock;
  readonly #schedule: Schedule;
  readonly #sender: FrameSender;
  readonly #onError: (error: unknown) => void;
  readonly #plans = new Map<object, AnnouncePlan>();
  /** When the next frame may leave, per interface with a `garp_interval`. */
  readonly #nextFrameAt = new Map<number, Instant>();

  constructor(clock: Clock, schedule: Schedule, sender: FrameSender, onError: (error: unknown) => void) {
    this.#clock = clock;
    this.#schedule = schedule;
    this.#sender = sender;
    this.#onError = onError;
  }

  /** Announces as a new master: one set now, another after `masterDelay`, then every `masterRefresh`. */
  becameMaster(owner: object, targets: readonly AnnounceTarget[], garp: GarpConfig): void {
    this.#start(owner, targets, garp, { repeat: garp.masterRepeat, secondAfter: garp.masterDelay });
  }

  /** Announces again because another router claimed the addresses: one set now, another after `lowerPriorityDelay`. */
  rivalHeard(owner: object, targets: readonly AnnounceTarget[], garp: GarpConfig): void {
    this.#start(owner, targets, garp, { repeat: garp.lowerPriorityRepeat, secondAfter: garp.lowerPriorityDelay });
  }

  /** One more message for every address: the set under way grows by one round, or one is sent now. */
  oneMore(owner: object, targets: readonly AnnounceTarget[], garp: GarpConfig): void {
    const plan = this.#plans.get(owner);
    if (plan === undefined) {
      this.#start(owner, targets, garp, { repeat: 1, secondAfter: micros(0) });
      return;
    }
    plan.addRound();
    this.#run(plan, this.#clock.now());
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
    const plan = this.#plans.get(owner);
    if (plan === undefined) return;
    this.#plans.delete(owner);
    this.#schedule.set(plan, undefined);
  }

  close(): void {
    for (const owner of [...this.#plans.keys()]) this.cancel(owner);
    this.#sender.close();
  }

  #start(
    owner: object,
    targets: readonly AnnounceTarget[],
    garp: GarpConfig,
    set: { readonly repeat: number; readonly secondAfter: Micros },
  ): void {
    this.cancel(owner);
    if (targets.length === 0) return;
    const now = this.#clock.now();
    const plan = new AnnouncePlan(targets, garp, now, set.repeat, set.secondAfter, (at) => this.#run(plan, at));
    this.#plans.set(owner, plan);
    this.#run(plan, now);
  }

  #run(plan: AnnouncePlan, now: Instant): void {
    plan.beginDueSets(now);
    const waitUntil = plan.garp.interval > 0 ? this.#sendPaced(plan, now) : this.#sendBatch(plan, now);
    this.#schedule.set(plan, waitUntil ?? plan.nextSetAt());
  }

  /** Sends as many frames as fit into one turn; returns when to go on, if something is left. */
  #sendBatch(plan: AnnouncePlan, now: Instant): Instant | undefined {
    let budget = FRAMES_PER_TURN;
    while (budget > 0) {
      const batch = plan.takeBatch(budget);
      if (batch === undefined) return undefined;
      budget -= batch.frames.length;
      this.#send(batch.ifindex, batch.frames);
    }
    return plan.pending ? after(now, micros(1)) : undefined;
  }

  /** Sends one frame when its interface may send one; returns when to go on, if something is left. */
  #sendPaced(plan: AnnouncePlan, now: Instant): Instant | undefined {
    const next = plan.peek();
    if (next === undefined) return undefined;
    const allowedAt = this.#nextFrameAt.get(next.ifindex) ?? now;
    if (allowedAt > now) return allowedAt;
    plan.takeBatch(1);
    this.#send(next.ifindex, [next.frame]);
    this.#nextFrameAt.set(next.ifindex, after(now, plan.garp.interval));
    return plan.pending ? after(now, plan.garp.interval) : undefined;
  }

  #send(ifindex: number, frames: readonly Buffer[]): void {
    try {
      this.#sender.send(ifindex, frames);
    } catch (error) {
      this.#onError(error);
    }
  }
}

/** What one virtual router still has to announce. */
class AnnouncePlan implements Scheduled {
  readonly garp: GarpConfig;
  readonly #targets: readonly AnnounceTarget[];
  readonly #resume: (now: Instant) => void;
  /** Rounds through all targets still to do, and where in the current one we are. */
  #rounds: number;
  #cursor = 0;
  #secondSet: { readonly at: Instant; readonly repeat: number } | undefined;
  #refreshAt: Instant | undefined;

  constructor(
    targets: readonly AnnounceTarget[],
    garp: GarpConfig,
    now: Instant,
    repeat: number,
    secondAfter: Micros,
    resume: (now: Instant) => void,
  ) {
    this.garp = garp;
    this.#targets = targets;
    this.#rounds = repeat;
    this.#resume = resume;
    this.#secondSet = secondAfter > 0 ? { at: after(now, secondAfter), repeat } : undefined;
    this.#refreshAt = garp.masterRefresh > 0 ? after(now, garp.masterRefresh) : undefined;
  }

  due(_at: Instant, now: Instant): void {
    this.#resume(now);
  }

  get pending(): boolean {
    return this.#rounds > 0;
  }

  nextSetAt(): Instant | undefined {
    const second = this.#secondSet?.at;
    if (second === undefined) return this.#refreshAt;
    return this.#refreshAt === undefined || second < this.#refreshAt ? second : this.#refreshAt;
  }

  addRound(): void {
    this.#rounds++;
  }

  beginDueSets(now: Instant): void {
    const second = this.#secondSet;
    if (second !== undefined && second.at <= now) {
      this.#rounds += second.repeat;
      this.#secondSet = undefined;
    }
    if (this.#refreshAt !== undefined && this.#refreshAt <= now) {
      this.#rounds += this.garp.masterRefreshRepeat;
      this.#refreshAt = after(now, this.garp.masterRefresh);
    }
  }

  peek(): AnnounceTarget | undefined {
    return this.pending ? this.#targets[this.#cursor] : undefined;
  }

  /** The next frames of one interface, at most `limit`. */
  takeBatch(limit: number): { readonly ifindex: number; readonly frames: Buffer[] } | undefined {
    const first = this.peek();
    if (first === undefined) return undefined;
    const frames: Buffer[] = [];
    for (let next = this.peek(); next !== undefined && next.ifindex === first.ifindex && frames.length < limit; ) {
      frames.push(next.frame);
      this.#advance();
      next = this.peek();
    }
    return { ifindex: first.ifindex, frames };
  }

  #advance(): void {
    this.#cursor++;
    if (this.#cursor < this.#targets.length) return;
    this.#cursor = 0;
    this.#rounds--;
  }
}
