import { formatIpAddress, type IpAddress } from '../../shared/net/address.js';
import type { InstanceConfig } from './model.js';

type Numbered = Pick<InstanceConfig, 'family' | 'interface' | 'vrid' | 'multicastGroup' | 'unicast'>;

/**
 * Whether two instances cannot be told apart by those who hear them: one family, interface and VRID (RFC 9568 5.2.3), and
 * neither multicast groups nor unicast peers that only one of them has (keepalived.conf(5), `virtual_router_id`).
 */
export function shareNumber(left: Numbered, right: Numbered): boolean {
  if (left.family !== right.family || left.interface !== right.interface || left.vrid !== right.vrid) return false;
  const { unicast } = left;
  if (unicast === undefined || right.unicast === undefined) {
    return unicast === right.unicast && formatIpAddress(left.multicastGroup) === formatIpAddress(right.multicastGroup);
  }
  const text = ({ address }: { readonly address: IpAddress }): string => formatIpAddress(address);
  const peers = new Set(unicast.peers.map(text));
  return right.unicast.peers.some((peer) => peers.has(text(peer)));
}
