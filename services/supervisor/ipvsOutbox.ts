/** What ipvsd still has to be told, merged while it is busy: only the newest of every service matters. Pure. */
import type { ApplyRequest, IpvsServiceKey, IpvsVirtualService } from '../shared/rpc/generated/keepwatch/v1/ipvs.js';
import { ipvsKeyText } from './ipvsKey.js';

export class IpvsOutbox {
  /** The whole table takes the place of everything. */
  #complete: readonly IpvsVirtualService[] | undefined;
  readonly #changed = new Map<string, IpvsVirtualService>();
  readonly #removed = new Map<string, IpvsServiceKey>();

  get isEmpty(): boolean {
    return this.#complete === undefined && this.#changed.size === 0 && this.#removed.size === 0;
  }

  /** The whole table. */
  replaceAll(services: readonly IpvsVirtualService[]): void {
    this.clear();
    this.#complete = services;
  }

  /** Some services changed, some went. */
  change(services: readonly IpvsVirtualService[], removed: readonly IpvsServiceKey[]): void {
    for (const service of services) {
      const key = ipvsKeyText(service.key);
      this.#changed.set(key, service);
      this.#removed.delete(key);
    }
    for (const gone of removed) {
      const key = ipvsKeyText(gone);
      this.#removed.set(key, gone);
      this.#changed.delete(key);
    }
  }

  /** Takes everything out, as one request; undefined when there is nothing to say. */
  take(): ApplyRequest | undefined {
    if (this.isEmpty) return undefined;
    const request: ApplyRequest =
      this.#complete === undefined
        ? { complete: false, services: [...this.#changed.values()], removed: [...this.#removed.values()] }
        : { complete: true, services: this.#mergedTable(this.#complete), removed: [] };
    this.clear();
    return request;
  }

  clear(): void {
    this.#complete = undefined;
    this.#changed.clear();
    this.#removed.clear();
  }

  #mergedTable(complete: readonly IpvsVirtualService[]): IpvsVirtualService[] {
    const table = new Map(complete.map((service) => [ipvsKeyText(service.key), service]));
    for (const [key, service] of this.#changed) table.set(key, service);
    for (const key of this.#removed.keys()) table.delete(key);
    return [...table.values()];
  }
}
