/** The part of ControlService that an optional process gets: it reads everything, and may do what its own clients can ask for. */
import { type CallContext, ServerError, Status } from 'nice-grpc-common';
import type { ControlServiceImplementation } from '../shared/rpc/generated/keepwatch/v1/control.js';
import type { ModuleName } from '../shared/rpc/moduleMain.js';

/** What every module may call. */
const READS = ['getStatus', 'watchStatus', 'watchEvents', 'getHistory', 'getConfiguration'] as const;

/** What else: snmpd decides who may write, the policy of the bus who may call methods. */
const MORE: Readonly<Record<ModuleName, readonly (keyof ControlServiceImplementation)[]>> = {
  snmp: ['giveOrder', 'revokeOrders'],
  dbus: ['reload', 'writeDumps'],
};

/** Orders that can be given by SNMP. */
const ORDERS: ReadonlySet<string> = new Set(['setPriority', 'setWeight']);

/** The implementation with everything else refused. */
export function moduleControl(name: ModuleName, whole: ControlServiceImplementation): ControlServiceImplementation {
  const allowed: ReadonlySet<string> = new Set<string>([...READS, ...MORE[name]]);
  const refuse = (method: string) => (): never => {
    throw new ServerError(Status.PERMISSION_DENIED, `keepwatch-${name} may not call ${method}`);
  };
  const methods = Object.fromEntries(
    Object.entries(whole).map(([method, implementation]) => [
      method,
      allowed.has(method) ? implementation : refuse(method),
    ]),
  ) as unknown as ControlServiceImplementation;
  return {
    ...methods,
    giveOrder: async (request, context: CallContext) => {
      if (!allowed.has('giveOrder') || !ORDERS.has(request.order?.action?.$case ?? '')) return refuse('giveOrder')();
      return await whole.giveOrder(request, context);
    },
  };
}
