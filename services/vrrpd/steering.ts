/** What an operator wants of instances for a while, above their configuration. Pure: times come from outside. */
import type { Order } from '../shared/rpc/generated/keepwatch/v1/order.js';
import { after, type Instant, millis } from '../shared/time/duration.js';

/** One wish, with the words that explain its effect. */
interface Wish {
  /** `maintenance by root: new disk`. */
  readonly text: string;
  readonly since?: Date;
}

/** What is wanted of one instance now. */
export interface InstanceOrders {
  /** Hand mastership over and keep the lowest priority. */
  readonly standDown?: Wish;
  /** In place of the configured priority. */
  readonly priority?: Wish & { readonly value: number };
}

const NOTHING: InstanceOrders = {};

interface Held {
  readonly order: Order;
  /** Unset: until it is taken back. */
  readonly until: Instant | undefined;
}

/** All orders that concern VRRP. */
export class Steering {
  #held: readonly Held[] = [];

  /** Takes all orders in force in place of those before. */
  replace(orders: readonly Order[], now: Instant): void {
    this.#held = orders
      .filter(({ action }) => action?.$case === 'standDown' || action?.$case === 'setPriority')
      .map((order) => ({
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

  /** What is wanted of an instance; `members` of its sync group, itself among them, stand down together. */
  of(instance: string, members: readonly string[]): InstanceOrders {
    let found = NOTHING;
    for (const { order } of this.#held) {
      const { action, text, givenAt } = order;
      const since = givenAt === undefined ? {} : { since: givenAt };
      if (action?.$case === 'standDown') {
        const { instance: named } = action.value;
        if (named === '' || named === instance || members.includes(named))
          found = { ...found, standDown: { text, ...since } };
      }
      if (action?.$case === 'setPriority' && action.value.instance === instance) {
        found = { ...found, priority: { text, ...since, value: action.value.priority } };
      }
    }
    return found;
  }
}
