/** From a configured virtual address to what the kernel is asked for. Pure. */
import type { AddressSpec } from '../shared/kernel/ports.js';
import { formatIpBytes } from '../shared/net/address.js';
import type { VirtualAddress } from './config/model.js';
import { addressKey } from './linkTable.js';

/** IFNAMSIZ - 1: the kernel takes no longer label (linux/if.h). */
const LABEL_MAX = 15;

/**
 * IFA_F_NODAD (linux/if_addr.h): an IPv6 address is usable at once. Duplicate address detection would keep it tentative for
 * a second after every takeover, and fail when the old master still answers.
 */
const NODAD = 0x02;

/** The broadcast address of a prefix; undefined where there is none (/31, /32). */
export function broadcastOf(address: Uint8Array, prefixLength: number): Uint8Array | undefined {
  if (address.length !== 4 || prefixLength >= 31) return undefined;
  const broadcast = Uint8Array.from(address);
  for (let bit = prefixLength; bit < 32; bit++) {
    const index = bit >> 3;
    broadcast[index] = (broadcast[index] ?? 0) | (0x80 >> (bit & 7));
  }
  return broadcast;
}

/** What `ip address add` would ask the kernel for. */
export function addressSpec(vip: VirtualAddress, ifindex: number): AddressSpec {
  const broadcast = broadcastFor(vip);
  const flags = vip.address.family === 6 ? vip.flags | NODAD : vip.flags;
  return {
    ifindex,
    family: vip.address.family,
    address: Buffer.from(vip.address.bytes),
    prefixLength: vip.prefixLength,
    ...(broadcast === undefined ? {} : { broadcast: Buffer.from(broadcast) }),
    ...(vip.peer === undefined ? {} : { peer: Buffer.from(vip.peer.address.bytes) }),
    ...(vip.label === undefined ? {} : { label: vip.label.slice(0, LABEL_MAX) }),
    ...(vip.scope === undefined ? {} : { scope: vip.scope }),
    ...(flags === 0 ? {} : { flags }),
    ...(vip.preferredLifetime === undefined ? {} : { preferredLifetime: vip.preferredLifetime }),
  };
}

function broadcastFor(vip: VirtualAddress): Uint8Array | undefined {
  if (vip.broadcast === undefined) return undefined;
  return vip.broadcast === 'auto' ? broadcastOf(vip.address.bytes, vip.prefixLength) : vip.broadcast.bytes;
}

/** Names a virtual address among those of its interface, as the kernel lists it. */
export const vipKey = (vip: VirtualAddress): string => addressKey(vip.address.bytes, vip.prefixLength);

/** `10.0.0.1/24`, or `10.0.0.1/24 dev eth1`, for people. */
export const vipText = (vip: VirtualAddress): string =>
  `${formatIpBytes(vip.address.bytes)}/${vip.prefixLength}${vip.dev === undefined ? '' : ` dev ${vip.dev}`}`;
