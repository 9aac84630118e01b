/**
 * UDP sockets for protocols that want to know the hop count of what they receive: a listener on a port for all addresses
 * of a family, and senders with a source port and hop count of their own. For BFD (RFC 5881).
 */
import type { Clock } from '../time/clock.js';
import type { Instant } from '../time/duration.js';
import {
  addressOf,
  check,
  closeFd,
  ERRNO,
  kernelError,
  libc,
  openSocket,
  setIntOption,
  setReceiveBuffer,
  stableBuffer,
} from './libc.js';
import { Poller } from './poller.js';
import { receiveLoop, TOS_NETWORK_CONTROL } from './vrrpSocketOptions.js';

// bits/socket.h, linux/in.h, linux/in6.h
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const IPPROTO_IP = 0;
const IPPROTO_IPV6 = 41;
const IP_TOS = 1;
const IP_TTL = 2;
const IP_PKTINFO = 8;
const IP_RECVTTL = 12;
const IPV6_UNICAST_HOPS = 16;
const IPV6_V6ONLY = 26;
const IPV6_RECVPKTINFO = 49;
const IPV6_PKTINFO = 50;
const IPV6_RECVHOPLIMIT = 51;
const IPV6_HOPLIMIT = 52;
const IPV6_TCLASS = 67;

const RECEIVE_BYTES = 2048;
const CONTROL_BYTES = 256;
const RECEIVE_BUFFER_BYTES = 1024 * 1024;
const SOCKADDR_IN_BYTES = 16;
const SOCKADDR_IN6_BYTES = 28;
// struct msghdr and struct cmsghdr, 64 bit: as in vrrpSocket6.ts
const MSGHDR_BYTES = 56;
const MSG_NAMELEN = 8;
const MSG_IOV = 16;
const MSG_IOVLEN = 24;
const MSG_CONTROL = 32;
const MSG_CONTROLLEN = 40;
const CMSG_HEADER = 16;
const NOTHING = Buffer.alloc(0);

/** One received datagram. The Buffers are views of a reused buffer: valid only during the call. */
export interface UdpDatagram {
  readonly payload: Buffer;
  /** Address bytes, 4 or 16. */
  readonly source: Buffer;
  readonly sourcePort: number;
  readonly destination: Buffer;
  /** TTL or hop limit. */
  readonly ttl: number;
  readonly receivedAt: Instant;
}

export interface UdpListenerOptions {
  readonly family: 4 | 6;
  readonly port: number;
  /** Called once per datagram, never re-entered; must not throw. */
  readonly onDatagram: (datagram: UdpDatagram) => void;
  readonly onError: (error: Error) => void;
}

export interface UdpSenderOptions {
  /** Own address, 4 or 16 bytes; undefined: the kernel chooses. */
  readonly source: Uint8Array | undefined;
  readonly family: 4 | 6;
  readonly sourcePort: number;
  /** TTL or hop limit. */
  readonly ttl: number;
}

/** Receives what is sent to a port. */
export interface UdpListener {
  close(): void;
}

/** Sends datagrams. */
export interface UdpSender {
  /** Never waits. Throws KernelError: ENETUNREACH, EHOSTUNREACH, EPERM by a firewall, … */
  send(payload: Buffer, destination: Uint8Array, port: number): void;
  close(): void;
}

/** Opens a listener on all addresses. Throws KernelError: EADDRINUSE when another process has the port. */
export function openUdpListener(options: UdpListenerOptions, clock: Clock): UdpListener {
  return new SystemUdpListener(options, clock);
}

/** Opens a sender. Throws KernelError: EADDRINUSE, EADDRNOTAVAIL when the machine has no such address. */
export function openUdpSender({ source, family, sourcePort, ttl }: UdpSenderOptions): UdpSender {
  const about = `UDP port ${sourcePort}`;
  const fd = openSocket(family === 4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0, about);
  try {
    if (family === 4) {
      setIntOption(fd, IPPROTO_IP, IP_TTL, ttl, 'IP_TTL');
      setIntOption(fd, IPPROTO_IP, IP_TOS, TOS_NETWORK_CONTROL, 'IP_TOS');
    } else {
      setIntOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, 'IPV6_V6ONLY');
      setIntOption(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl, 'IPV6_UNICAST_HOPS');
      setIntOption(fd, IPPROTO_IPV6, IPV6_TCLASS, TOS_NETWORK_CONTROL, 'IPV6_TCLASS');
    }
    const address = socketAddress(family, source, sourcePort);
    check('bind', libc.bind(fd, address, address.length), about);
  } catch (error) {
    closeFd(fd);
    throw error;
  }
  let closed = false;
  return {
    send(payload, destination, port) {
      if (closed) throw kernelError('sendto', ERRNO.EBADF, `${about} is closed`);
      const address = socketAddress(family, destination, port);
      check('sendto', libc.sendto(fd, payload, payload.length, 0, address, address.length), about);
    },
    close() {
      if (closed) return;
      closed = true;
      closeFd(fd);
    },
  };
}

