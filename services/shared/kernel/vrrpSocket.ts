/**
 * Raw IP sockets for VRRP.
 *
 * One socket per (interface, family, mode). A multicast socket is bound to its group, so unicast advertisements do not
 * reach it; a unicast socket hears no multicast. Own packets are not looped back.
 *
 * Memberships survive a link going down and up; after an interface was deleted the socket is silent for ever
 * (sends fail with ENODEV or ENXIO): close it and open another with the new ifindex.
 */
import type { Clock } from '../time/clock.js';
import { ArrivalClock } from './arrivalClock.js';
import {
  check,
  closeFd,
  ERRNO,
  int32,
  kernelError,
  libc,
  openSocket,
  setIntOption,
  setOption,
  setReceiveBuffer,
  stableBuffer,
} from './libc.js';
import { type PacketBatch, packetBatch } from './packetBatch.js';
import { Poller } from './poller.js';
import type { ReceivedPacket, SendOptions, VrrpSocket, VrrpSocketOptions } from './ports.js';
import { RawVrrpSocket6 } from './vrrpSocket6.js';
import { bindToInterface, receiveBatches, TOS_NETWORK_CONTROL } from './vrrpSocketOptions.js';

// linux/in.h, bits/socket.h
const AF_INET = 2;
const SOCK_RAW = 3;
const IPPROTO_IP = 0;
/** Sends whole packets of any protocol and never receives (raw(7)). */
const IPPROTO_RAW = 255;
const IP_HDRINCL = 3;
const IP_MULTICAST_IF = 32;
const IP_MULTICAST_LOOP = 34;
const IP_ADD_MEMBERSHIP = 35;
const IP_MULTICAST_ALL = 49;
const MSG_DONTROUTE = 4;

const IPV4_HEADER_BYTES = 20;

/** Opens a raw VRRP socket. Throws KernelError: EPERM without CAP_NET_RAW, ENODEV when the interface is gone. */
export function openVrrpSocket(options: VrrpSocketOptions, clock: Clock): VrrpSocket {
  return options.family === 4 ? new RawVrrpSocket4(options, clock) : new RawVrrpSocket6(options, clock);
}

/** The IPv4 VRRP socket. It writes its own IP headers, so any source address may be chosen (`mcast_src_ip`). */
class RawVrrpSocket4 implements VrrpSocket {
  readonly #options: VrrpSocketOptions;
  readonly #arrivals: ArrivalClock;
  readonly #fd: number;
  /** Absent when the socket only sends. */
  readonly #poller: Poller | undefined;
  #packet = stableBuffer(IPV4_HEADER_BYTES + 1024);
  /** struct sockaddr_in of the destination; port 0. */
  readonly #destination = stableBuffer(16);
  readonly #sendFlags: number;
  #identification = 0;
  #closed = false;

