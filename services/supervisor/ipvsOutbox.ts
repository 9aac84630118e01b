/** What ipvsd still has to be told, merged while it is busy: only the newest of every service matters. Pure. */
import type { ApplyRequest, IpvsServiceKey, IpvsVirtualService } from '../shared/rpc/generated/keepwatch/v1/ipvs.js';
import { ipvsKeyText } from './ipvsKey.js';

/** Destinations in one request. */
const PART = 1_000;

export class IpvsOutbox {
  /** The whole table takes the place of everything. */
  #complete: readonly IpvsVirtualService[] | undefined;
  readonly #changed = new Map<string, IpvsVirtualService>();
  readonly #removed = new Map<string, IpvsServiceKey>();
  /** The rest of a table that goes in parts. */
  #parts: ApplyRequest[] = [];

  get isEmpty(): boolean {
    return (
      this.#parts.length === 0 && this.#complete === undefined && this.#changed.size === 0 && this.#removed.size === 0
    );
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

  /** Takes what is to be told next, in as few requests as may be; undefined when there is nothing to say. */
  take(): ApplyRequest | undefined {
    const part = this.#parts.shift();
    if (part !== undefined) return part;
    if (this.isEmpty) return undefined;
    const [first, ...rest] =
      this.#complete === undefined
        ? [{ complete: false, services: [...this.#changed.values()], removed: [...this.#removed.values()], others: [] }]
        : inParts(this.#mergedTable(this.#complete));
    this.clear();
    this.#parts = rest;
    return first;
  }

  clear(): void {
    this.#parts = [];
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

/**
 * A whole table as requests that each leave ipvsd time to show that it lives, and fill the table while the next is written. Only
 * the last one says that there is nothing else.
 */
function inParts(services: readonly IpvsVirtualService[]): ApplyRequest[] {
  const parts: IpvsVirtualService[][] = [[]];
  let destinations = 0;
  for (const service of services) {
    const own = service.destinations.length;
    if (destinations > 0 && destinations + own > PART) {
      parts.push([]);
      destinations = 0;
    }
    parts.at(-1)?.push(service);
    destinations += own;
  }
  if (parts.length === 1) return [{ complete: true, services: [...services], removed: [], others: [] }];
  const last = parts.at(-1) ?? [];
  const others = services
    .slice(0, services.length - last.length)
    .flatMap(({ key }) => (key === undefined ? [] : [key]));
  return parts.map((part) => ({ complete: false, services: part, removed: [], others: part === last ? others : [] }));
}
