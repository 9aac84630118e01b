/** SetRequests in the steps of AgentX (RFC 2741, 7.2.4): tested, carried out as orders of the suite, taken back. */
import type { Logger } from '../shared/log/logger.js';
import { describeRpcError } from '../shared/rpc/errors.js';
import type { Order } from '../shared/rpc/generated/keepwatch/v1/order.js';
import type { ControlClient } from '../shared/rpc/suiteView.js';
import type { Answer, RequestPdu } from './agentx/session.js';
import type { Objects } from './mib/objects.js';
import { writeOf } from './writes.js';

/** Who gives the orders. */
const BY = 'SNMP';
/** Transactions that a master left open; more are forgotten, the oldest first. */
const MAX_OPEN = 64;

type SetPdu = Extract<RequestPdu, { readonly kind: 'testSet' | 'commitSet' | 'undoSet' | 'cleanupSet' }>;

interface Transaction {
  readonly actions: readonly NonNullable<Order['action']>[];
  readonly given: string[];
}

const DONE: Answer = { error: 'noError', index: 0, varbinds: [] };

export class Transactions {
  readonly #control: ControlClient;
  readonly #objects: () => Promise<Pick<Objects, 'vrrp' | 'virtuals'>>;
  readonly #logger: Logger;
  readonly #open = new Map<string, Transaction>();

  constructor({
    control,
    objects,
    logger,
  }: {
    readonly control: ControlClient;
    readonly objects: () => Promise<Pick<Objects, 'vrrp' | 'virtuals'>>;
    readonly logger: Logger;
  }) {
    this.#control = control;
    this.#objects = objects;
    this.#logger = logger;
  }

  /** Does one step; the last gets no answer. Rejects when the suite does not answer. */
  async answer(pdu: SetPdu): Promise<Answer | undefined> {
    const key = `${pdu.session}/${pdu.transaction}`;
    switch (pdu.kind) {
      case 'testSet':
        return await this.#test(key, pdu.varbinds);
      case 'commitSet':
        return await this.#commit(this.#open.get(key));
      case 'undoSet':
        return await this.#undo(this.#open.get(key));
      case 'cleanupSet':
        this.#open.delete(key);
        return undefined;
    }
  }

  async #test(key: string, varbinds: Extract<SetPdu, { readonly kind: 'testSet' }>['varbinds']): Promise<Answer> {
    const objects = await this.#objects();
    const writes = varbinds.map((varbind) => writeOf(varbind, objects));
    for (const [place, write] of writes.entries()) {
      if ('error' in write) return { error: write.error, index: place + 1, varbinds: [] };
    }
    const [oldest] = this.#open.keys();
    if (this.#open.size >= MAX_OPEN && oldest !== undefined) this.#open.delete(oldest);
    this.#open.set(key, { actions: writes.flatMap((write) => ('action' in write ? [write.action] : [])), given: [] });
    return DONE;
  }

  async #commit(transaction: Transaction | undefined): Promise<Answer> {
    for (const [place, action] of (transaction?.actions ?? []).entries()) {
      try {
        const { order } = await this.#control.giveOrder({ order: { action }, by: BY });
        if (order !== undefined) transaction?.given.push(order.id);
      } catch (error) {
        this.#logger.warn(`a write by SNMP was refused: ${describeRpcError(error)}`);
        return { error: 'commitFailed', index: place + 1, varbinds: [] };
      }
    }
    return transaction === undefined ? { error: 'commitFailed', index: 1, varbinds: [] } : DONE;
  }

  async #undo(transaction: Transaction | undefined): Promise<Answer> {
    try {
      if (transaction !== undefined && transaction.given.length > 0)
        await this.#control.revokeOrders({ ids: transaction.given, by: BY });
      return DONE;
    } catch (error) {
      this.#logger.warn(`a write by SNMP could not be taken back: ${describeRpcError(error)}`);
      return { error: 'undoFailed', index: 1, varbinds: [] };
    }
  }
}
