import { elapsed, type Instant, seconds } from '../shared/time/duration.js';
import type { VirtualRouter } from './virtualRouter.js';

/** A rival that goes on is told so often at most: a conflict that lasts must not fill log and event stream. */
const AGAIN_AFTER = seconds(10);
/** Another rival is told so often at most: source addresses can be forged by the thousand. */
const ANOTHER_AFTER = seconds(1);

interface Conflict {
  readonly address: string;
  toldAt: Instant;
  /** Advertisements heard since then. */
  untold: number;
}

/** Advertisements come a little early at times; this part of an interval after the last, the next is another one. */
const NEXT_ADVERT = 0.8;

/** The conflicts a master is in: who else claimed to be master, and when that was last told. */
export class RivalBook {
  readonly #conflicts = new Map<VirtualRouter, Conflict>();
  readonly #notifiedAt = new Map<VirtualRouter, Instant>();

  /** Whether scripts and FIFOs hear of it: once for each interval, however many advertisements somebody sends. */
  mayNotify(router: VirtualRouter, now: Instant): boolean {
    const last = this.#notifiedAt.get(router);
    if (last !== undefined && elapsed(last, now) < router.config.advertInterval * NEXT_ADVERT) return false;
    this.#notifiedAt.set(router, now);
    return true;
  }

  /** Notes that `address` was heard as a second master; returns what to tell, or nothing when that was told just now. */
  note(router: VirtualRouter, address: string, priority: number, now: Instant): string | undefined {
    const last = this.#conflicts.get(router);
    if (last !== undefined && elapsed(last.toldAt, now) < (last.address === address ? AGAIN_AFTER : ANOTHER_AFTER)) {
      last.untold++;
      return undefined;
    }
    const more = last !== undefined && last.untold > 0 ? ` (${last.untold} more since the last message)` : '';
    this.#conflicts.set(router, { address, toldAt: now, untold: 0 });
    const what =
      priority === 0
        ? `${address} was master as well and leaves (priority 0)`
        : `${address} also advertises as master, with lower priority ${priority}`;
    return `(${router.name}) two masters: ${what}; ours stays and announces the addresses again${more}`;
  }

  forget(router: VirtualRouter): void {
    this.#conflicts.delete(router);
    this.#notifiedAt.delete(router);
  }
}
