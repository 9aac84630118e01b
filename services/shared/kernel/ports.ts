/**
 * The kernel as the services see it: narrow interfaces, each with a real adapter in this folder and a fake beside it.
 * Addresses are raw bytes in network order (4 or 16), so no adapter parses text on the hot path.
 */
import type { Instant } from '../time/duration.js';
import type { KernelResult } from './kernelError.js';
import type { Firewall, LinkControl } from './linkPorts.js';
import type { Routing } from './routing.js';

export { KernelError, type KernelResult } from './kernelError.js';

/** One received VRRP packet. */
export interface ReceivedPacket {
  /** The VRRP message. For IPv4 the IP header is removed, an AH header is not. */
  readonly payload: Buffer;
  /** IPv4: the IP header, as AH and length checks need it; IPv6: empty. */
  readonly ipHeader: Buffer;
  /** Source and destination address bytes. */
  readonly source: Buffer;
  readonly destination: Buffer;
  /** TTL or hop limit. */
  readonly ttl: number;
  /** IP protocol of the packet: 112 or 51 (AH). */
  readonly protocol: number;
  /** Monotonic time at which the process read it. */
  readonly receivedAt: Instant;
}

/** What of the IP header a sender chooses packet by packet. */
export interface SendOptions {
  /** TTL or hop limit; absent: the socket's. */
  readonly ttl?: number;
  /** IPv4: the identification, 1..65535, where a check value covers it (AH); absent: the next one. */
  readonly identification?: number;
}

/** A raw IP socket bound to one interface, sending and receiving VRRP. */
export interface VrrpSocket {
  /** Sends one message (`payload` without IP header). Throws KernelError. */
  send(payload: Buffer, source: Buffer, destination: Buffer, options?: SendOptions): void;
  /** Sets the size of the receive buffer in bytes (SO_RCVBUFFORCE, or SO_RCVBUF where that is not allowed). Throws KernelError. */
  setReceiveBuffer(bytes: number): void;
  close(): void;
}

/** Options of a VRRP socket. */
export interface VrrpSocketOptions {
  /** 0: not bound to an interface, as for unicast peers that are reached by whatever way the routes say. */
  readonly ifindex: number;
  /** Empty when `ifindex` is 0. */
  readonly interfaceName: string;
  readonly family: 4 | 6;
  /** IP protocol number: 112, or 51 for AH. */
  readonly protocol: number;
  /** Multicast group to join on the interface; absent for unicast. */
  readonly multicastGroup?: Buffer;
  /** Receive buffer in bytes (SO_RCVBUFFORCE). */
  readonly receiveBufferBytes?: number;
  /** Never receives; may send from an address the interface does not have. */
  readonly sendOnly?: boolean;
  /** TTL or hop limit of what is sent; default 255. */
  readonly ttl?: number;
  /**
   * Called once per packet, never re-entered; must not throw.
   * The packet's Buffers are views of a reused receive buffer: valid only during the call, copy what is kept.
   */
  readonly onPacket: (packet: ReceivedPacket) => void;
  /** Called when the socket itself reports an error (interface gone, …). */
  readonly onError: (error: Error) => void;
}

/** Sends whole Ethernet frames on one interface (gratuitous ARP, unsolicited neighbour advertisements). */
export interface FrameSender {
  /** Sends all frames in as few system calls as possible; returns how many the kernel took. Throws KernelError. */
  send(ifindex: number, frames: readonly Buffer[]): number;
  close(): void;
}

/** A timer with one absolute monotonic deadline (timerfd, TFD_TIMER_ABSTIME). */
export interface DeadlineTimer {
  /** Arms the timer, replacing any earlier deadline; `undefined` disarms. A deadline in the past fires at once. */
  arm(deadline: Instant | undefined): void;
  close(): void;
}

