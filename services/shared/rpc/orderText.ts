/** Orders in words. Pure. */
import type { Order } from './generated/keepwatch/v1/order.js';

/** `VI_1 stands down`, `weight of 10.0.0.2 is 0`. */
export function orderText(action: Order['action']): string {
  switch (action?.$case) {
    case undefined:
      return 'nothing';
    case 'standDown':
      return action.value.instance === '' ? 'all instances stand down' : `${action.value.instance} stands down`;
    case 'setPriority':
      return `priority of ${action.value.instance} is ${action.value.priority}`;
    case 'setWeight':
      return `weight of ${action.value.realServer}${ofPool(action.value)} is ${action.value.weight}`;
    case 'addServer': {
      const port = action.value.port === 0 ? '' : ` port ${action.value.port}`;
      return `${action.value.address}${port} is added to ${action.value.virtualServer}`;
    }
    case 'removeServer':
      return `${action.value.realServer}${ofPool(action.value)} is taken out`;
  }
}

const ofPool = ({ virtualServer }: { readonly virtualServer: string }): string =>
  virtualServer === '' ? '' : ` of ${virtualServer}`;
