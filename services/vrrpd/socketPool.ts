import type { Kernel, ReceivedPacket, VrrpSocket } from '../shared/kernel/ports.js';
import type { DropReason } from './packet/advertisement.js';
import { type Accepted, receiveAdvertisement } from './packet/receive.js';
import type { VirtualRouter } from './virtualRouter.js';

/** IP protocol number of VRRP. */
const PROTOCOL_VRRP = 112;

/** What the pool tells about packets. */
export interface PacketListener {
  accepted(packet: ReceivedPacket, accepted: Accepted<VirtualRouter>): void;
  dropped(packet: ReceivedPacket, reason: DropReason, router: VirtualRouter | undefined, interfaceName: string): void;
  socketError(interfaceName: string, error: Error): void;
}

interface SharedSocket {
  readonly key: string;
  readonly socket: VrrpSocket;
  readonly routers: Map<number, VirtualRouter>;
}

/** One socket per (interface, family, multicast group), shared by all VRIDs on it. */
export class SocketPool {
  readonly #kernel: Kernel;
  readonly #listener: PacketListener;
  readonly #sockets = new Map<string, SharedSocket>();
  readonly #bound = new Map<VirtualRouter, SharedSocket>();

  constructor(kernel: Kernel, listener: PacketListener) {
    this.#kernel = kernel;
    this.#listener = listener;
  }

  /** Gives `router` its share of the socket on an interface. Throws KernelError. */
  acquire(router: VirtualRouter, ifindex: number): VrrpSocket {
    const { family, interface: interfaceName, multicastGroup, vrid } = router.config;
    const key = `${ifindex}/${family}/${multicastGroup.bytes.join('.')}`;
    const bound = this.#bound.get(router);
    if (bound?.key === key) return bound.socket;
    this.release(router);
    let shared = this.#sockets.get(key);
    if (shared === undefined) {
      const routers = new Map<number, VirtualRouter>();
      const lookup = (wanted: number): VirtualRouter | undefined => routers.get(wanted);
      const socket = this.#kernel.openVrrpSocket({
        ifindex,
        interfaceName,
        family,
        protocol: PROTOCOL_VRRP,
        multicastGroup: Buffer.from(multicastGroup.bytes),
        onPacket: (packet) => this.#receive(packet, family, lookup, interfaceName),
        onError: (error) => this.#listener.socketError(interfaceName, error),
      });
      shared = { key, socket, routers };
      this.#sockets.set(key, shared);
    }
    shared.routers.set(vrid, router);
    this.#bound.set(router, shared);
    return shared.socket;
  }

  /** Takes a router off its socket; the last one closes it. */
  release(router: VirtualRouter): void {
    const shared = this.#bound.get(router);
    if (shared === undefined) return;
    this.#bound.delete(router);
    for (const [vrid, bound] of shared.routers) if (bound === router) shared.routers.delete(vrid);
    if (shared.routers.size > 0) return;
    this.#sockets.delete(shared.key);
    shared.socket.close();
  }

  close(): void {
    for (const router of [...this.#bound.keys()]) this.release(router);
  }

  #receive(
    packet: ReceivedPacket,
    family: 4 | 6,
    lookup: (vrid: number) => VirtualRouter | undefined,
    interfaceName: string,
  ): void {
    const outcome = receiveAdvertisement(packet, family, lookup);
    if ('reason' in outcome) this.#listener.dropped(packet, outcome.reason, outcome.expectation, interfaceName);
    else this.#listener.accepted(packet, outcome);
  }
}
