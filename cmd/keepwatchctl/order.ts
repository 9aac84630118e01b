/** The commands that give orders and take them back: maintenance, failover, priority, drain, weight, real-server. */
import { userInfo } from 'node:os';
import {
  GiveOrderResponse,
  type RevokeOrdersRequest,
  RevokeOrdersResponse,
} from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { Order } from '../../services/shared/rpc/generated/keepwatch/v1/order.js';
import { VrrpStateName } from '../../services/shared/rpc/generated/keepwatch/v1/vrrp.js';
import { vrrpStateText } from '../../services/shared/rpc/vrrpText.js';
import { type ControlClient, connectTo } from './connection.js';
import { EXIT_DEGRADED, EXIT_GOOD } from './exitCode.js';
import { orderLine } from './orderText.js';
import type { Target } from './target.js';

/** How often and how long the outcome of a stand-down is looked for: backups take over within the skew time, 1 s at most. */
const OUTCOME_INTERVAL_MS = 100;
const OUTCOME_LIMIT_MS = 10_000;
/** The status may be half a second old: who looks like a master that hands nothing over may be about to. */
const OUTCOME_PATIENCE_MS = 1_500;

type Action = NonNullable<Order['action']>;

export interface OrderOptions {
  readonly ttlMs: number | undefined;
  readonly reason: string;
  readonly json: boolean;
}

/** The person at the keyboard, also under sudo. */
function operator(): string {
  const { SUDO_USER: behind } = process.env;
  if (behind !== undefined && behind !== '') return behind;
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.()}`;
  }
}

/** Gives an order; of one by which instances stand down the outcome is waited for: exit 1 when nobody took over. */
export async function giveOrder(
  target: Target,
  action: Action,
  { ttlMs, reason, json }: OrderOptions,
): Promise<number> {
  const { channel, control } = connectTo(target);
  try {
    const response = await control.giveOrder({
      order: Order.fromPartial({ action }),
      ttlMs: ttlMs === undefined ? undefined : BigInt(ttlMs),
      by: operator(),
      reason,
    });
    if (json) process.stdout.write(`${JSON.stringify(GiveOrderResponse.toJSON(response), undefined, 2)}\n`);
    else {
      if (response.order !== undefined) process.stdout.write(`${orderLine(response.order, new Date())}\n`);
      process.stdout.write(response.subjects.map((subject) => `  ${subject}\n`).join(''));
    }
    return action.$case === 'standDown' ? await outcome(control, action.value.instance, json) : EXIT_GOOD;
  } finally {
    channel.close();
  }
}

/** Takes back the orders about the same thing as `action`. Exit 1 when there were none. */
export const revokeOrder = (target: Target, action: Action, json: boolean): Promise<number> =>
  revoke(target, { ids: [], like: Order.fromPartial({ action }) }, json);

/** Takes back the order with an id. Exit 1 when there is none. */
export const revokeById = (target: Target, id: string, json: boolean): Promise<number> =>
  revoke(target, { ids: [id], like: undefined }, json);

async function revoke(
  target: Target,
  which: Pick<RevokeOrdersRequest, 'ids' | 'like'>,
  json: boolean,
): Promise<number> {
  const { channel, control } = connectTo(target);
  try {
    const response = await control.revokeOrders({ ...which, by: operator() });
    if (json) process.stdout.write(`${JSON.stringify(RevokeOrdersResponse.toJSON(response), undefined, 2)}\n`);
    else if (response.revoked.length === 0) process.stdout.write('There is no such order.\n');
    else process.stdout.write(response.revoked.map((order) => `no more: ${orderLine(order, new Date())}\n`).join(''));
    return response.revoked.length === 0 ? EXIT_DEGRADED : EXIT_GOOD;
  } finally {
    channel.close();
  }
}

/** Waits until no instance that was to stand down is on its way, and tells who is master now. */
async function outcome(control: ControlClient, instance: string, json: boolean): Promise<number> {
  const began = Date.now();
  for (;;) {
    const { status } = await control.getStatus({});
    const meant = (status?.vrrp?.instances ?? []).filter(({ name }) => instance === '' || name === instance);
    // While it hands over it waits for its successor.
    const handsOver = meant.some(({ nextDeadline }) => nextDeadline === 'successor');
    const isMaster = meant.some(({ state }) => state === VrrpStateName.VRRP_STATE_NAME_MASTER);
    const waited = Date.now() - began;
    if ((!isMaster && !handsOver) || (!handsOver && waited > OUTCOME_PATIENCE_MS) || waited > OUTCOME_LIMIT_MS) {
      const lines = meant.map(({ name, state, masterAddress }) =>
        state === VrrpStateName.VRRP_STATE_NAME_MASTER
          ? `${name} is still MASTER: no other router took over`
          : `${name} is ${vrrpStateText(state)}${masterAddress === '' ? '' : `; master is ${masterAddress}`}`,
      );
      if (!json) process.stdout.write(lines.map((line) => `${line}\n`).join(''));
      return isMaster ? EXIT_DEGRADED : EXIT_GOOD;
    }
    await new Promise((resolve) => setTimeout(resolve, OUTCOME_INTERVAL_MS));
  }
}
