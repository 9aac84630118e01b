/** Which address of an interface a virtual router sends from. Pure. */
import type { AddressInfo } from '../shared/kernel/ports.js';
import { isLinkLocal } from '../shared/net/address.js';
import type { InstanceConfig } from './config/model.js';

/** IFA_F_SECONDARY of linux/if_addr.h. */
const SECONDARY = 0x01;
/** IFA_F_TENTATIVE: duplicate address detection is not over, and the kernel refuses to send from it. */
const TENTATIVE = 0x40;

/** True when an address of the machine can be sent from. */
export const isUsable = ({ flags }: AddressInfo): boolean => (flags & TENTATIVE) === 0;

/**
 * `mcast_src_ip` when configured; else the address in use as long as it is there, else the interface's first address that
 * is no virtual address (IPv6: its link-local one, RFC 9568 5.1.2.2; for unicast one of the kind the peers are of). An owner's own address is a virtual address, so
 * those come last. Undefined: there is none.
 */
export function chooseSource(
  config: InstanceConfig,
  current: Uint8Array | undefined,
  addresses: Iterable<AddressInfo>,
  isVirtual: (address: Uint8Array) => boolean,
): Uint8Array | undefined {
  if (config.sourceAddress !== undefined) return config.sourceAddress.bytes;
  const unicast = config.unicast !== undefined;
  const linkLocalPeers = config.unicast?.peers.every(({ address }) => isLinkLocal(address)) === true;
  let best: AddressInfo | undefined;
  let bestRank = Number.POSITIVE_INFINITY;
  for (const info of addresses) {
    if (info.family !== config.family || !isUsable(info)) continue;
    const linkLocal = config.family === 6 && isLinkLocal({ family: 6, bytes: info.address });
    if (config.family === 6 && !linkLocal && !unicast) continue;
    const virtual = isVirtual(info.address);
    const fits = config.family === 4 || linkLocal === linkLocalPeers || !unicast;
    if (current !== undefined && !virtual && fits && info.address.equals(current)) return info.address;
    const rank = (virtual ? 4 : 0) + (fits ? 0 : 2) + ((info.flags & SECONDARY) !== 0 ? 1 : 0);
    if (virtual && config.priority !== 255) continue;
    if (rank < bestRank) {
      best = info;
      bestRank = rank;
    }
  }
  return best?.address;
}
