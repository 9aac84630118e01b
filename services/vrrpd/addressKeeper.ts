import type { AddressSpec, RouteNetlink } from '../shared/kernel/ports.js';
import type { VirtualAddress } from './config/model.js';
import type { LinkTable } from './linkTable.js';
import { addressSpec, vipKey, vipText } from './virtualAddress.js';
import type { VirtualRouter } from './virtualRouter.js';

/** Tells of an address the kernel refused. */
export type AddressFailure = (router: VirtualRouter, doing: 'add' | 'remove', vip: string, error: Error) => void;

interface Placed {
  readonly vip: VirtualAddress;
  readonly key: string;
  readonly spec: AddressSpec;
}

/** Puts virtual addresses on interfaces and takes them off, in one batch each. */
export class AddressKeeper {
  readonly #netlink: RouteNetlink;
  readonly #links: LinkTable;
  readonly #onFailure: AddressFailure;

  constructor(netlink: RouteNetlink, links: LinkTable, onFailure: AddressFailure) {
    this.#netlink = netlink;
    this.#links = links;
    this.#onFailure = onFailure;
  }

  /** Adds what is not there yet; returns what was added. Addresses already there are adopted as they are. */
  add(router: VirtualRouter, vips: Iterable<VirtualAddress>): readonly VirtualAddress[] {
    const wanted: Placed[] = [];
    for (const placed of this.#placed(router, vips)) {
      if (!this.#links.hasAddress(placed.spec.ifindex, placed.key)) wanted.push(placed);
    }
    if (wanted.length === 0) return [];
    const added: VirtualAddress[] = [];
    const results = this.#netlink.addAddresses(wanted.map((placed) => placed.spec));
    for (const [index, placed] of wanted.entries()) {
      const result = results[index];
      if (result?.ok !== true) {
        if (result !== undefined) this.#onFailure(router, 'add', vipText(placed.vip), result.error);
        continue;
      }
      const { ifindex, family, address, prefixLength } = placed.spec;
      this.#links.noteAddress({ ifindex, family, address, prefixLength, flags: 0, scope: placed.spec.scope ?? 0 });
      added.push(placed.vip);
    }
    return added;
  }

  /** Removes what is there, except what was there before us; returns what was removed. `keep` names what another router holds. */
  remove(
    router: VirtualRouter,
    vips: Iterable<VirtualAddress>,
    keep: (ifindex: number, key: string) => boolean,
  ): readonly VirtualAddress[] {
    const unwanted: Placed[] = [];
    for (const placed of this.#placed(router, vips)) {
      if (!this.#links.hasAddress(placed.spec.ifindex, placed.key)) continue;
      if (router.foreignAddresses.has(placed.key) || keep(placed.spec.ifindex, placed.key)) continue;
      unwanted.push(placed);
    }
    if (unwanted.length === 0) return [];
    const removed: VirtualAddress[] = [];
    const results = this.#netlink.removeAddresses(unwanted.map((placed) => placed.spec));
    for (const [index, placed] of unwanted.entries()) {
      const result = results[index];
      if (result?.ok !== true) {
        if (result !== undefined) this.#onFailure(router, 'remove', vipText(placed.vip), result.error);
        continue;
      }
      this.#links.forgetAddress(placed.spec.ifindex, placed.key);
      removed.push(placed.vip);
    }
    return removed;
  }

  /** Virtual addresses the router should have and the kernel does not; those of a `no_track` line do not count. */
  missing(router: VirtualRouter): VirtualAddress[] {
    const missing: VirtualAddress[] = [];
    for (const { vip, key, spec } of this.#placed(router, router.allVips())) {
      if (!vip.noTrack && !this.#links.hasAddress(spec.ifindex, key)) missing.push(vip);
    }
    return missing;
  }

  /** The interface a virtual address belongs on, if it exists. */
  ifindexOf(router: VirtualRouter, vip: VirtualAddress): number | undefined {
    return vip.dev === undefined ? router.ifindex : this.#links.byName(vip.dev)?.ifindex;
  }

  *#placed(router: VirtualRouter, vips: Iterable<VirtualAddress>): Iterable<Placed> {
    for (const vip of vips) {
      const ifindex = this.ifindexOf(router, vip);
      if (ifindex !== undefined) yield { vip, key: vipKey(vip), spec: addressSpec(vip, ifindex) };
    }
  }
}
