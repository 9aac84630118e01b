import { after, type Instant, type Micros, micros } from '../shared/time/duration.js';
import type { AnnouncePacing } from './config/model.js';
import { sameValue } from './configDiff.js';

/** Keeps a distance between the messages of one kind that share a switch. */
export class PacingLane {
  readonly #gap: Micros;
  #nextAt: Instant | undefined;

  constructor(gap: Micros) {
    this.#gap = gap;
  }

  /** When the next message may leave. */
  freeAt(now: Instant): Instant {
    return this.#nextAt !== undefined && this.#nextAt > now ? this.#nextAt : now;
  }

  /** A message left at `now`. */
  used(now: Instant): void {
    this.#nextAt = after(now, this.#gap);
  }
}

/**
 * The lanes of all interfaces (keepalived.conf(5), `garp_group`): interfaces of a group share one for gratuitous ARP and one for
 * neighbour advertisements, any other interface has its own with the global intervals. An interval a group does not name is
 * none, whatever the global ones are, as in keepalived.
 */
export class AnnounceLanes {
  readonly #lanes = new Map<string, PacingLane>();
  #pacing: AnnouncePacing = { garpInterval: micros(0), gnaInterval: micros(0), groups: [] };

  /** Puts other intervals in force. */
  configure(pacing: AnnouncePacing): void {
    if (sameValue(pacing, this.#pacing)) return;
    this.#pacing = pacing;
    this.#lanes.clear();
  }

  /** The lane for messages of a family on a physical interface; undefined: they may leave as they come. */
  of(physical: string, family: 4 | 6): PacingLane | undefined {
    const group = this.#pacing.groups.find(({ interfaces }) => interfaces.includes(physical));
    const { garpInterval, gnaInterval } = group ?? this.#pacing;
    const gap = family === 4 ? garpInterval : gnaInterval;
    if (gap === 0) return undefined;
    const key = `${family} ${group?.interfaces.join(' ') ?? physical}`;
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    const lane = new PacingLane(gap);
    this.#lanes.set(key, lane);
    return lane;
  }
}
