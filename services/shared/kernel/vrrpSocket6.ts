import type { Clock } from '../time/clock.js';
import { ArrivalClock, STAMP_BYTES, stampIn } from './arrivalClock.js';
import {
  addressOf,
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
import { Poller } from './poller.js';
import type { SendOptions, VrrpSocket, VrrpSocketOptions } from './ports.js';
import { bindToInterface, receiveLoop, TOS_NETWORK_CONTROL } from './vrrpSocketOptions.js';

// linux/in6.h, bits/socket.h
const AF_INET6 = 10;
const SOCK_RAW = 3;
const IPPROTO_IPV6 = 41;
const IPV6_UNICAST_HOPS = 16;
const IPV6_MULTICAST_IF = 17;
const IPV6_MULTICAST_HOPS = 18;
const IPV6_MULTICAST_LOOP = 19;
const IPV6_ADD_MEMBERSHIP = 20;
const IPV6_MULTICAST_ALL = 29;
const IPV6_RECVPKTINFO = 49;
const IPV6_PKTINFO = 50;
const IPV6_RECVHOPLIMIT = 51;
const IPV6_HOPLIMIT = 52;
const IPV6_TCLASS = 67;
const IPV6_FREEBIND = 78;
const MSG_DONTROUTE = 4;

const RECEIVE_BYTES = 65_536;
const CONTROL_BYTES = 256;
const NOTHING = Buffer.alloc(0);

// struct msghdr (64 bit): name, namelen, iov, iovlen, control, controllen, flags.
const MSGHDR_BYTES = 56;
const MSG_NAMELEN = 8;
const MSG_IOV = 16;
const MSG_IOVLEN = 24;
const MSG_CONTROL = 32;
const MSG_CONTROLLEN = 40;
const IOVEC_BYTES = 16;
/** struct sockaddr_in6: family, port, flowinfo, address at 8, scope id at 24. */
const SOCKADDR_BYTES = 28;
/** struct cmsghdr: length (64 bit), level, type. */
const CMSG_HEADER = 16;
const PKTINFO_BYTES = 20;
/** CMSG_SPACE of in6_pktinfo and of an int: padded to 8 bytes. */
const PKTINFO_SPACE = CMSG_HEADER + 24;
const HOPLIMIT_SPACE = CMSG_HEADER + 8;

/** One struct msghdr with its iovec, address and control area, in memory whose address does not change. */
class Message {
  readonly name = stableBuffer(SOCKADDR_BYTES);
  readonly control = stableBuffer(CONTROL_BYTES);
  readonly header = stableBuffer(MSGHDR_BYTES);
  readonly #vector = stableBuffer(IOVEC_BYTES);
  /** Referenced as long as the vector holds its address. */
  data: Buffer;

  constructor(dataBytes: number) {
    this.data = stableBuffer(dataBytes);
    this.#vector.writeBigUInt64LE(addressOf(this.data), 0);
    this.header.writeBigUInt64LE(addressOf(this.name), 0);
    this.header.writeBigUInt64LE(addressOf(this.#vector), MSG_IOV);
    this.header.writeUInt32LE(1, MSG_IOVLEN);
    this.header.writeBigUInt64LE(addressOf(this.control), MSG_CONTROL);
  }

  /** Sets the lengths, which the kernel overwrites on receive. */
  prepare(dataBytes: number, controlBytes: number): void {
    if (dataBytes > this.data.length) {
      this.data = stableBuffer(dataBytes);
      this.#vector.writeBigUInt64LE(addressOf(this.data), 0);
    }
    this.#vector.writeUInt32LE(dataBytes, 8);
    this.header.writeUInt32LE(SOCKADDR_BYTES, MSG_NAMELEN);
    this.header.writeUInt32LE(controlBytes, MSG_CONTROLLEN);
  }
}

/**
 * The IPv6 VRRP socket. The kernel writes the IP header: the source must be an address of the interface that has passed
 * duplicate address detection (EINVAL otherwise). Hop limit and destination arrive as ancillary data (RFC 3542).
 * IPV6_CHECKSUM stays off: it would drop bad packets before anyone could count them.
 */
export class RawVrrpSocket6 implements VrrpSocket {
  readonly #options: VrrpSocketOptions;
  readonly #arrivals: ArrivalClock;
  readonly #fd: number;
  /** Absent when the socket only sends. */
  readonly #poller: Poller | undefined;
  readonly #incoming = new Message(RECEIVE_BYTES);
  readonly #outgoing = new Message(4096);
  readonly #sendFlags: number;
  #closed = false;

  constructor(options: VrrpSocketOptions, clock: Clock) {
    this.#options = options;
    this.#arrivals = new ArrivalClock(clock);
    this.#sendFlags = options.multicastGroup === undefined ? 0 : MSG_DONTROUTE;
    this.#outgoing.name.writeUInt16LE(AF_INET6, 0);
    this.#outgoing.name.writeUInt32LE(options.ifindex, 24);
    const control = this.#outgoing.control;
    control.writeUInt32LE(CMSG_HEADER + PKTINFO_BYTES, 0);
    control.writeInt32LE(IPPROTO_IPV6, 8);
    control.writeInt32LE(IPV6_PKTINFO, 12);
    control.writeUInt32LE(options.ifindex, CMSG_HEADER + 16);
    control.writeUInt32LE(CMSG_HEADER + 4, PKTINFO_SPACE);
    control.writeInt32LE(IPPROTO_IPV6, PKTINFO_SPACE + 8);
    control.writeInt32LE(IPV6_HOPLIMIT, PKTINFO_SPACE + 12);
    this.#fd = openSocket(AF_INET6, SOCK_RAW, options.protocol, `IPv6 protocol ${options.protocol}`);
    try {
      this.#configure();
      if (options.sendOnly === true) return;
      this.#poller = new Poller(this.#fd, `VRRP IPv6 socket on ${options.interfaceName}`, {
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
    const message = this.#outgoing;
    const hops = options.ttl ?? this.#options.ttl ?? 255;
    message.prepare(payload.length, PKTINFO_SPACE + HOPLIMIT_SPACE);
    message.control.writeInt32LE(hops, PKTINFO_SPACE + CMSG_HEADER);
    payload.copy(message.data);
    destination.copy(message.name, 8, 0, 16);
    source.copy(message.control, CMSG_HEADER, 0, 16);
    check('sendmsg', libc.sendmsg(this.#fd, message.header, this.#sendFlags), this.#about());
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
    return `IPv6 VRRP on ${this.#options.interfaceName}`;
  }

  #configure(): void {
    const fd = this.#fd;
    const { ifindex, multicastGroup } = this.#options;
    const hops = this.#options.ttl ?? 255;
    bindToInterface(fd, this.#options);
    const options: readonly (readonly [name: number, value: number, text: string])[] = [
      [IPV6_RECVHOPLIMIT, 1, 'IPV6_RECVHOPLIMIT'],
      [IPV6_RECVPKTINFO, 1, 'IPV6_RECVPKTINFO'],
      [IPV6_MULTICAST_ALL, 0, 'IPV6_MULTICAST_ALL'],
      [IPV6_MULTICAST_LOOP, 0, 'IPV6_MULTICAST_LOOP'],
      [IPV6_MULTICAST_HOPS, hops, 'IPV6_MULTICAST_HOPS'],
      [IPV6_UNICAST_HOPS, hops, 'IPV6_UNICAST_HOPS'],
      [IPV6_TCLASS, TOS_NETWORK_CONTROL, 'IPV6_TCLASS'],
    ];
    for (const [name, value, text] of options) setIntOption(fd, IPPROTO_IPV6, name, value, text);
    if (this.#options.sendOnly === true) {
      // The address to send from is the lower device's: here it is nobody's.
      setIntOption(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1, 'IPV6_FREEBIND');
      setIntOption(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, ifindex, 'IPV6_MULTICAST_IF');
      return;
    }
    if (multicastGroup === undefined) return;
    setIntOption(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, ifindex, 'IPV6_MULTICAST_IF');
    const membership = Buffer.concat([multicastGroup.subarray(0, 16), int32(ifindex)]);
    setOption(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, membership, 'IPV6_ADD_MEMBERSHIP');
    const group = Buffer.alloc(SOCKADDR_BYTES);
    group.writeUInt16LE(AF_INET6, 0);
    multicastGroup.copy(group, 8, 0, 16);
    group.writeUInt32LE(ifindex, 24);
    check('bind', libc.bind(fd, group, group.length), this.#about());
  }

  #onReadable(): void {
    receiveLoop(
      () => this.#closed,
      () => {
        this.#incoming.prepare(RECEIVE_BYTES, CONTROL_BYTES);
        const bytes = libc.recvmsg(this.#fd, this.#incoming.header, 0);
        if (bytes >= 0) this.#arrivals.look();
        return bytes;
      },
      (bytes) => this.#deliver(bytes),
      this.#options.onError,
      this.#about(),
    );
  }

  #deliver(bytes: number): void {
    const message = this.#incoming;
    const controlBytes = message.header.readUInt32LE(MSG_CONTROLLEN);
    let ttl = 0;
    let stamp: number | undefined;
    let destination: Buffer = NOTHING;
    for (let offset = 0; offset + CMSG_HEADER <= controlBytes; ) {
      const length = message.control.readUInt32LE(offset);
      if (length < CMSG_HEADER) break;
      if (length >= STAMP_BYTES) stamp ??= stampIn(message.control, offset);
      if (message.control.readInt32LE(offset + 8) === IPPROTO_IPV6) {
        const type = message.control.readInt32LE(offset + 12);
        if (type === IPV6_HOPLIMIT) ttl = message.control.readInt32LE(offset + CMSG_HEADER);
        if (type === IPV6_PKTINFO) {
          destination = message.control.subarray(offset + CMSG_HEADER, offset + CMSG_HEADER + 16);
        }
      }
      offset += (length + 7) & ~7;
    }
    this.#options.onPacket({
      payload: message.data.subarray(0, bytes),
      ipHeader: NOTHING,
      source: message.name.subarray(8, 24),
      destination,
      ttl,
      protocol: this.#options.protocol,
      receivedAt: this.#arrivals.at(stamp),
    });
  }
}
