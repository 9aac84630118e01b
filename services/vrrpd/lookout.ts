import type { Logger } from '../shared/log/logger.js';
import { compareIpBytes } from '../shared/net/address.js';
import type { InstanceConfig, SyncGroupConfig } from './config/model.js';
import type { InterfaceWatch } from './interfaceWatch.js';
import type { KernelState } from './kernelState.js';
import type { LinkTable } from './linkTable.js';
import type { VirtualNetwork } from './network/virtualNetwork.js';
import type { SocketPool } from './socketPool.js';
import { chooseSource, isUsable } from './sourceAddress.js';
import type { Steering } from './steering.js';
import type { TrackerRegistry } from './track/registry.js';
import { assess, SOURCE_MISSING, socketDevice } from './tracking.js';
import type { VipBook } from './vipBook.js';
import type { VirtualRouter } from './virtualRouter.js';

/** ifindex of an instance that is bound to no device. */
const NO_DEVICE = 0;
/** What counts as MTU where there is no device. */
const LARGEST_PACKET = 65_535;

/** Looks at what a router depends on: its interface, an address to send from, its socket, what it tracks. */
export class Lookout {
  readonly #links: LinkTable;
  readonly #sockets: SocketPool;
  readonly #vips: VipBook;
  readonly #trackers: TrackerRegistry;
  readonly #kernelState: KernelState;
  readonly #interfaces: InterfaceWatch;
  readonly #network: VirtualNetwork;
  readonly #steering: Steering;
  readonly #logger: Logger;
  /** A socket could not be opened: look again later. */
  readonly #socketFailed: () => void;

  constructor(
    links: LinkTable,
    sockets: SocketPool,
    vips: VipBook,
    trackers: TrackerRegistry,
    kernelState: KernelState,
    interfaces: InterfaceWatch,
    network: VirtualNetwork,
    steering: Steering,
    logger: Logger,
    socketFailed: () => void,
  ) {
    this.#links = links;
    this.#sockets = sockets;
    this.#vips = vips;
    this.#trackers = trackers;
    this.#kernelState = kernelState;
    this.#interfaces = interfaces;
    this.#network = network;
    this.#steering = steering;
    this.#logger = logger;
    this.#socketFailed = socketFailed;
  }

  /** Brings interface, source address, socket and standing of a router up to date. */
  assess(router: VirtualRouter, group: SyncGroupConfig | undefined): void {
    const device = socketDevice(router.config);
    router.ifindex = device === '' ? NO_DEVICE : this.#links.byName(device)?.ifindex;
    router.source = this.#chooseSource(router);
    this.#bind(router);
    // A virtual interface is as its base is: what else may be wrong with it `faults` tells.
    const bases = new Map(router.config.virtualLinks?.map(({ name, base }) => [name, base]));
    const interfaceStatus = (name: string) => {
      const base = bases.get(name) ?? name;
      return this.#interfaces.status(base, this.#links.byName(base));
    };
    router.standing = assess(router.config, {
      interfaceStatus,
      kernelFaults: this.#kernelState.faultsOf(router, interfaceStatus),
      interfaceFaults: this.#network.faults(router),
      hasSourceAddress: router.source !== undefined,
      ownsSourceAddress: this.#ownsSource(router),
      groupTracks: group?.trackInterfaces ?? [],
      groupTrackers: group?.trackers ?? [],
      orders: this.#steering.of(router.name, group?.members ?? []),
      reading: (kind, name) => this.#trackers.reading(kind, name),
    });
  }

  /** Whether an address of an interface may be the one a router sends from. */
  mayDependOn({ config, ifindex }: VirtualRouter, changed: number): boolean {
    return config.interface === '' || this.#sourceLinks(config, ifindex).includes(changed);
  }

  /** True while the address a router sends from is still the one to send from, as after nearly every address event. */
  keepsSource(router: VirtualRouter): boolean {
    const missing = router.standing.faults.some(({ code }) => code === SOURCE_MISSING);
    return (
      router.source !== undefined &&
      this.#chooseSource(router) === router.source &&
      this.#ownsSource(router) === !missing
    );
  }

  #chooseSource(router: VirtualRouter): Buffer | undefined {
    if (router.ifindex === undefined) return undefined;
    const chosen = chooseSource(router.config, router.source, this.#links.addressesOn(router.ifindex), (address) =>
      this.#vips.isVirtual(address),
    );
    if (chosen === undefined) return undefined;
    return router.source?.equals(chosen) ? router.source : Buffer.from(chosen);
  }

  /**
   * Whether the configured source address is there, where that matters. It may be on any interface, unless the instance has
   * one. IPv4 is sent with any source, so only `track_src_ip` asks; from an IPv6 address it does not have the kernel sends nothing.
   */
  #ownsSource({ config, ifindex }: VirtualRouter): boolean {
    const { sourceAddress } = config;
    if (sourceAddress === undefined || !(config.trackSource || config.family === 6)) return true;
    const links = config.interface === '' ? this.#links.indexes() : this.#sourceLinks(config, ifindex);
    for (const one of links) {
      for (const info of this.#links.addressesOn(one)) {
        if (compareIpBytes(info.address, sourceAddress.bytes) === 0 && isUsable(info)) return true;
      }
    }
    return false;
  }

  /** The interfaces whose addresses an instance may send from: its own, and the virtual one it advertises through. */
  #sourceLinks({ transmitLink }: InstanceConfig, ifindex: number | undefined): number[] {
    const virtual = transmitLink === undefined ? undefined : this.#links.byName(transmitLink)?.ifindex;
    return [ifindex, virtual].filter((one) => one !== undefined);
  }

  #bind(router: VirtualRouter): void {
    router.socketFault = undefined;
    router.socket = undefined;
    if (router.ifindex === undefined) {
      this.#sockets.release(router);
      return;
    }
    try {
      const link = this.#network.receiver(router) ?? this.#links.byIndex(router.ifindex);
      const received = this.#sockets.acquire(router, {
        ifindex: link?.ifindex ?? router.ifindex,
        name: link?.name ?? socketDevice(router.config),
        mtu: link?.mtu ?? LARGEST_PACKET,
      });
      router.socket = this.#network.transmitter(router) ?? received;
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      router.socketFault = { code: 'socket', text: `no VRRP socket${placeOf(router)}: ${detail}` };
      this.#logger.error({ instance: router.name }, `(${router.name}) ${router.socketFault.text}`);
      this.#socketFailed();
    }
  }
}

function placeOf({ config }: VirtualRouter): string {
  const device = socketDevice(config);
  return device === '' ? '' : ` on ${device}`;
}
