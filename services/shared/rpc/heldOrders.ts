/** The orders a service obeys, each until it is replaced or its time is over. Pure: times come from outside. */
import { after, type Instant, millis } from '../time/duration.js';
import type { Order } from './generated/keepwatch/v1/order.js';

interface Held {
  readonly order: Order;
  /** Unset: until it is taken back. */
  readonly until: Instant | undefined;
}

export class HeldOrders {
  #held: readonly Held[] = [];

  /** Those in force, oldest first. */
  get all(): readonly Order[] {
    return this.#held.map(({ order }) => order);
  }

  /** Takes orders in place of those before. */
  replace(orders: readonly Order[], now: Instant): void {
    this.#held = orders.map((order) => ({
      order,
      until: order.remainingMs === undefined ? undefined : after(now, millis(Number(order.remainingMs))),
    }));
  }

  /** Drops what is over; tells whether anything was. */
  expire(now: Instant): boolean {
    const left = this.#held.filter(({ until }) => until === undefined || until > now);
    const changed = left.length !== this.#held.length;
    this.#held = left;
    return changed;
  }

  /** When {@link expire} has something to do next. */
  nextExpiry(): Instant | undefined {
    const times = this.#held.flatMap(({ until }) => until ?? []);
    return times.length === 0 ? undefined : (Math.min(...times) as Instant);
  }
}
