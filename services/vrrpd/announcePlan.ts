import type { Scheduled } from '../shared/kernel/schedule.js';
import { after, type Instant, type Micros } from '../shared/time/duration.js';

/** A frame to send, for one virtual address. */
export interface AnnounceTarget {
  readonly ifindex: number;
  /** The interface that the frame leaves the machine by: of a virtual interface the one below it. */
  readonly physical: string;
  /** 4: gratuitous ARP; 6: unsolicited neighbour advertisement. */
  readonly family: 4 | 6;
  readonly frame: Buffer;
}

/** How often to send what, and when. */
export interface AnnounceSets {
  /** Rounds through all targets at once. */
  readonly repeat: number;
  /** As many again after this time; 0: no second set. */
  readonly secondAfter: Micros;
}

/** What still has to be announced on one interface for one virtual router. */
export class AnnouncePlan implements Scheduled {
  readonly ifindex: number;
  readonly physical: string;
  readonly family: 4 | 6;
  readonly #frames: readonly Buffer[];
  readonly #resume: (plan: AnnouncePlan, now: Instant) => void;
  /** Rounds through all frames still to do, and where in the current one we are. */
  #rounds: number;
  #cursor = 0;
  #begun = false;
  #secondSet: { readonly at: Instant; readonly repeat: number } | undefined;

  /** All of one interface and family; at least one. `resume` is called when the plan is due. */
  constructor(
    first: AnnounceTarget,
    frames: readonly Buffer[],
    sets: AnnounceSets,
    now: Instant,
    resume: (plan: AnnouncePlan, now: Instant) => void,
  ) {
    this.ifindex = first.ifindex;
    this.physical = first.physical;
    this.family = first.family;
    this.#frames = frames;
    this.#resume = resume;
    this.#rounds = sets.repeat;
    this.#secondSet =
      sets.secondAfter > 0 && sets.repeat > 0 ? { at: after(now, sets.secondAfter), repeat: sets.repeat } : undefined;
  }

  due(_at: Instant, now: Instant): void {
    this.#resume(this, now);
  }

  /** Some were sent already. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Frames are to be sent now. */
  get pending(): boolean {
    return this.#rounds > 0;
  }

  /** When the second set begins, while it has not. */
  get nextSetAt(): Instant | undefined {
    return this.#secondSet?.at;
  }

  addRound(): void {
    this.#rounds++;
  }

  beginDueSet(now: Instant): void {
    const second = this.#secondSet;
    if (second === undefined || second.at > now) return;
    this.#rounds += second.repeat;
    this.#secondSet = undefined;
  }

  /** The next frames, at most `limit`. */
  take(limit: number): readonly Buffer[] {
    this.#begun = true;
    const taken: Buffer[] = [];
    while (this.pending && taken.length < limit) {
      const frame = this.#frames[this.#cursor++];
      if (frame !== undefined) taken.push(frame);
      if (this.#cursor < this.#frames.length) continue;
      this.#cursor = 0;
      this.#rounds--;
    }
    return taken;
  }
}

/** One plan for each interface and family among the targets, in the order of the targets. */
export function plansFor(
  targets: readonly AnnounceTarget[],
  sets: AnnounceSets,
  now: Instant,
  resume: (plan: AnnouncePlan, now: Instant) => void,
): AnnouncePlan[] {
  const byPlace = new Map<string, { readonly first: AnnounceTarget; readonly frames: Buffer[] }>();
  for (const target of targets) {
    const key = `${target.ifindex} ${target.family}`;
    const place = byPlace.get(key);
    if (place === undefined) byPlace.set(key, { first: target, frames: [target.frame] });
    else place.frames.push(target.frame);
  }
  return [...byPlace.values()].map(({ first, frames }) => new AnnouncePlan(first, frames, sets, now, resume));
}
