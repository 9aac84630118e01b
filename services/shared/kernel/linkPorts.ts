/** What vrrpd does to interfaces themselves: makes and removes virtual ones, sets what /proc/sys/net holds, asks for carrier. */
import type { KernelResult } from './kernelError.js';

/** An interface to make on top of another one. */
export interface VirtualLinkSpec {
  readonly name: string;
  readonly kind: 'macvlan' | 'ipvlan';
  /** ifindex of the lower device. */
  readonly parent: number;
  /** Hardware address; an ipvlan has that of its lower device. */
  readonly mac?: Buffer;
  readonly mode: 'private' | 'vepa' | 'bridge';
  /** ifindex of the VRF it belongs to. */
  readonly master?: number;
}

/** How a polled interface is asked for its carrier: MII registers, ETHTOOL_GLINK, or IFF_RUNNING by ioctl. */
export type CarrierMethod = 'mii' | 'ethtool' | 'ioctl';

/** Changes interfaces. Nothing here waits. */
export interface LinkControl {
  /**
   * Makes interfaces, without IPv6 link-local addresses of their own (addr_gen_mode none), and down. One result each, in
   * order. EOPNOTSUPP: the kernel has no such kind; EPERM: CAP_NET_ADMIN is missing; EEXIST: the name is taken.
   */
  create(specs: readonly VirtualLinkSpec[]): readonly KernelResult[];
  /** Removes interfaces; one that is not there counts as removed. */
  remove(ifindexes: readonly number[]): readonly KernelResult[];
  /** Sets interfaces administratively up. */
  setUp(ifindexes: readonly number[]): readonly KernelResult[];
  /** Puts an interface into a VRF, or with 0 out of it. */
  setMaster(ifindex: number, master: number): KernelResult;
  /** Value of a file below /proc/sys, such as `net/ipv4/conf/eth0/arp_ignore`; undefined when there is none. */
  readSetting(path: string): string | undefined;
  /** Sets one. Throws the file system's error or KernelError: EROFS in a container whose /proc/sys is read-only. */
  writeSetting(path: string, value: string): void;
  /** Asks for the carrier. Undefined: the driver does not answer this method, or there is no such interface. */
  carrier(name: string, method: CarrierMethod): boolean | undefined;
  close(): void;
}

/** Carries out nftables commands, each call as one transaction: all of it or nothing. */
export interface Firewall {
  /** Throws Error with nft's own words; `reason` is `missing` when libnftables is not installed. */
  run(commands: string): void;
  /** As `run`; returns what nft writes. */
  list(commands: string): string;
  /** The table is there, of IPv4. */
  has(table: string): boolean;
  /**
   * Tells changes of a table, of IPv4 or IPv6, that others than this firewall made; `by` is the program's name, empty where
   * it is not known. Throws KernelError.
   */
  watch(table: string, changed: (by: string) => void): FirewallWatch;
  close(): void;
}

/** A watch, until it is closed. */
export interface FirewallWatch {
  close(): void;
}

/** nftables refuses, or is not there. */
export class FirewallError extends Error {
  override readonly name = 'FirewallError';
  readonly reason: 'missing' | 'refused';

  constructor(reason: 'missing' | 'refused', message: string) {
    super(message);
    this.reason = reason;
  }
}

/** A small text that outlives this process, but not a reboot. */
export interface BootText {
  load(): string | undefined;
  /** Replaces it in one step. Throws the file system's error. */
  save(text: string): void;
}
