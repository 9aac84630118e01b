/** What an operator wants of instances for a while, above their configuration. Pure: times come from outside. */
import type { Order } from '../shared/rpc/generated/keepwatch/v1/order.js';
import { HeldOrders } from '../shared/rpc/heldOrders.js';
import type { Instant } from '../shared/time/duration.js';

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

/** All orders that concern VRRP. */
export class Steering {
  readonly #orders = new HeldOrders();

  /** Takes all orders in force in place of those before. */
  replace(orders: readonly Order[], now: Instant): void {
    const own = orders.filter(({ action }) => action?.$case === 'standDown' || action?.$case === 'setPriority');
    this.#orders.replace(own, now);
  }

  /** Drops what is over; tells whether anything was. */
  expire(now: Instant): boolean {
    return this.#orders.expire(now);
  }

  /** When {@link expire} has something to do next. */
  nextExpiry(): Instant | undefined {
    return this.#orders.nextExpiry();
  }

  /** What is wanted of an instance; `members` of its sync group, itself among them, stand down together. */
  of(instance: string, members: readonly string[]): InstanceOrders {
    let found = NOTHING;
    for (const { action, text, givenAt } of this.#orders.all) {
      const wish: Wish = { text, ...(givenAt === undefined ? {} : { since: givenAt }) };
      if (action?.$case === 'standDown') {
        const { instance: named } = action.value;
        if (named === '' || named === instance || members.includes(named)) found = { ...found, standDown: wish };
      }
      if (action?.$case === 'setPriority' && action.value.instance === instance) {
        found = { ...found, priority: { ...wish, value: action.value.priority } };
      }
    }
    return found;
  }
}
