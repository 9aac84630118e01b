import { errnoByName, fakeError } from './fakeErrors.js';
import { FakeFirewall, FakeLinkControl } from './fakeLinkControl.js';
import { FakeRouteNetlink } from './fakeRouteNetlink.js';
import { FakeRouting } from './fakeRouting.js';
import type { FakePacket, FakeWorld } from './fakeWorld.js';
import type { Firewall, LinkControl, VirtualLinkSpec } from './linkPorts.js';
import type {
  DeadlineTimer,
  FrameSender,
  Kernel,
  LinkInfo,
  ReceivedPacket,
  RouteNetlink,
  SendOptions,
  VrrpSocket,
  VrrpSocketOptions,
} from './ports.js';
import type { Routing } from './routing.js';

/** An interface of a fake machine. */
export interface FakeInterface {
  readonly name: string;
  readonly ifindex: number;
  readonly mac: Buffer;
  /** Segment it is plugged into; interfaces with the same word hear each other. */
  readonly segment: string;
}

/** Frames one `send` call was given. */
export interface SentFrames {
  readonly ifindex: number;
  readonly frames: readonly Buffer[];
}

/**
 * One machine in a FakeWorld: its interfaces, addresses, sockets, timers. Behaves like the real adapters where a test can
 * tell: packets only over links that are up at both ends, group membership, TTL, errors with the kernel's codes.
 */
export class FakeKernel implements Kernel {
  readonly name: string;
  readonly world: FakeWorld;
  readonly netlink: FakeRouteNetlink;
  readonly routing = new FakeRouting();
  readonly linkControl: FakeLinkControl = new FakeLinkControl(this);
  readonly firewall = new FakeFirewall();
  /** Everything given to frame senders, in order, with the moment. */
  readonly sentFrames: SentFrames[] = [];
  /** Makes the next calls of an operation fail: `failures.set('send', 'ENOBUFS')`. Operations: send, sendmmsg, socket. */
  readonly failures = new Map<'send' | 'sendmmsg' | 'socket', string>();
  /** Sockets and timers opened and not yet closed, to find leaks. */
  open = 0;

  readonly #interfaces = new Map<number, FakeInterface>();

  constructor(world: FakeWorld, name: string) {
    this.world = world;
    this.name = name;
    this.netlink = new FakeRouteNetlink();
  }

  /** Adds an interface that is up, and tells the monitor. */
  addInterface(description: FakeInterface): void {
    this.#interfaces.set(description.ifindex, description);
    this.netlink.setLink({ ifindex: description.ifindex, name: description.name, mac: description.mac, up: true });
  }

  /** Adds a virtual interface on top of another one, down, on the same segment. */
  addVirtualInterface(ifindex: number, spec: VirtualLinkSpec, parent: LinkInfo): void {
    const { name, kind } = spec;
    const mac = spec.mac ?? parent.mac;
    this.#interfaces.set(ifindex, { name, ifindex, mac, segment: this.#interface(parent.ifindex).segment });
    this.netlink.setLink({ ifindex, name, mac, up: false, kind, parent: parent.ifindex });
  }

  /** Takes a link down or up: packets stop both ways, and the monitor tells. */
  setLinkUp(ifindex: number, up: boolean): void {
    const before = this.netlink.links().find((link) => link.ifindex === ifindex);
    const { name, mac } = this.#interface(ifindex);
    this.netlink.setLink({ ...before, ifindex, name, mac, up });
  }

  /** Deletes an interface: open sockets on it stay silent for ever, its addresses are gone. */
  removeInterface(ifindex: number): void {
    this.#interfaces.delete(ifindex);
    this.netlink.removeLink(ifindex);
  }

  openVrrpSocket(options: VrrpSocketOptions): VrrpSocket {
    this.#maybeFail('socket');
    const description = this.#interfaces.get(options.ifindex);
    if (description === undefined || description.name !== options.interfaceName) {
      throw fakeError('setsockopt SO_BINDTODEVICE', 'ENODEV');
    }
    return new FakeVrrpSocket(this, description, options);
  }

