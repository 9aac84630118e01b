import type { Kernel, ReceivedPacket, VrrpSocket } from '../shared/kernel/ports.js';
import type { DropReason } from './packet/advertisement.js';
import { PROTOCOL_AH } from './packet/authenticationHeader.js';
import { DecodeMemo } from './packet/decodeMemo.js';
import { PROTOCOL_VRRP } from './packet/pseudoHeader.js';
import { type Accepted, type Channel, type IncomingMessage, receiveAdvertisement } from './packet/receive.js';
import { receiveBufferBytes } from './receiveBuffer.js';
import type { VirtualRouter } from './virtualRouter.js';

/** What the pool tells about packets. */
export interface PacketListener {
  accepted(packet: ReceivedPacket, accepted: Accepted<VirtualRouter>): void;
  dropped(packet: ReceivedPacket, reason: DropReason, router: VirtualRouter | undefined, interfaceName: string): void;
  socketError(interfaceName: string, error: Error): void;
}

/** The device a socket is bound to. */
export interface SocketDevice {
  /** 0: none. */
  readonly ifindex: number;
  readonly name: string;
  readonly mtu: number;
}

interface SharedSocket {
  readonly key: string;
  readonly socket: VrrpSocket;
  /** By VRID. Unicast instances with different peers may share one. */
  readonly routers: Map<number, VirtualRouter[]>;
  readonly mtu: number;
}

/** One socket per (interface, family, protocol, mode), shared by all VRIDs on it; the mode is a multicast group, or unicast. */
export class SocketPool {
  readonly #kernel: Kernel;
  readonly #listener: PacketListener;
  readonly #sockets = new Map<string, SharedSocket>();
  readonly #bound = new Map<VirtualRouter, SharedSocket>();

  constructor(kernel: Kernel, listener: PacketListener) {
    this.#kernel = kernel;
    this.#listener = listener;
  }

  /** Gives `router` its share of the socket on a device. Throws KernelError. */
  acquire(router: VirtualRouter, device: SocketDevice): VrrpSocket {
    const { family, multicastGroup, unicast, auth, vrid } = router.config;
    const protocol = auth.type === 'ah' ? PROTOCOL_AH : PROTOCOL_VRRP;
    const mode = unicast === undefined ? multicastGroup.bytes.join('.') : 'unicast';
    const key = `${device.ifindex}/${family}/${protocol}/${mode}`;
    const bound = this.#bound.get(router);
    if (bound?.key === key) return bound.socket;
    this.release(router);
    const shared = this.#sockets.get(key) ?? this.#open(key, router, protocol, device);
    const sharing = shared.routers.get(vrid);
    if (sharing === undefined) shared.routers.set(vrid, [router]);
    else sharing.push(router);
    this.#bound.set(router, shared);
    this.#fitBuffer(shared);
    return shared.socket;
  }

  #open(key: string, { config }: VirtualRouter, protocol: number, device: SocketDevice): SharedSocket {
    const { family, unicast, multicastGroup } = config;
    const routers: SharedSocket['routers'] = new Map();
    const channel: Channel = { family, unicast: unicast !== undefined };
    const memo = new DecodeMemo(channel);
    const decode = (message: IncomingMessage) => memo.decode(message);
    const lookup = (vrid: number, source: Uint8Array): VirtualRouter | undefined => {
      const sharing = routers.get(vrid);
      const first = sharing?.[0];
      if (sharing === undefined || sharing.length === 1 || first?.peers?.range(source) !== undefined) return first;
      return sharing.find(({ peers }) => peers?.range(source) !== undefined) ?? first;
    };
    const socket = this.#kernel.openVrrpSocket({
      ifindex: device.ifindex,
      interfaceName: device.name,
      family,
      protocol,
      ...(unicast === undefined ? { multicastGroup: Buffer.from(multicastGroup.bytes) } : {}),
      onPacket: (packet) => {
        const outcome = receiveAdvertisement(packet, channel, lookup, decode);
        if ('reason' in outcome) this.#listener.dropped(packet, outcome.reason, outcome.expectation, device.name);
        else this.#listener.accepted(packet, outcome);
      },
      onError: (error) => this.#listener.socketError(device.name, error),
    });
    const shared = { key, socket, routers, mtu: device.mtu };
    this.#sockets.set(key, shared);
    return shared;
  }

  #fitBuffer({ socket, routers, mtu }: SharedSocket): void {
    const bytes = receiveBufferBytes(
      [...routers.values()].flat().map(({ config }) => config),
      mtu,
    );
    if (bytes !== undefined) socket.setReceiveBuffer(bytes);
  }

  /** Takes a router off its socket; the last one closes it. */
  release(router: VirtualRouter): void {
    const shared = this.#bound.get(router);
    if (shared === undefined) return;
    this.#bound.delete(router);
    for (const [vrid, bound] of shared.routers) {
      const rest = bound.filter((one) => one !== router);
      if (rest.length === 0) shared.routers.delete(vrid);
      else shared.routers.set(vrid, rest);
    }
    if (shared.routers.size > 0) return;
    this.#sockets.delete(shared.key);
    shared.socket.close();
  }

  close(): void {
    for (const router of [...this.#bound.keys()]) this.release(router);
  }
}
