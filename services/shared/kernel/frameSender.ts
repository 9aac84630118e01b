import { addressOf, closeFd, ERRNO, kernelError, lastErrno, libc, openSocket, stableBuffer } from './libc.js';
import type { FrameSender } from './ports.js';

// bits/socket.h, linux/if_packet.h
const AF_PACKET = 17;
const SOCK_RAW = 3;

const BATCH = 128;
const MMSGHDR_BYTES = 64;
const MSG_NAMELEN = 8;
const MSG_IOV = 16;
const MSG_IOVLEN = 24;
const IOVEC_BYTES = 16;
/** struct sockaddr_ll: family, protocol, ifindex, hatype, pkttype, halen, address (8). */
const SOCKADDR_BYTES = 20;
/** Destination, source, EtherType. */
const ETHERNET_HEADER = 14;
const FIRST_SLOT_BYTES = 128;

/**
 * Sends Ethernet frames as they are, source address included, through one AF_PACKET socket for all interfaces.
 * Headers and frame memory are laid out once; a frame is one copy, a batch of 128 one system call. The socket has
 * protocol 0: it never receives anything.
 */
export class PacketFrameSender implements FrameSender {
  readonly #fd: number;
  readonly #headers = stableBuffer(BATCH * MMSGHDR_BYTES);
  readonly #vectors = stableBuffer(BATCH * IOVEC_BYTES);
  readonly #addresses = stableBuffer(BATCH * SOCKADDR_BYTES);
  #slotBytes = 0;
  #frames = stableBuffer(0);
  #closed = false;

  /** Throws KernelError: EPERM without CAP_NET_RAW. */
  constructor() {
    this.#fd = openSocket(AF_PACKET, SOCK_RAW, 0, 'AF_PACKET');
    const addresses = addressOf(this.#addresses);
    const vectors = addressOf(this.#vectors);
    for (let index = 0; index < BATCH; index++) {
      const header = index * MMSGHDR_BYTES;
      this.#headers.writeBigUInt64LE(addresses + BigInt(index * SOCKADDR_BYTES), header);
      this.#headers.writeUInt32LE(SOCKADDR_BYTES, header + MSG_NAMELEN);
      this.#headers.writeBigUInt64LE(vectors + BigInt(index * IOVEC_BYTES), header + MSG_IOV);
      this.#headers.writeUInt32LE(1, header + MSG_IOVLEN);
      this.#addresses.writeUInt16LE(AF_PACKET, index * SOCKADDR_BYTES);
      this.#addresses[index * SOCKADDR_BYTES + 11] = 6;
    }
    this.#makeSlots(FIRST_SLOT_BYTES);
  }

  send(ifindex: number, frames: readonly Buffer[]): number {
    if (this.#closed) throw kernelError('sendmmsg', ERRNO.EBADF, 'the frame sender is closed');
    let sent = 0;
    while (sent < frames.length) {
      const count = Math.min(BATCH, frames.length - sent);
      this.#fill(ifindex, frames, sent, count);
      const taken = libc.sendmmsg(this.#fd, this.#headers, count, 0);
      if (taken < 0) {
        const errno = lastErrno();
        if (errno === ERRNO.EINTR) continue;
        // What was taken is on its way: the caller learns how many, and meets the error if it sends the rest.
        if (sent > 0) return sent;
        throw kernelError('sendmmsg', errno, `${frames.length} frames on interface ${ifindex}`);
      }
      sent += taken;
    }
    return sent;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeFd(this.#fd);
  }

  #fill(ifindex: number, frames: readonly Buffer[], first: number, count: number): void {
    for (let index = 0; index < count; index++) {
      const length = frames[first + index]?.length ?? 0;
      if (length < ETHERNET_HEADER) throw new RangeError(`a frame of ${length} bytes has no Ethernet header`);
      if (length > this.#slotBytes) this.#makeSlots(length);
    }
    for (let index = 0; index < count; index++) {
      const frame = frames[first + index];
      if (frame === undefined) continue;
      frame.copy(this.#frames, index * this.#slotBytes);
      this.#vectors.writeUInt32LE(frame.length, index * IOVEC_BYTES + 8);
      const address = index * SOCKADDR_BYTES;
      // EtherType and destination once more: queueing disciplines and drivers look here.
      frame.copy(this.#addresses, address + 2, 12, 14);
      this.#addresses.writeInt32LE(ifindex, address + 4);
      frame.copy(this.#addresses, address + 12, 0, 6);
    }
  }

  #makeSlots(bytes: number): void {
    this.#slotBytes = (bytes + 7) & ~7;
    this.#frames = stableBuffer(BATCH * this.#slotBytes);
    const base = addressOf(this.#frames);
    for (let index = 0; index < BATCH; index++) {
      this.#vectors.writeBigUInt64LE(base + BigInt(index * this.#slotBytes), index * IOVEC_BYTES);
    }
  }
}
