/** What an order is about, and whether it can be obeyed. Pure. */
import { parseIpAddress } from '../shared/net/address.js';
import type { RealServer, VirtualServer } from '../shared/rpc/generated/keepwatch/v1/health.js';
import type { Order } from '../shared/rpc/generated/keepwatch/v1/order.js';
import { namedByText, namesServer } from '../shared/rpc/serverPattern.js';
import type { Mirror } from './mirror.js';

type Action = Order['action'];

/** The order concerns these things now, or cannot be given because of the problem. */
export type OrderCheck = { readonly subjects: string[] } | { readonly problem: string };

const OWNER = 255;

/** Whether two orders are about the same thing, whatever they say of it. */
export function aboutTheSame(one: Action, other: Action): boolean {
  return thing(one) === thing(other);
}

function thing(action: Action): string {
  switch (action?.$case) {
    case undefined:
      return '';
    case 'standDown':
    case 'setPriority':
      return `${action.$case} ${action.value.instance}`;
    case 'setWeight':
    case 'removeServer':
      return `${action.$case} ${action.value.virtualServer} ${action.value.realServer}`;
    case 'addServer':
      return `${action.$case} ${action.value.virtualServer} ${action.value.address} ${action.value.port}`;
  }
}

/** Looks an order up in what is known. */
export function checkOrder(action: Action, { vrrp, health }: Mirror): OrderCheck {
  switch (action?.$case) {
    case undefined:
      return { problem: 'the order says nothing' };
    case 'standDown':
    case 'setPriority': {
      const { instance: wanted } = action.value;
      const instances = vrrp?.instances ?? [];
      const found = instances.filter(({ name }) => wanted === '' || name === wanted);
      if (found.length === 0) return { problem: unknown('VRRP instance', wanted, instances) };
      const owner = found.find(({ basePriority }) => basePriority === OWNER);
      if (owner !== undefined) {
        return {
          problem: `${owner.name} owns its addresses (priority 255): no order changes that; stop the suite instead`,
        };
      }
      if (action.$case === 'setPriority' && !(action.value.priority >= 1 && action.value.priority <= 254)) {
        return { problem: `a priority is from 1 to 254, not ${action.value.priority}` };
      }
      return { subjects: found.map(({ name }) => `vrrp_instance ${name}`) };
    }
    case 'addServer': {
      const pools = poolsNamed(action.value.virtualServer, health?.virtualServers ?? []);
      if ('problem' in pools) return pools;
      if (parseIpAddress(action.value.address) === undefined) {
        return { problem: `'${action.value.address}' is no IP address` };
      }
      return weightCheck(action.value.weight) ?? { subjects: pools.found.map(({ name }) => `virtual_server ${name}`) };
    }
    case 'setWeight':
    case 'removeServer':
      return checkServers(action, health?.virtualServers ?? []);
  }
}

function checkServers(
  action: Extract<Action, { $case: 'setWeight' | 'removeServer' }>,
  virtuals: readonly VirtualServer[],
): OrderCheck {
  const { virtualServer, realServer } = action.value;
  const pools = poolsNamed(virtualServer, virtuals);
  if ('problem' in pools) return pools;
  const found = pools.found.flatMap((pool) =>
    pool.realServers.filter((real) => namesServer(realServer, real)).map((real) => ({ pool, real })),
  );
  if (found.length === 0) {
    return {
      problem: unknown(
        'real server',
        realServer,
        pools.found.flatMap(({ realServers }) => realServers),
      ),
    };
  }
  if (action.$case === 'removeServer') {
    const last = found.find(({ pool }) => pool.realServers.every((real) => namesServer(realServer, real)));
    if (last !== undefined) {
      return { problem: `${last.real.name} is the last real server of ${last.pool.name}: drain it instead` };
    }
    return { subjects: found.map(subjectOf) };
  }
  return weightCheck(action.value.weight) ?? { subjects: found.map(subjectOf) };
}

const subjectOf = ({ pool, real }: { readonly pool: VirtualServer; readonly real: RealServer }): string =>
  `real_server ${real.name} of ${pool.name}`;

const weightCheck = (weight: number): { readonly problem: string } | undefined =>
  weight <= 65_535 ? undefined : { problem: `a weight is from 0 to 65535, not ${weight}` };

function poolsNamed(
  pattern: string,
  virtuals: readonly VirtualServer[],
): { readonly found: readonly VirtualServer[] } | { readonly problem: string } {
  const found = virtuals.filter(({ name }) => pattern === '' || namesServer(pattern, namedByText(name)));
  return found.length > 0 ? { found } : { problem: unknown('virtual server', pattern, virtuals) };
}

function unknown(what: string, wanted: string, known: readonly { readonly name: string }[]): string {
  const names = [...new Set(known.map(({ name }) => name))];
  if (names.length === 0) return `there is no ${what}`;
  const more = names.length > 10 ? `, … (${names.length})` : '';
  return `no ${what} '${wanted}'; there are ${names.slice(0, 10).join(', ')}${more}`;
}
