import type { Logger } from '../shared/log/logger.js';
import type { SyncGroupConfig } from './config/model.js';
import type { LinkTable } from './linkTable.js';
import type { SocketPool } from './socketPool.js';
import { chooseSource } from './sourceAddress.js';
import type { TrackerRegistry } from './track/registry.js';
import { assess } from './tracking.js';
import type { VipBook } from './vipBook.js';
import type { VirtualRouter } from './virtualRouter.js';

/** Looks at what a router depends on: its interface, an address to send from, its socket, what it tracks. */
export class Lookout {
  readonly #links: LinkTable;
  readonly #sockets: SocketPool;
  readonly #vips: VipBook;
  readonly #trackers: TrackerRegistry;
  readonly #logger: Logger;
  /** A socket could not be opened: look again later. */
  readonly #socketFailed: () => void;

  constructor(
    links: LinkTable,
    sockets: SocketPool,
    vips: VipBook,
    trackers: TrackerRegistry,
    logger: Logger,
    socketFailed: () => void,
  ) {
    this.#links = links;
    this.#sockets = sockets;
    this.#vips = vips;
    this.#trackers = trackers;
    this.#logger = logger;
    this.#socketFailed = socketFailed;
  }

  /** Brings interface, source address, socket and standing of a router up to date. */
  assess(router: VirtualRouter, group: SyncGroupConfig | undefined): void {
    router.ifindex = this.#links.byName(router.config.interface)?.ifindex;
    router.source = this.#chooseSource(router);
    this.#bind(router);
    router.standing = assess(router.config, {
      interfaceStatus: (name) => {
        const link = this.#links.byName(name);
        return { exists: link !== undefined, up: link?.up === true };
      },
      hasSourceAddress: router.source !== undefined,
      groupTracks: group?.trackInterfaces ?? [],
      groupTrackers: group?.trackers ?? [],
      reading: (kind, name) => this.#trackers.reading(kind, name),
    });
  }

  /** True while the address a router sends from is still the one to send from, as after nearly every address event. */
  keepsSource(router: VirtualRouter): boolean {
    return router.source !== undefined && this.#chooseSource(router) === router.source;
  }

  #chooseSource(router: VirtualRouter): Buffer | undefined {
    if (router.ifindex === undefined) return undefined;
    const chosen = chooseSource(router.config, router.source, this.#links.addressesOn(router.ifindex), (address) =>
      this.#vips.isVirtual(address),
    );
    if (chosen === undefined) return undefined;
    return router.source?.equals(chosen) ? router.source : Buffer.from(chosen);
  }

  #bind(router: VirtualRouter): void {
    router.socketFault = undefined;
    router.socket = undefined;
    if (router.ifindex === undefined) {
      this.#sockets.release(router);
      return;
    }
    try {
      router.socket = this.#sockets.acquire(router, router.ifindex);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      router.socketFault = { code: 'socket', text: `no VRRP socket on ${router.config.interface}: ${detail}` };
      this.#logger.error({ instance: router.name }, `(${router.name}) ${router.socketFault.text}`);
      this.#socketFailed();
    }
  }
}
