/** Which frames tell the neighbours of a router's virtual addresses. */
import type { LinkInfo } from '../shared/kernel/ports.js';
import type { AddressKeeper } from './addressKeeper.js';
import type { AnnounceTarget } from './announcePlan.js';
import type { Upkeep } from './announcer.js';
import type { VirtualAddress } from './config/model.js';
import type { LinkTable } from './linkTable.js';
import { gratuitousArp } from './packet/gratuitousArp.js';
import { neighbourAdvertisement } from './packet/neighbourAdvertisement.js';
import { vipKey } from './virtualAddress.js';
import type { VirtualRouter } from './virtualRouter.js';

const ETHERNET_ADDRESS_LENGTH = 6;
/** Interfaces that send by another one and need no switch of their own. */
const UPPER_KINDS: ReadonlySet<string | undefined> = new Set(['macvlan', 'macvtap', 'ipvlan', 'ipvtap']);
/** RFC 9568 7.3: 00-00-5E-00-01-{VRID} for IPv4, 00-00-5E-00-02-{VRID} for IPv6. */
const VIRTUAL_MACS: readonly Buffer[] = [Buffer.from([0, 0, 0x5e, 0, 1]), Buffer.from([0, 0, 0x5e, 0, 2])];

/** One frame for each of these addresses that is there. */
export function announceTargets(
  router: VirtualRouter,
  vips: Iterable<VirtualAddress>,
  links: LinkTable,
  keeper: AddressKeeper,
): AnnounceTarget[] {
  const targets: AnnounceTarget[] = [];
  for (const vip of vips) {
    const ifindex = keeper.ifindexOf(router, vip);
    const link = ifindex === undefined ? undefined : links.byIndex(ifindex);
    if (link === undefined || link.mac.length !== ETHERNET_ADDRESS_LENGTH) continue;
    // Nobody is told about an address that could not be added.
    if (!links.hasAddress(link.ifindex, vipKey(vip))) continue;
    const { bytes, family } = vip.address;
    const frame = family === 4 ? gratuitousArp(link.mac, bytes) : neighbourAdvertisement(link.mac, bytes);
    const physical = physicalName(link, links);
    targets.push({ ifindex: link.ifindex, physical, family, frame: Buffer.from(frame) });
  }
  return targets;
}

/** What this router announces again and again while it is MASTER: `garp_master_refresh`, `garp_extra_if`. */
export function upkeepOf(router: VirtualRouter, links: LinkTable, keeper: AddressKeeper): Upkeep[] {
  const { masterRefresh, masterRefreshRepeat, extraInterval, extraOnAll } = router.config.garp;
  return [
    {
      every: masterRefresh,
      repeat: masterRefreshRepeat,
      targets: () => announceTargets(router, router.allVips(), links, keeper),
    },
    {
      every: extraInterval,
      repeat: 1,
      targets: () => extraTargets(router, extraOnAll, links, keeper),
    },
  ];
}

/**
 * Advertisements keep the place of a router's own interface known to switches; other interfaces with virtual addresses have
 * nothing that does. One message is enough for that: the first address of each, as keepalived 2.2.7 chooses it.
 */
function extraTargets(
  router: VirtualRouter,
  onAll: boolean,
  links: LinkTable,
  keeper: AddressKeeper,
): AnnounceTarget[] {
  const seen = new Set<number | undefined>([router.ifindex]);
  const first: AnnounceTarget[] = [];
  for (const target of announceTargets(router, router.allVips(), links, keeper)) {
    if (seen.has(target.ifindex)) continue;
    seen.add(target.ifindex);
    if (onAll || hasVirtualMac(target.ifindex, links)) first.push(target);
  }
  return first;
}

function hasVirtualMac(ifindex: number, links: LinkTable): boolean {
  const link = links.byIndex(ifindex);
  return link !== undefined && VIRTUAL_MACS.some((prefix) => link.mac.subarray(0, prefix.length).equals(prefix));
}

/** The interface a switch is behind. */
function physicalName(link: LinkInfo, links: LinkTable): string {
  const below = UPPER_KINDS.has(link.kind) && link.parent !== undefined ? links.byIndex(link.parent) : undefined;
  return below?.name ?? link.name;
}
