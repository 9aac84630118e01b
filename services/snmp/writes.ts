/** What a SetRequest may change: the objects that an order of the suite stands for. Pure. */
import type { Order } from '../shared/rpc/generated/keepwatch/v1/order.js';
import { isBelow, type Oid } from './agentx/oid.js';
import type { ErrorName } from './agentx/pdu.js';
import type { Varbind } from './agentx/value.js';
import type { Objects } from './mib/objects.js';
import { REAL_SERVER_ENTRY, REAL_WEIGHT } from './mib/realServers.js';
import { INSTANCE_BASE_PRIORITY, VRRP_INSTANCE_ENTRY } from './mib/vrrpInstances.js';

/** The order that a write means, or why it cannot be. */
export type Write = { readonly action: NonNullable<Order['action']> } | { readonly error: ErrorName };

const PRIORITY: Oid = [...VRRP_INSTANCE_ENTRY, INSTANCE_BASE_PRIORITY];
const WEIGHT: Oid = [...REAL_SERVER_ENTRY, REAL_WEIGHT];
/** An owner of its addresses is not made by an order. */
const PRIORITIES = { min: 1, max: 254 };
const WEIGHTS = { min: 0, max: 65_535 };

/** Judges one variable of a SetRequest (RFC 3416, 4.2.5). */
export function writeOf({ oid, value }: Varbind, { vrrp, virtuals }: Pick<Objects, 'vrrp' | 'virtuals'>): Write {
  const isPriority = isBelow(oid, PRIORITY);
  if (!isPriority && !isBelow(oid, WEIGHT)) return { error: 'notWritable' };
  if (value.type !== 'integer') return { error: 'wrongType' };
  const { min, max } = isPriority ? PRIORITIES : WEIGHTS;
  if (value.value < min || value.value > max) return { error: 'wrongValue' };
  if (isPriority) {
    const [number] = oid.slice(PRIORITY.length);
    const found = oid.length === PRIORITY.length + 1 ? vrrp.instances.find((one) => one.number === number) : undefined;
    if (found === undefined) return { error: 'noCreation' };
    return { action: { $case: 'setPriority', value: { instance: found.item.name, priority: value.value } } };
  }
  const [virtualNumber, realNumber] = oid.slice(WEIGHT.length);
  const virtual = virtuals.find(({ number }) => number === virtualNumber);
  const real = virtual?.servers.find(({ number }) => number === realNumber);
  if (virtual === undefined || real === undefined || oid.length !== WEIGHT.length + 2) return { error: 'noCreation' };
  if (real.sorry) return { error: 'notWritable' };
  const servers = { virtualServer: virtual.virtual.name, realServer: real.real.name };
  return { action: { $case: 'setWeight', value: { ...servers, weight: value.value } } };
}