/** struct sockaddr_in or sockaddr_in6. */
function socketAddress(family: 4 | 6, bytes: Uint8Array | undefined, port: number): Buffer {
  const address = Buffer.alloc(family === 4 ? SOCKADDR_IN_BYTES : SOCKADDR_IN6_BYTES);
  address.writeUInt16LE(family === 4 ? AF_INET : AF_INET6, 0);
  address.writeUInt16BE(port, 2);
  if (bytes !== undefined) address.set(bytes, family === 4 ? 4 : 8);
  return address;
}

class SystemUdpListener implements UdpListener {
  readonly #options: UdpListenerOptions;
  readonly #clock: Clock;
  readonly #fd: number;
  readonly #poller: Poller;
  readonly #data = stableBuffer(RECEIVE_BYTES);
  readonly #name = stableBuffer(SOCKADDR_IN6_BYTES);
  readonly #control = stableBuffer(CONTROL_BYTES);
  readonly #vector = stableBuffer(16);
  readonly #header = stableBuffer(MSGHDR_BYTES);
  #closed = false;

  constructor(options: UdpListenerOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    const { family, port } = options;
    const about = this.#about();
    this.#fd = openSocket(family === 4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0, about);
    try {
      if (family === 4) {
        setIntOption(this.#fd, IPPROTO_IP, IP_RECVTTL, 1, 'IP_RECVTTL');
        setIntOption(this.#fd, IPPROTO_IP, IP_PKTINFO, 1, 'IP_PKTINFO');
      } else {
        setIntOption(this.#fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, 'IPV6_V6ONLY');
        setIntOption(this.#fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1, 'IPV6_RECVHOPLIMIT');
        setIntOption(this.#fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, 'IPV6_RECVPKTINFO');
      }
      setReceiveBuffer(this.#fd, RECEIVE_BUFFER_BYTES);
      const address = socketAddress(family, undefined, port);
      check('bind', libc.bind(this.#fd, address, address.length), about);
      this.#header.writeBigUInt64LE(addressOf(this.#name), 0);
      this.#header.writeBigUInt64LE(addressOf(this.#vector), MSG_IOV);
      this.#header.writeUInt32LE(1, MSG_IOVLEN);
      this.#header.writeBigUInt64LE(addressOf(this.#control), MSG_CONTROL);
      this.#vector.writeBigUInt64LE(addressOf(this.#data), 0);
      this.#vector.writeUInt32LE(RECEIVE_BYTES, 8);
      this.#poller = new Poller(this.#fd, about, {
        onReadable: () => this.#onReadable(),
        onError: options.onError,
      });
    } catch (error) {
      closeFd(this.#fd);
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    this.#poller.close();
  }

  #about(): string {
    return `UDP port ${this.#options.port}, IPv${this.#options.family}`;
  }

  #onReadable(): void {
    receiveLoop(
      () => this.#closed,
      () => {
        this.#header.writeUInt32LE(this.#name.length, MSG_NAMELEN);
        this.#header.writeUInt32LE(CONTROL_BYTES, MSG_CONTROLLEN);
        return libc.recvmsg(this.#fd, this.#header, 0);
      },
      (bytes) => this.#deliver(bytes),
      this.#options.onError,
      this.#about(),
    );
  }

  #deliver(bytes: number): void {
    const { family, onDatagram } = this.#options;
    const controlBytes = this.#header.readUInt32LE(MSG_CONTROLLEN);
    let ttl = 0;
    let destination: Buffer = NOTHING;
    for (let offset = 0; offset + CMSG_HEADER <= controlBytes; ) {
      const length = this.#control.readUInt32LE(offset);
      if (length < CMSG_HEADER) break;
      const level = this.#control.readInt32LE(offset + 8);
      const type = this.#control.readInt32LE(offset + 12);
      const data = offset + CMSG_HEADER;
      if (level === IPPROTO_IP) {
        if (type === IP_TTL) ttl = this.#control.readInt32LE(data);
        // struct in_pktinfo: interface index, local address, destination address of the header.
        if (type === IP_PKTINFO) destination = this.#control.subarray(data + 8, data + 12);
      } else if (level === IPPROTO_IPV6) {
        if (type === IPV6_HOPLIMIT) ttl = this.#control.readInt32LE(data);
        if (type === IPV6_PKTINFO) destination = this.#control.subarray(data, data + 16);
      }
      offset += (length + 7) & ~7;
    }
    onDatagram({
      payload: this.#data.subarray(0, bytes),
      source: family === 4 ? this.#name.subarray(4, 8) : this.#name.subarray(8, 24),
      sourcePort: this.#name.readUInt16BE(2),
      destination,
      ttl,
      receivedAt: this.#clock.now(),
    });
  }
}
