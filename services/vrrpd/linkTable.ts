import { IFF_RUNNING, IFF_UP } from '../shared/kernel/netlinkCodec.js';
import type { AddressInfo, LinkEvent, LinkInfo } from '../shared/kernel/ports.js';
import { formatIpBytes } from '../shared/net/address.js';

/** Names an address on an interface: `10.0.0.1/24`. */
export const addressKey = (address: Uint8Array, prefixLength: number): string =>
  `${formatIpBytes(address)}/${prefixLength}`;

/** What the kernel told about interfaces and their addresses, kept current from its events. */
export class LinkTable {
  readonly #byIndex = new Map<number, LinkInfo>();
  readonly #byName = new Map<string, LinkInfo>();
  readonly #addresses = new Map<number, Map<string, AddressInfo>>();
  /** Carriers of polled interfaces, by name: what the kernel says of them does not count. */
  readonly #carriers = new Map<string, boolean>();

  /** Forgets everything and starts from a dump. */
  reset(links: readonly LinkInfo[], addresses: readonly AddressInfo[]): void {
    this.#byIndex.clear();
    this.#byName.clear();
    this.#addresses.clear();
    for (const link of links) this.#putLink(link);
    for (const address of addresses) this.noteAddress(address);
  }

  /** Takes in one event of the monitor. */
  apply(event: LinkEvent): void {
    switch (event.kind) {
      case 'link':
        this.#putLink(event.link);
        return;
      case 'link-removed':
        this.#dropLink(event.ifindex);
        return;
      case 'address':
        this.noteAddress(event.address);
        return;
      case 'address-removed':
        this.forgetAddress(event.address.ifindex, addressKey(event.address.address, event.address.prefixLength));
        return;
      case 'resync':
        this.reset(event.links, event.addresses);
    }
  }

  byName(name: string): LinkInfo | undefined {
    return this.#byName.get(name);
  }

  byIndex(ifindex: number): LinkInfo | undefined {
    return this.#byIndex.get(ifindex);
  }

  /** The carrier of an interface as its driver was asked for it; undefined: the kernel's word counts again. */
  setCarrier(name: string, carrier: boolean | undefined): void {
    if (carrier === undefined) this.#carriers.delete(name);
    else this.#carriers.set(name, carrier);
    const link = this.#byName.get(name);
    if (link !== undefined) this.#putLink(link);
  }

  /** Names of all interfaces, as the kernel listed them. */
  names(): string[] {
    return [...this.#byName.keys()];
  }

  /** Numbers of all interfaces that have an address. */
  indexes(): Iterable<number> {
    return this.#addresses.keys();
  }

  /** Addresses of an interface, oldest first. */
  addressesOn(ifindex: number): Iterable<AddressInfo> {
    return this.#addresses.get(ifindex)?.values() ?? [];
  }

  hasAddress(ifindex: number, key: string): boolean {
    return this.#addresses.get(ifindex)?.has(key) === true;
  }

  /** An address that is there now: told by the kernel, or just added by us. */
  noteAddress(address: AddressInfo): void {
    let onLink = this.#addresses.get(address.ifindex);
    if (onLink === undefined) {
      onLink = new Map();
      this.#addresses.set(address.ifindex, onLink);
    }
    onLink.set(addressKey(address.address, address.prefixLength), address);
  }

  forgetAddress(ifindex: number, key: string): void {
    this.#addresses.get(ifindex)?.delete(key);
  }

  #putLink(told: LinkInfo): void {
    const carrier = this.#carriers.get(told.name) ?? (told.flags & IFF_RUNNING) !== 0;
    const up = (told.flags & IFF_UP) !== 0 && carrier;
    const link = told.up === up ? told : { ...told, up };
    const before = this.#byIndex.get(link.ifindex);
    // Renamed: the old name is free.
    if (before !== undefined && before.name !== link.name && this.#byName.get(before.name)?.ifindex === link.ifindex) {
      this.#byName.delete(before.name);
    }
    this.#byIndex.set(link.ifindex, link);
    this.#byName.set(link.name, link);
  }

  #dropLink(ifindex: number): void {
    const link = this.#byIndex.get(ifindex);
    this.#byIndex.delete(ifindex);
    this.#addresses.delete(ifindex);
    if (link !== undefined && this.#byName.get(link.name)?.ifindex === ifindex) this.#byName.delete(link.name);
  }
}
