/** The orders in force, on disk too: an order outlives the process that took it. */
import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../shared/log/logger.js';
import { Order } from '../shared/rpc/generated/keepwatch/v1/order.js';
import type { Clock } from '../shared/time/clock.js';
import { after, elapsed, type Instant, millis, toMillis } from '../shared/time/duration.js';
import { aboutTheSame } from './orderSubjects.js';

interface Entry {
  readonly order: Order;
  /** Unset: until it is taken back. */
  readonly until: Instant | undefined;
}

export class OrderBook {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #entries: readonly Entry[];

  /** Reads what an earlier supervisor left; an unreadable file is no reason not to start. */
  constructor(stateDir: string, clock: Clock, logger: Logger) {
    this.#file = join(stateDir, 'orders.json');
    this.#clock = clock;
    this.#logger = logger;
    this.#entries = this.#read();
  }

  /** The orders in force, with the time that is left now. */
  get all(): Order[] {
    const now = this.#clock.now();
    return this.#entries.map(({ order, until }) => ({
      ...order,
      remainingMs: until === undefined ? undefined : BigInt(Math.max(0, Math.round(toMillis(elapsed(now, until))))),
    }));
  }

  /** Adds an order in place of one about the same thing. Id and times are filled in. */
  give(wanted: Pick<Order, 'action' | 'text'>, ttlMs: number | undefined): Order {
    const givenAt = this.#clock.wall();
    const order: Order = {
      ...wanted,
      id: randomUUID().slice(0, 8),
      givenAt,
      expiresAt: ttlMs === undefined ? undefined : new Date(givenAt.getTime() + ttlMs),
      remainingMs: undefined,
    };
    const until = ttlMs === undefined ? undefined : after(this.#clock.now(), millis(ttlMs));
    const others = this.#entries.filter(({ order: { action } }) => !aboutTheSame(action, wanted.action));
    this.#set([...others, { order, until }]);
    return order;
  }

  /** Takes back those that match; returns them. */
  revoke(matches: (order: Order) => boolean): Order[] {
    return this.#drop(({ order }) => matches(order));
  }

  /** Takes back those whose time is over; returns them. */
  expire(): Order[] {
    const now = this.#clock.now();
    return this.#drop(({ until }) => until !== undefined && until <= now);
  }

  #drop(goes: (entry: Entry) => boolean): Order[] {
    const gone = this.#entries.filter(goes);
    if (gone.length > 0) this.#set(this.#entries.filter((entry) => !goes(entry)));
    return gone.map(({ order }) => order);
  }

  #set(entries: readonly Entry[]): void {
    this.#entries = entries;
    try {
      const text = JSON.stringify(entries.map(({ order }) => Order.toJSON(order)));
      writeFileSync(`${this.#file}.new`, text, { mode: 0o600 });
      renameSync(`${this.#file}.new`, this.#file);
    } catch (error) {
      this.#logger.error({ err: error, file: this.#file }, 'the orders could not be written: a restart forgets them');
    }
  }

  #read(): Entry[] {
    try {
      const now = this.#clock.now();
      const wall = this.#clock.wall().getTime();
      return (JSON.parse(readFileSync(this.#file, 'utf8')) as unknown[]).map((item) => {
        const order = Order.fromJSON(item);
        const left = order.expiresAt === undefined ? undefined : order.expiresAt.getTime() - wall;
        return { order, until: left === undefined ? undefined : after(now, millis(Math.max(0, left))) };
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.#logger.error({ err: error, file: this.#file }, 'the orders of an earlier run cannot be read');
      }
      return [];
    }
  }
}
