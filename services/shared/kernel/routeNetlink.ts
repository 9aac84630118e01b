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
import { NETLINK_ROUTE, NetlinkSocket } from './netlinkSocket.js';
import { Poller } from './poller.js';
import type { AddressInfo, AddressSpec, KernelResult, LinkEvent, LinkInfo, RouteNetlink } from './ports.js';

/** Multicast groups of linux/rtnetlink.h: links, IPv4 addresses, IPv6 addresses. */
const RTNLGRP_LINK = 1;
const RTNLGRP_IPV4_IFADDR = 5;
const RTNLGRP_IPV6_IFADDR = 9;
/** Datagrams read per wake-up, so that an avalanche of changes cannot keep the loop from its timers. */
const DATAGRAMS_PER_WAKEUP = 64;
/** More than the receive buffer holds: the end of a resync even if changes arrive faster than they are dropped. */
const DATAGRAMS_PER_RESYNC = 20_000;

const DONE: KernelResult = { ok: true };

/** rtnetlink on two sockets: one for requests, answered inside the call; one that only listens. */
export class RtnetlinkRouteNetlink implements RouteNetlink {
  readonly #requests = new NetlinkSocket(NETLINK_ROUTE, 'rtnetlink');
  readonly #onError: (error: Error) => void;
  #monitor: NetlinkSocket | undefined;
  #poller: Poller | undefined;
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
    if (this.#poller !== undefined) throw new Error('the rtnetlink monitor runs already');
    const groups = [RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR];
    const monitor = new NetlinkSocket(NETLINK_ROUTE, 'rtnetlink monitor', groups);
    this.#monitor = monitor;
    this.#listener = listener;
    this.#poller = new Poller(monitor.fd, 'rtnetlink monitor', {
      onReadable: () => this.#onReadable(),
      onError: (error) => this.#onMonitorError(error),
    });
  }

  close(): void {
    this.#listener = undefined;
    this.#poller?.close();
    this.#requests.close();
  }

  #onReadable(): void {
    for (let count = 0; count < DATAGRAMS_PER_WAKEUP; count++) {
      // The listener may close us.
      if (this.#listener === undefined || this.#monitor === undefined) return;
      const received = this.#monitor.receive();
      if (received.kind === 'empty') return;
      if (received.kind === 'error') {
        this.#resync();
        return;
      }
      for (const message of received.messages) this.#tell(message);
    }
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

  #onMonitorError(error: Error): void {
    // The poller found the overrun before a read did; anything else is reported.
    if ('errno' in error && error.errno === ERRNO.ENOBUFS) this.#resync();
    else this.#onError(error);
  }

  /** After an overrun: forget what still waits, read everything anew. What changes meanwhile arrives after it. */
  #resync(): void {
    if (this.#monitor === undefined || this.#listener === undefined) return;
    for (let count = 0; count < DATAGRAMS_PER_RESYNC; count++) {
      if (this.#monitor.receive().kind !== 'messages') break;
    }
    this.#listener({ kind: 'resync', links: this.links(), addresses: this.addresses() });
  }
}

/** The address is not there, and neither is it when its interface is gone. */
const isAlreadyGone = (errno: number): boolean => errno === ERRNO.EADDRNOTAVAIL || errno === ERRNO.ENODEV;

function describe(spec: AddressSpec | undefined): string {
  if (spec === undefined) return '';
  return `${formatIpBytes(spec.address)}/${spec.prefixLength} on interface ${spec.ifindex}`;
}
