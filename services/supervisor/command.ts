/** Orders of operators: taken, checked, told to the services, ended. */
import type { Logger } from '../shared/log/logger.js';
import { describeRpcError, invalidArgument } from '../shared/rpc/errors.js';
import type {
  GiveOrderRequest,
  GiveOrderResponse,
  RevokeOrdersRequest,
} from '../shared/rpc/generated/keepwatch/v1/control.js';
import type { Order } from '../shared/rpc/generated/keepwatch/v1/order.js';
import { orderText } from '../shared/rpc/orderText.js';
import type { Mirror } from './mirror.js';
import type { OrderBook } from './orderBook.js';
import { aboutTheSame, checkOrder } from './orderSubjects.js';
import type { SupervisedService } from './supervisedService.js';

const STEER_DEADLINE_MS = 3_000;

export interface CommandParts {
  readonly book: OrderBook;
  readonly logger: Logger;
  readonly services: ReadonlyMap<string, SupervisedService>;
  readonly mirror: () => Mirror;
  readonly tell: (code: 'order-given' | 'order-ended', text: string) => void;
}

export class Command {
  readonly #parts: CommandParts;

  constructor(parts: CommandParts) {
    this.#parts = parts;
  }

  /** The orders in force, with the time that is left. */
  get orders(): Order[] {
    return this.#parts.book.all;
  }

  /** Takes an order and tells the services. Rejects with INVALID_ARGUMENT when it cannot be obeyed. */
  async give({ order, ttlMs, by, reason }: GiveOrderRequest): Promise<GiveOrderResponse> {
    const { book, mirror, tell } = this.#parts;
    const check = checkOrder(order?.action, mirror());
    if ('problem' in check) throw invalidArgument(check.problem);
    const text = `ordered by ${by === '' ? 'an operator' : by}${reason === '' ? '' : `: ${reason}`}`;
    const given = book.give({ action: order?.action, text }, ttlMs === undefined ? undefined : Number(ttlMs));
    const until = given.expiresAt === undefined ? 'until it is taken back' : `until ${given.expiresAt.toISOString()}`;
    tell('order-given', `${orderText(given.action)}, ${until} (${text})`);
    await this.#tellServices();
    return { order: given, subjects: check.subjects };
  }

  /** Takes orders back and tells the services. */
  async revoke({ ids, like, by }: RevokeOrdersRequest): Promise<Order[]> {
    const revoked = this.#parts.book.revoke(
      (order) => ids.includes(order.id) || (like !== undefined && aboutTheSame(order.action, like.action)),
    );
    await this.#ended(revoked, `taken back by ${by === '' ? 'an operator' : by}`);
    return revoked;
  }

  /** Ends orders whose time is over. Called regularly; the services keep the time themselves. */
  expire(): void {
    void this.#ended(this.#parts.book.expire(), 'its time is over');
  }

  /** Tells one service, as after every connection to it. */
  async tellService({ name, clients }: SupervisedService): Promise<void> {
    try {
      await clients?.lifecycle.steer({ orders: this.orders }, { deadlineMs: STEER_DEADLINE_MS });
    } catch (error) {
      // It gets them with its next configuration or connection.
      this.#parts.logger.warn({ about: name, reason: describeRpcError(error) }, 'was not told the orders');
    }
  }

  async #ended(orders: readonly Order[], why: string): Promise<void> {
    if (orders.length === 0) return;
    for (const { action } of orders) this.#parts.tell('order-ended', `no more: ${orderText(action)} (${why})`);
    await this.#tellServices();
  }

  async #tellServices(): Promise<void> {
    await Promise.all([...this.#parts.services.values()].map((service) => this.tellService(service)));
  }
}