/** A network interface as rtnetlink tells it. */
export interface LinkInfo {
  readonly ifindex: number;
  readonly name: string;
  /** IFF_UP and IFF_RUNNING both set: it can carry packets. */
  readonly up: boolean;
  /** IFF_* flags of linux/if.h. */
  readonly flags: number;
  readonly mtu: number;
  /** Hardware address; empty when it has none. */
  readonly mac: Buffer;
  /** `macvlan`, `veth`, … when known. */
  readonly kind?: string;
  /** ifindex of the lower device. */
  readonly parent?: number;
  /** The routing table of a VRF. */
  readonly vrfTable?: number;
  /** ifindex of the bridge, bond or VRF it belongs to. */
  readonly master?: number;
}

/** An address on an interface as rtnetlink tells it. */
export interface AddressInfo {
  readonly ifindex: number;
  readonly family: 4 | 6;
  readonly address: Buffer;
  readonly prefixLength: number;
  /** IFA_F_* of linux/if_addr.h (secondary, tentative, …). */
  readonly flags: number;
  /** RT_SCOPE_*. */
  readonly scope: number;
  readonly label?: string;
  /** IFA_LOCAL differs from IFA_ADDRESS on point-to-point links. */
  readonly peer?: Buffer;
}

/** An address to add: everything `ip address add` can say. */
export interface AddressSpec {
  readonly ifindex: number;
  readonly family: 4 | 6;
  readonly address: Buffer;
  readonly prefixLength: number;
  readonly broadcast?: Buffer;
  readonly peer?: Buffer;
  readonly label?: string;
  readonly scope?: number;
  /** IFA_F_* to set: home, mngtmpaddr, noprefixroute, nodad, … */
  readonly flags?: number;
  /** Seconds; absent = for ever. */
  readonly preferredLifetime?: number;
  readonly validLifetime?: number;
}

/** Changes the kernel tells about unasked. */
export type LinkEvent =
  | { readonly kind: 'link'; readonly link: LinkInfo }
  | { readonly kind: 'link-removed'; readonly ifindex: number; readonly name: string }
  | { readonly kind: 'address'; readonly address: AddressInfo }
  | { readonly kind: 'address-removed'; readonly address: AddressInfo }
  /** Messages were lost (ENOBUFS): everything known must be read again; the adapter does that and then sends what it found. */
  | { readonly kind: 'resync'; readonly links: readonly LinkInfo[]; readonly addresses: readonly AddressInfo[] };

/** The rtnetlink side: dumps, changes in batches, and a monitor on a socket of its own. */
export interface RouteNetlink {
  links(): readonly LinkInfo[];
  addresses(): readonly AddressInfo[];
  /** Adds addresses with NLM_F_CREATE | NLM_F_REPLACE; one result each, in order. Synchronous: the kernel answers at once. */
  addAddresses(specs: readonly AddressSpec[]): readonly KernelResult[];
  /**
   * Removes addresses; EADDRNOTAVAIL and ENODEV count as done: the address is not there.
   * Removing a primary IPv4 address removes its secondaries with it unless `net.ipv4.conf.IFACE.promote_secondaries` is 1.
   */
  removeAddresses(specs: readonly AddressSpec[]): readonly KernelResult[];
  /**
   * Starts the monitor; may be called once. Start it before the first dump, so that nothing falls between the two:
   * an event may then repeat what the dump already told, never the reverse.
   */
  monitor(listener: (event: LinkEvent) => void): void;
  close(): void;
}

/**
 * Everything vrrpd needs of the kernel, opened on demand: `systemKernel` is the real one, `FakeKernel` the one in memory.
 * Each call throws KernelError when the kernel refuses; whoever opens closes.
 */
export interface Kernel {
  openVrrpSocket(options: VrrpSocketOptions): VrrpSocket;
  openFrameSender(): FrameSender;
  /** `onExpire` is called when the armed deadline has passed, never before it; it must not throw. */
  openDeadlineTimer(onExpire: () => void): DeadlineTimer;
  openRouteNetlink(): RouteNetlink;
  /** Opened only where routes or rules are configured. */
  openRouting(): Routing;
  openLinkControl(): LinkControl;
  /** Never throws: whether nftables is there shows at the first `run`. */
  openFirewall(): Firewall;
}
