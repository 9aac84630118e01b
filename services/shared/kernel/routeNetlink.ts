import { formatIpBytes } from '../net/address.js';
import { ERRNO } from './libc.js';
import {
  decodeAddress,
  decodeLink,
  encodeAddressAdd,
  encodeAddressDump,
  encodeAddressRemove,
  encodeLinkDump,
  type NetlinkMessage,
  RTM_DELADDR,
  RTM_DELLINK,
  RTM_NEWADDR,
  RTM_NEWLINK,
} from './netlinkCodec.js';
import { NetlinkMonitor } from './netlinkMonitor.js';
import { NETLINK_ROUTE, NetlinkSocket } from './netlinkSocket.js';
import type { AddressInfo, AddressSpec, KernelResult, LinkEvent, LinkInfo, RouteNetlink } from './ports.js';

/** Multicast groups of linux/rtnetlink.h: links, IPv4 addresses, IPv6 addresses. */
const GROUPS = [1, 5, 9];

const DONE: KernelResult = { ok: true };

/** rtnetlink on two sockets: one for requests, answered inside the call; one that only listens. */
export class RtnetlinkRouteNetlink implements RouteNetlink {
  readonly #requests = new NetlinkSocket(NETLINK_ROUTE, 'rtnetlink');
  readonly #onError: (error: Error) => void;
  #monitor: NetlinkMonitor | undefined;
  #listener: ((event: LinkEvent) => void) | undefined;

  /** Throws KernelError. `onError` gets what goes wrong with the monitor, which then goes on. */
  constructor(onError: (error: Error) => void) {
    this.#onError = onError;
  }

  links(): readonly LinkInfo[] {
    const links: LinkInfo[] = [];
    this.#requests.dump(
      'RTM_GETLINK',
      encodeLinkDump,
      () => links.splice(0),
      (message) => {
        const link = message.type === RTM_NEWLINK ? decodeLink(message.payload) : undefined;
        if (link !== undefined) links.push(link);
      },
    );
    return links;
  }

  addresses(): readonly AddressInfo[] {
    const addresses: AddressInfo[] = [];
    this.#requests.dump(
      'RTM_GETADDR',
      encodeAddressDump,
      () => addresses.splice(0),
      (message) => {
        const address = message.type === RTM_NEWADDR ? decodeAddress(message.payload) : undefined;
        if (address !== undefined) addresses.push(address);
      },
    );
    return addresses;
  }

  addAddresses(specs: readonly AddressSpec[]): readonly KernelResult[] {
    const requests = specs.map((spec) => (sequence: number) => encodeAddressAdd(sequence, spec));
    return this.#requests.batch('RTM_NEWADDR', requests, (index) => describe(specs[index]));
  }

  removeAddresses(specs: readonly AddressSpec[]): readonly KernelResult[] {
    const requests = specs.map((spec) => (sequence: number) => encodeAddressRemove(sequence, spec));
    const results = this.#requests.batch('RTM_DELADDR', requests, (index) => describe(specs[index]));
    return results.map((result) => (result.ok || !isAlreadyGone(result.error.errno) ? result : DONE));
  }

  monitor(listener: (event: LinkEvent) => void): void {
    if (this.#monitor !== undefined) throw new Error('the rtnetlink monitor runs already');
    this.#listener = listener;
    this.#monitor = new NetlinkMonitor('rtnetlink monitor', GROUPS, {
      message: (message) => this.#tell(message),
      overrun: () => listener({ kind: 'resync', links: this.links(), addresses: this.addresses() }),
      failed: this.#onError,
    });
  }

  close(): void {
    this.#listener = undefined;
    this.#monitor?.close();
    this.#requests.close();
  }

  #tell(message: NetlinkMessage): void {
    if (message.type === RTM_NEWLINK || message.type === RTM_DELLINK) {
      const link = decodeLink(message.payload);
      if (link === undefined) return;
      const { ifindex, name } = link;
      this.#listener?.(message.type === RTM_NEWLINK ? { kind: 'link', link } : { kind: 'link-removed', ifindex, name });
    } else if (message.type === RTM_NEWADDR || message.type === RTM_DELADDR) {
      const address = decodeAddress(message.payload);
      if (address === undefined) return;
      this.#listener?.({ kind: message.type === RTM_NEWADDR ? 'address' : 'address-removed', address });
    }
  }
}

/** The address is not there, and neither is it when its interface is gone. */
const isAlreadyGone = (errno: number): boolean => errno === ERRNO.EADDRNOTAVAIL || errno === ERRNO.ENODEV;

function describe(spec: AddressSpec | undefined): string {
  if (spec === undefined) return '';
  return `${formatIpBytes(spec.address)}/${spec.prefixLength} on interface ${spec.ifindex}`;
}
