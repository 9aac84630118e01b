import type { LinkInfo } from '../shared/kernel/ports.js';
import type { Schedule, Scheduled } from '../shared/kernel/schedule.js';
import type { Clock } from '../shared/time/clock.js';
import { after, micros } from '../shared/time/duration.js';
import type { InterfaceDelayConfig } from './config/model.js';
import type { InterfaceStatus } from './tracking.js';

interface Known {
  exists: boolean;
  up: boolean;
  since: Date | undefined;
  /** The opposite counts when its time comes. */
  turn: Scheduled | undefined;
}

const NO_DELAY = { down: micros(0), up: micros(0) };

/**
 * What counts as the state of an interface: the kernel's, debounced by `interface_up_down_delays`, with the time since
 * when. An interface that is gone is gone at once.
 */
export class InterfaceWatch {
  readonly #clock: Clock;
  readonly #schedule: Schedule;
  readonly #turned: () => void;
  readonly #known = new Map<string, Known>();
  #delays: ReadonlyMap<string, InterfaceDelayConfig> = new Map();

  /** `turned`: a delay is over, so that another state counts. */
  constructor(clock: Clock, schedule: Schedule, turned: () => void) {
    this.#clock = clock;
    this.#schedule = schedule;
    this.#turned = turned;
  }

  /** Puts delays in force. A change that already waits keeps its time. */
  configure(delays: readonly InterfaceDelayConfig[]): void {
    this.#delays = new Map(delays.map((delay) => [delay.interface, delay]));
  }

  /** The state that counts now; `link`: what the kernel says. */
  status(name: string, link: LinkInfo | undefined): InterfaceStatus {
    const exists = link !== undefined;
    const up = link?.up === true;
    const known = this.#known.get(name);
    if (known === undefined) {
      // Nobody saw since when.
      this.#known.set(name, { exists, up, since: undefined, turn: undefined });
      return { exists, up };
    }
    if (known.exists === exists && known.up === up) this.#stop(known);
    else this.#differs(name, known, exists, up);
    return {
      exists: known.exists,
      up: known.up,
      ...(known.since === undefined ? {} : { since: known.since }),
    };
  }

  #differs(name: string, known: Known, exists: boolean, up: boolean): void {
    const { down, up: rise } = this.#delays.get(name) ?? NO_DELAY;
    const delay = up ? rise : down;
    if (!exists || !known.exists || delay === 0) {
      this.#take(known, exists, up);
      return;
    }
    if (known.turn !== undefined) return;
    known.turn = {
      due: () => {
        this.#take(known, true, up);
        this.#turned();
      },
    };
    this.#schedule.set(known.turn, after(this.#clock.now(), delay));
  }

  #take(known: Known, exists: boolean, up: boolean): void {
    this.#stop(known);
    known.exists = exists;
    known.up = up;
    known.since = this.#clock.wall();
  }

  #stop(known: Known): void {
    if (known.turn !== undefined) this.#schedule.set(known.turn, undefined);
    known.turn = undefined;
  }
}
