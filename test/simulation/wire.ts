/** Segments between machines that lose, duplicate, delay (so reorder) and cut off, one way or both. */
import { after, type Instant, instant, type Micros, micros, millis } from '../../services/shared/time/duration.js';
import type { AdvertEvent } from '../../services/vrrpd/fsm/result.js';
import type { Dice } from './random.js';

/** How segments misbehave. */
export interface Faults {
  readonly loss: number;
  readonly duplication: number;
  /** Packets take up to so long, each for itself. */
  readonly delayMax: Micros;
}

export const CALM: Faults = { loss: 0, duplication: 0, delayMax: millis(1) };

/** Least time a packet is on the way. */
const DELAY_MIN = 50;

/** An advertisement on its way. */
export interface Packet {
  readonly at: Instant;
  readonly order: number;
  readonly segment: number;
  readonly to: number;
  readonly event: AdvertEvent;
}

/** All segments; every machine is on each of them. */
export class Wire {
  faults: Faults = CALM;
  readonly #dice: Dice;
  readonly #machines: number;
  #packets: Packet[] = [];
  #order = 0;
  /** `segment/from/to` of what is cut off. */
  readonly #cuts = new Set<string>();

  constructor(dice: Dice, machines: number) {
    this.#dice = dice;
    this.#machines = machines;
  }

  /** Cuts one direction between two machines, or heals it. */
  cut(segment: number, from: number, to: number, isCut: boolean): void {
    const key = `${segment}/${from}/${to}`;
    if (isCut) this.#cuts.add(key);
    else this.#cuts.delete(key);
  }

  heal(): void {
    this.#cuts.clear();
    this.faults = CALM;
  }

  send(segment: number, from: number, event: AdvertEvent, now: Instant): void {
    for (let to = 0; to < this.#machines; to++) {
      if (to === from || this.#cuts.has(`${segment}/${from}/${to}`)) continue;
      const copies = this.#dice.chance(this.faults.duplication) ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) {
        if (this.#dice.chance(this.faults.loss)) continue;
        const delay = micros(DELAY_MIN + Math.round(this.#dice.next() * this.faults.delayMax));
        this.#packets.push({ at: after(now, delay), order: this.#order++, segment, to, event });
      }
    }
  }

  /** Puts a packet back until its receiver reads it. */
  postpone(to: number, segment: number, event: AdvertEvent, at: Instant): void {
    this.#packets.push({ at, order: this.#order++, segment, to, event });
  }

  /** The packet that arrives next. */
  next(): Packet | undefined {
    let next: Packet | undefined;
    for (const packet of this.#packets) {
      if (next === undefined || packet.at < next.at || (packet.at === next.at && packet.order < next.order)) {
        next = packet;
      }
    }
    return next;
  }

  take(packet: Packet): void {
    this.#packets.splice(this.#packets.indexOf(packet), 1);
  }

  /** When the last packet that is on its way now arrives. */
  emptyAt(now: Instant): Instant {
    return instant(Math.max(now, ...this.#packets.map(({ at }) => at)));
  }
}
