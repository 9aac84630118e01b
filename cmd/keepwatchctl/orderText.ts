/** Orders as lines. Pure. */
import type { Order } from '../../services/shared/rpc/generated/keepwatch/v1/order.js';
import { orderText } from '../../services/shared/rpc/orderText.js';
import { formatAge } from './time.js';

/** `VI_1 stands down, ordered by root: new disk, for another 2 h (3f2a91c0)`. */
export function orderLine({ action, text, expiresAt, id }: Order, now: Date): string {
  const left =
    expiresAt === undefined
      ? 'until it is taken back'
      : `for another ${formatAge(Math.max(0, expiresAt.getTime() - now.getTime()))}`;
  return `${orderText(action)}, ${text}, ${left} (${id})`;
}
