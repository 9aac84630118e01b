import { formatIpBytes } from '../shared/net/address.js';
import type { VrrpConfig } from './config/model.js';
import { PRIORITY_OWNER } from './packet/advertisement.js';
import { vipKey } from './virtualAddress.js';
import type { VirtualRouter } from './virtualRouter.js';

/** Which addresses are virtual ones, and which masters hold them. */
export class VipBook {
  /** Names of the instances that are configured with an address, by its text without prefix length. */
  readonly #configured = new Map<string, string[]>();
  /** Names of the instances that may send from a virtual address. */
  readonly #senders: string[] = [];
  readonly #routers: ReadonlyMap<string, VirtualRouter>;

  constructor(routers: ReadonlyMap<string, VirtualRouter>) {
    this.#routers = routers;
  }

  /** Takes over the addresses of a configuration. */
  configure(config: VrrpConfig): void {
    this.#configured.clear();
    this.#senders.length = 0;
    for (const { name, vips, excludedVips, priority, sourceAddress } of config.instances) {
      if (priority === PRIORITY_OWNER || sourceAddress !== undefined) this.#senders.push(name);
      for (const { address } of [...vips, ...excludedVips]) {
        const text = formatIpBytes(address.bytes);
        const names = this.#configured.get(text);
        if (names === undefined) this.#configured.set(text, [name]);
        else names.push(name);
      }
    }
  }

  isVirtual(address: Uint8Array): boolean {
    return this.#configured.has(formatIpBytes(address));
  }

  /** Routers that care when a virtual address comes or goes: an owner sends from its own, others only where configured so. */
  sendersFromVirtual(): VirtualRouter[] {
    return this.#senders.flatMap((name) => this.#routers.get(name) ?? []);
  }

  /** Routers in MASTER that hold an address. */
  mastersOf(address: Buffer): VirtualRouter[] {
    return this.#masters(formatIpBytes(address)).filter((router) => {
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
    for (const other of this.#masters(key.slice(0, key.indexOf('/')))) {
      if (other === router) continue;
      for (const vip of other.allVips()) {
        if (vipKey(vip) === key && ifindexOf(other, vip) === ifindex) return true;
      }
    }
    return false;
  }

  /** Of those that are configured with an address: looking through all would take the square of their number. */
  #masters(address: string): VirtualRouter[] {
    const found: VirtualRouter[] = [];
    for (const name of this.#configured.get(address) ?? []) {
      const router = this.#routers.get(name);
      if (router?.state.kind === 'master') found.push(router);
    }
    return found;
  }
}