  openFrameSender(): FrameSender {
    this.#maybeFail('socket');
    this.open += 1;
    let closed = false;
    return {
      send: (ifindex, frames) => {
        if (closed) throw fakeError('sendmmsg', 'EBADF');
        this.#maybeFail('sendmmsg');
        if (!this.#interfaces.has(ifindex)) throw fakeError('sendmmsg', 'ENXIO');
        if (!this.isUp(ifindex)) throw fakeError('sendmmsg', 'ENETDOWN');
        this.sentFrames.push({ ifindex, frames: frames.map((frame) => Buffer.from(frame)) });
        return frames.length;
      },
      close: () => {
        if (!closed) this.open -= 1;
        closed = true;
      },
    };
  }

  openDeadlineTimer(onExpire: () => void): DeadlineTimer {
    this.open += 1;
    const alarm: Parameters<FakeWorld['addAlarm']>[0] = { deadline: undefined, ring: onExpire };
    const remove = this.world.addAlarm(alarm);
    let closed = false;
    return {
      arm: (deadline) => {
        if (!closed) alarm.deadline = deadline;
      },
      close: () => {
        if (!closed) this.open -= 1;
        closed = true;
        alarm.deadline = undefined;
        remove();
      },
    };
  }

  /** The same netlink each time: a fake machine has one routing table. */
  openRouteNetlink(): RouteNetlink {
    return this.netlink;
  }

  /** The same each time, for the same reason. */
  openRouting(): Routing {
    return this.routing;
  }

  openLinkControl(): LinkControl {
    return this.linkControl;
  }

  openFirewall(): Firewall {
    return this.firewall;
  }

  /** True when the interface exists and carries packets. */
  isUp(ifindex: number): boolean {
    return this.#interfaces.has(ifindex) && this.netlink.links().some((link) => link.ifindex === ifindex && link.up);
  }

  /** Throws the error a test asked for. */
  failSend(): void {
    this.#maybeFail('send');
  }

  #maybeFail(operation: 'send' | 'sendmmsg' | 'socket'): void {
    const code = this.failures.get(operation);
    if (code !== undefined && errnoByName(code) !== undefined) throw fakeError(operation, code);
  }

  #interface(ifindex: number): FakeInterface {
    const description = this.#interfaces.get(ifindex);
    if (description === undefined) throw new RangeError(`${this.name} has no interface ${ifindex}`);
    return description;
  }
}

class FakeVrrpSocket implements VrrpSocket {
  readonly #kernel: FakeKernel;
  readonly #interface: FakeInterface;
  readonly #options: VrrpSocketOptions;
  readonly #unplug: () => void;
  #closed = false;

  constructor(kernel: FakeKernel, description: FakeInterface, options: VrrpSocketOptions) {
    this.#kernel = kernel;
    this.#interface = description;
    this.#options = options;
    kernel.open += 1;
    this.#unplug = kernel.world.plug(description.segment, {
      kernelName: kernel.name,
      interfaceName: description.name,
      receive: (packet) => this.#receive(packet),
    });
  }

  send(payload: Buffer, source: Buffer, destination: Buffer, options: SendOptions = {}): void {
    if (this.#closed) throw fakeError('send', 'EBADF');
    this.#kernel.failSend();
    if (!this.#kernel.netlink.links().some((link) => link.ifindex === this.#interface.ifindex)) {
      throw fakeError('send', 'ENODEV');
    }
    if (!this.#kernel.isUp(this.#interface.ifindex)) throw fakeError('send', 'ENETUNREACH');
    this.#kernel.world.transmit({
      segment: this.#interface.segment,
      family: this.#options.family,
      protocol: this.#options.protocol,
      source: Buffer.from(source),
      destination: Buffer.from(destination),
      ttl: options.ttl ?? this.#options.ttl ?? 255,
      identification: options.identification ?? 1,
      payload: Buffer.from(payload),
      from: this.#kernel.name,
      fromInterface: this.#interface.name,
    });
  }

  setReceiveBuffer(): void {}

  close(): void {
    if (!this.#closed) this.#kernel.open -= 1;
    this.#closed = true;
    this.#unplug();
  }

  #receive(packet: FakePacket): void {
    const { family, protocol, multicastGroup, ifindex, onPacket } = this.#options;
    if (this.#options.sendOnly === true) return;
    if (packet.family !== family || packet.protocol !== protocol || !this.#kernel.isUp(ifindex)) return;
    if (multicastGroup !== undefined) {
      if (!packet.destination.equals(multicastGroup)) return;
    } else if (!this.#kernel.netlink.hasAddress(ifindex, packet.destination)) return;
    const received: ReceivedPacket = {
      // Copies, so that a receiver that writes into them harms nobody else.
      payload: Buffer.from(packet.payload),
      ipHeader: family === 4 ? ipv4Header(packet) : Buffer.alloc(0),
      source: Buffer.from(packet.source),
      destination: Buffer.from(packet.destination),
      ttl: packet.ttl,
      protocol,
      receivedAt: this.#kernel.world.clock.now(),
    };
    onPacket(received);
  }
}

function ipv4Header(packet: FakePacket): Buffer {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header[1] = 0xc0;
  header.writeUInt16BE(20 + packet.payload.length, 2);
  header.writeUInt16BE(packet.identification ?? 0, 4);
  header[8] = packet.ttl;
  header[9] = packet.protocol;
  packet.source.copy(header, 12);
  packet.destination.copy(header, 16);
  return header;
}
