import { fakeError } from './fakeErrors.js';
import { IFF_RUNNING, IFF_UP } from './netlinkCodec.js';
import type { AddressInfo, AddressSpec, KernelResult, LinkEvent, LinkInfo, RouteNetlink } from './ports.js';

/** linux/if_addr.h */
const IFA_F_SECONDARY = 0x01;
const IFA_F_PERMANENT = 0x80;

/** Links and addresses of a fake machine; changes reach the monitor at once, inside the call. */
export class FakeRouteNetlink implements RouteNetlink {
  /** Every change asked for, in order: `add` or `remove` and what. */
  readonly changes: { readonly kind: 'add' | 'remove'; readonly spec: AddressSpec }[] = [];
  /** Decides per change whether the kernel refuses it, with which code. */
  refuses: (kind: 'add' | 'remove', spec: AddressSpec) => string | undefined = () => undefined;

  readonly #links = new Map<number, LinkInfo>();
  #addresses: AddressInfo[] = [];
  #listener: ((event: LinkEvent) => void) | undefined;

  links(): readonly LinkInfo[] {
    return [...this.#links.values()];
  }

  addresses(): readonly AddressInfo[] {
    return [...this.#addresses];
  }

  addAddresses(specs: readonly AddressSpec[]): readonly KernelResult[] {
    return specs.map((spec) => {
      this.changes.push({ kind: 'add', spec });
      const code = this.refuses('add', spec) ?? (this.#links.has(spec.ifindex) ? undefined : 'ENODEV');
      if (code !== undefined) return { ok: false, error: fakeError('RTM_NEWADDR', code) };
      this.#addresses = this.#addresses.filter((known) => !sameAddress(known, spec));
      const address = this.#toInfo(spec);
      this.#addresses.push(address);
      this.#tell({ kind: 'address', address });
      return { ok: true };
    });
  }

  removeAddresses(specs: readonly AddressSpec[]): readonly KernelResult[] {
    return specs.map((spec) => {
      this.changes.push({ kind: 'remove', spec });
      const code = this.refuses('remove', spec);
      if (code !== undefined && code !== 'EADDRNOTAVAIL') {
        return { ok: false, error: fakeError('RTM_DELADDR', code) };
      }
      this.dropAddress(spec.ifindex, spec.address);
      return { ok: true };
    });
  }

  monitor(listener: (event: LinkEvent) => void): void {
    if (this.#listener !== undefined) throw new Error('the rtnetlink monitor runs already');
    this.#listener = listener;
  }

  close(): void {
    this.#listener = undefined;
  }

  /** Adds or changes a link, and tells. */
  setLink(link: Omit<LinkInfo, 'flags' | 'mtu'>): void {
    const info: LinkInfo = { ...link, flags: link.up ? IFF_UP | IFF_RUNNING : 0, mtu: 1500 };
    this.#links.set(link.ifindex, info);
    this.#tell({ kind: 'link', link: info });
  }

  /** Deletes a link with its addresses, and tells. */
  removeLink(ifindex: number): void {
    const link = this.#links.get(ifindex);
    if (link === undefined) return;
    for (const { address } of this.#addresses.filter((known) => known.ifindex === ifindex)) {
      this.dropAddress(ifindex, address);
    }
    this.#links.delete(ifindex);
    this.#tell({ kind: 'link-removed', ifindex, name: link.name });
  }

  /** Removes an address as somebody else would, and tells. */
  dropAddress(ifindex: number, address: Buffer): void {
    const gone = this.#addresses.filter((known) => known.ifindex === ifindex && known.address.equals(address));
    this.#addresses = this.#addresses.filter((known) => !gone.includes(known));
    for (const info of gone) this.#tell({ kind: 'address-removed', address: info });
  }

  /** As after ENOBUFS: the listener is given everything anew. */
  resync(): void {
    this.#tell({ kind: 'resync', links: this.links(), addresses: this.addresses() });
  }

  /** True when the address is on the interface. */
  hasAddress(ifindex: number, address: Buffer): boolean {
    return this.#addresses.some((known) => known.ifindex === ifindex && known.address.equals(address));
  }

  #toInfo(spec: AddressSpec): AddressInfo {
    const secondary =
      spec.family === 4 &&
      this.#addresses.some(
        (known) =>
          known.ifindex === spec.ifindex &&
          known.family === 4 &&
          known.prefixLength === spec.prefixLength &&
          samePrefix(known.address, spec.address, spec.prefixLength),
      );
    return {
      ifindex: spec.ifindex,
      family: spec.family,
      address: Buffer.from(spec.address),
      prefixLength: spec.prefixLength,
      flags: (spec.flags ?? 0) | IFA_F_PERMANENT | (secondary ? IFA_F_SECONDARY : 0),
      scope: spec.scope ?? 0,
      ...(spec.label === undefined ? {} : { label: spec.label }),
      ...(spec.peer === undefined ? {} : { peer: Buffer.from(spec.peer) }),
    };
  }

  #tell(event: LinkEvent): void {
    this.#listener?.(event);
  }
}

const sameAddress = (known: AddressInfo, spec: AddressSpec): boolean =>
  known.ifindex === spec.ifindex && known.prefixLength === spec.prefixLength && known.address.equals(spec.address);

function samePrefix(left: Buffer, right: Buffer, bits: number): boolean {
  const mask = bits === 0 ? 0 : (0xffff_ffff << (32 - bits)) >>> 0;
  return (left.readUInt32BE(0) & mask) >>> 0 === (right.readUInt32BE(0) & mask) >>> 0;
}