  constructor(options: VrrpSocketOptions, clock: Clock) {
    this.#options = options;
    this.#arrivals = new ArrivalClock(clock);
    this.#destination.writeUInt16LE(AF_INET, 0);
    // Multicast leaves by the interface whatever the routes say; unicast peers may be behind a router.
    this.#sendFlags = options.multicastGroup === undefined ? 0 : MSG_DONTROUTE;
    const protocol = options.sendOnly === true ? IPPROTO_RAW : options.protocol;
    this.#fd = openSocket(AF_INET, SOCK_RAW, protocol, `IPv4 protocol ${options.protocol}`);
    try {
      this.#configure();
      if (options.sendOnly === true) return;
      this.#poller = new Poller(this.#fd, `VRRP socket on ${options.interfaceName}`, {
        onReadable: () => this.#onReadable(),
        onError: options.onError,
      });
    } catch (error) {
      closeFd(this.#fd);
      throw error;
    }
  }

  send(payload: Buffer, source: Buffer, destination: Buffer, options: SendOptions = {}): void {
    if (this.#closed) throw kernelError('send', ERRNO.EBADF, `${this.#about()} is closed`);
    const length = IPV4_HEADER_BYTES + payload.length;
    if (this.#packet.length < length) this.#packet = stableBuffer(length);
    const packet = this.#packet;
    // 0 would ask the kernel for an identification.
    this.#identification = (this.#identification % 0xffff) + 1;
    packet[0] = 0x45;
    packet[1] = TOS_NETWORK_CONTROL;
    packet.writeUInt16BE(length, 2);
    packet.writeUInt16BE(options.identification ?? this.#identification, 4);
    // No "don't fragment", like keepalived.
    packet.writeUInt16BE(0, 6);
    packet[8] = options.ttl ?? this.#options.ttl ?? 255;
    packet[9] = this.#options.protocol;
    // The kernel fills in the checksum (raw(7)).
    packet.writeUInt16BE(0, 10);
    source.copy(packet, 12, 0, 4);
    destination.copy(packet, 16, 0, 4);
    payload.copy(packet, IPV4_HEADER_BYTES);
    destination.copy(this.#destination, 4, 0, 4);
    check('sendto', libc.sendto(this.#fd, packet, length, this.#sendFlags, this.#destination, 16), this.#about());
  }

  setReceiveBuffer(bytes: number): void {
    setReceiveBuffer(this.#fd, bytes);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#poller === undefined) closeFd(this.#fd);
    else this.#poller.close();
  }

  #about(): string {
    return `VRRP on ${this.#options.interfaceName}`;
  }

  #configure(): void {
    const fd = this.#fd;
    const { ifindex, multicastGroup } = this.#options;
    bindToInterface(fd, this.#options);
    setIntOption(fd, IPPROTO_IP, IP_HDRINCL, 1, 'IP_HDRINCL');
    // Only the group joined here, not every group the machine joined somewhere.
    setIntOption(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0, 'IP_MULTICAST_ALL');
    setIntOption(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0, 'IP_MULTICAST_LOOP');
    if (multicastGroup === undefined) return;
    if (this.#options.sendOnly === true) {
      setOption(fd, IPPROTO_IP, IP_MULTICAST_IF, Buffer.concat([Buffer.alloc(8), int32(ifindex)]), 'IP_MULTICAST_IF');
      return;
    }
    // struct ip_mreqn: group, local address (none: the index decides), interface index.
    const membership = Buffer.concat([multicastGroup.subarray(0, 4), Buffer.alloc(4), int32(ifindex)]);
    setOption(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, membership, 'IP_ADD_MEMBERSHIP');
    setOption(fd, IPPROTO_IP, IP_MULTICAST_IF, Buffer.concat([Buffer.alloc(8), int32(ifindex)]), 'IP_MULTICAST_IF');
    const group = Buffer.alloc(16);
    group.writeUInt16LE(AF_INET, 0);
    multicastGroup.copy(group, 4, 0, 4);
    check('bind', libc.bind(fd, group, group.length), this.#about());
  }

  #onReadable(): void {
    const batch = packetBatch();
    receiveBatches(
      batch.size,
      () => this.#closed,
      () => {
        const taken = batch.receive(this.#fd);
        if (taken > 0) this.#arrivals.look();
        return taken;
      },
      (index) => this.#deliver(batch, index),
      this.#options.onError,
      this.#about(),
    );
  }

  #deliver(batch: PacketBatch, index: number): void {
    const place = batch.place(index);
    if (place === undefined) return;
    const { bytes } = place;
    const length = batch.lengthAt(index);
    const headerBytes = ((bytes[0] ?? 0) & 0x0f) * 4;
    // The kernel has checked the header; this only guards the views below.
    if (headerBytes < IPV4_HEADER_BYTES || length < headerBytes) return;
    place.divide(length, headerBytes);
    const packet: ReceivedPacket = {
      payload: place.payload,
      ipHeader: place.ipHeader,
      source: place.source,
      destination: place.destination,
      ttl: bytes[8] ?? 0,
      protocol: bytes[9] ?? 0,
      receivedAt: this.#arrivals.at(batch.stampAt(index)),
    };
    this.#options.onPacket(packet);
  }
}
