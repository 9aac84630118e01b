import { formatIpBytes } from '../shared/net/address.js';
import type { VrrpConfig } from './config/model.js';
import { vipKey } from './virtualAddress.js';
import type { VirtualRouter } from './virtualRouter.js';

/** Which addresses are virtual ones, and which masters hold them. */
export class VipBook {
  /** Addresses by their text, without prefix length. */
  #virtual: ReadonlySet<string> = new Set();
  readonly #routers: ReadonlyMap<string, VirtualRouter>;

  constructor(routers: ReadonlyMap<string, VirtualRouter>) {
    this.#routers = routers;
  }

  /** Takes over the addresses of a configuration. */
  configure(config: VrrpConfig): void {
    const all = config.instances.flatMap(({ vips, excludedVips }) => [...vips, ...excludedVips]);
    this.#virtual = new Set(all.map(({ address }) => formatIpBytes(address.bytes)));
  }

  isVirtual(address: Uint8Array): boolean {
    return this.#virtual.has(formatIpBytes(address));
  }

  /** Routers in MASTER that hold an address. */
  mastersOf(address: Buffer): VirtualRouter[] {
    return [...this.#routers.values()].filter((router) => {
      if (router.state.kind !== 'master') return false;
      for (const vip of router.allVips()) if (address.equals(vip.address.bytes)) return true;
      return false;
    });
  }

  /** True when a router in MASTER other than `router` has the address on that interface, so that it must stay. */
  heldByOther(
    router: VirtualRouter,
    ifindex: number,
    key: string,
    ifindexOf: (other: VirtualRouter, vip: VirtualRouter['config']['vips'][number]) => number | undefined,
  ): boolean {
    // One that is no longer configured anywhere is nobody's.
    if (!this.#virtual.has(key.slice(0, key.indexOf('/')))) return false;
    for (const other of this.#routers.values()) {
      if (other === router || other.state.kind !== 'master') continue;
      for (const vip of other.allVips()) {
        if (vipKey(vip) === key && ifindexOf(other, vip) === ifindex) return true;
      }
    }
    return false;
  }
}
