/**
 * Timers that share their moments: thousands of checks a second want a timer each, and waking up for every one of them costs
 * more than what is then done. All that is due within a tick is done at its end, never early.
 */
import { DeadlineQueue } from '../../shared/time/deadlineQueue.js';
import type { Instant } from '../../shared/time/duration.js';

/** How much later than asked a timer may fire, in milliseconds. */
export const TICK_MS = 5;

/** A timer that was set; without an action it is cancelled. */
export interface CoarseTimer {
  action: (() => void) | undefined;
}

/** Milliseconds until the end of the tick in which `delayMs` from now lies; ticks are those of `performance.now()`. */
export function untilTick(delayMs: number, now = performance.now()): number {
  return Math.ceil((now + delayMs) / TICK_MS) * TICK_MS - now;
}

class CoarseTimers {
  /** By number of the tick. */
  readonly #buckets = new Map<number, CoarseTimer[]>();
  readonly #ticks = new DeadlineQueue<number>();
  #armedFor: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  after(delayMs: number, action: () => void): CoarseTimer {
    const tick = Math.ceil((performance.now() + delayMs) / TICK_MS);
    const timer = { action };
    const bucket = this.#buckets.get(tick);
    if (bucket !== undefined) bucket.push(timer);
    else {
      this.#buckets.set(tick, [timer]);
      this.#ticks.set(tick, tick as Instant);
      this.#arm();
    }
    return timer;
  }

  #arm(): void {
    const next = this.#ticks.next();
    if (next === undefined || next === this.#armedFor) return;
    clearTimeout(this.#timer);
    this.#armedFor = next;
    const delay = Math.max(1, Math.ceil(next * TICK_MS - performance.now()));
    this.#timer = setTimeout(() => this.#run(), delay);
  }

  #run(): void {
    this.#armedFor = undefined;
    const now = Math.floor(performance.now() / TICK_MS) as Instant;
    for (let due = this.#ticks.takeDue(now); due !== undefined; due = this.#ticks.takeDue(now)) {
      const bucket = this.#buckets.get(due.item) ?? [];
      this.#buckets.delete(due.item);
      for (const timer of bucket) {
        const { action } = timer;
        timer.action = undefined;
        action?.();
      }
    }
    this.#arm();
  }
}

/** The timers of all checks of this process. */
export const coarseTimers = new CoarseTimers();
