import { STAMP_BYTES, stampIn } from './arrivalClock.js';
import { addressOf, libc, stableBuffer } from './libc.js';

/** Packets taken with one system call. */
const BATCH = 16;
/** The largest IP packet: nothing is ever truncated. Pages that are never written take no memory. */
const PACKET_BYTES = 65_536;
// struct mmsghdr (64 bit): struct msghdr of 56 bytes, bytes received (32 bit), padding.
const MMSGHDR_BYTES = 64;
const MSG_IOV = 16;
const MSG_IOVLEN = 24;
const MSG_CONTROL = 32;
const MSG_CONTROLLEN = 40;
const RECEIVED = 56;
const IOVEC_BYTES = 16;
const VECTOR_LENGTH = 8;

/** One place for a packet; the views are made when they are needed, and again only when the size changes. */
class Place {
  readonly bytes: Buffer;
  readonly source: Buffer;
  readonly destination: Buffer;
  ipHeader: Buffer;
  payload: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.source = bytes.subarray(12, 16);
    this.destination = bytes.subarray(16, 20);
    this.ipHeader = bytes.subarray(0, 0);
    this.payload = this.ipHeader;
  }

  /** Divides a packet of so many bytes into header and payload. */
  divide(length: number, headerBytes: number): void {
    if (this.ipHeader.length === headerBytes && this.payload.length === length - headerBytes) return;
    this.ipHeader = this.bytes.subarray(0, headerBytes);
    this.payload = this.bytes.subarray(headerBytes, length);
  }
}

/** Takes IPv4 packets from a raw socket, several with one recvmmsg(2). */
export class PacketBatch {
  readonly size = BATCH;
  readonly #headers = stableBuffer(BATCH * MMSGHDR_BYTES);
  readonly #vectors = stableBuffer(BATCH * IOVEC_BYTES);
  readonly #memory = stableBuffer(BATCH * PACKET_BYTES);
  readonly #stamps = stableBuffer(BATCH * STAMP_BYTES);
  readonly #places: readonly Place[];
  /** Messages whose control length the kernel has changed. */
  #used = BATCH;

  constructor() {
    const vectors = addressOf(this.#vectors);
    const memory = addressOf(this.#memory);
    const stamps = addressOf(this.#stamps);
    this.#places = Array.from({ length: BATCH }, (_, index) => {
      this.#headers.writeBigUInt64LE(vectors + BigInt(index * IOVEC_BYTES), index * MMSGHDR_BYTES + MSG_IOV);
      this.#headers.writeUInt32LE(1, index * MMSGHDR_BYTES + MSG_IOVLEN);
      this.#headers.writeBigUInt64LE(stamps + BigInt(index * STAMP_BYTES), index * MMSGHDR_BYTES + MSG_CONTROL);
      this.#vectors.writeBigUInt64LE(memory + BigInt(index * PACKET_BYTES), index * IOVEC_BYTES);
      this.#vectors.writeUInt32LE(PACKET_BYTES, index * IOVEC_BYTES + VECTOR_LENGTH);
      return new Place(this.#memory.subarray(index * PACKET_BYTES, (index + 1) * PACKET_BYTES));
    });
  }

  /** How many packets were there, at most {@link size}; negative: errno says why there is none. */
  receive(fd: number): number {
    for (let index = 0; index < this.#used; index++)
      this.#headers.writeUInt32LE(STAMP_BYTES, index * MMSGHDR_BYTES + MSG_CONTROLLEN);
    const taken = libc.recvmmsg(fd, this.#headers, BATCH, 0, null);
    this.#used = Math.max(0, taken);
    return taken;
  }

  /** The packet at a place of those just received, and its bytes. */
  place(index: number): Place | undefined {
    return this.#places[index];
  }

  /** When that packet came, as {@link stampIn}; undefined when its socket does not want that noted. */
  stampAt(index: number): number | undefined {
    const there = this.#headers.readUInt32LE(index * MMSGHDR_BYTES + MSG_CONTROLLEN) >= STAMP_BYTES;
    return there ? stampIn(this.#stamps, index * STAMP_BYTES) : undefined;
  }

  lengthAt(index: number): number {
    return this.#headers.readUInt32LE(index * MMSGHDR_BYTES + RECEIVED);
  }
}

let shared: PacketBatch | undefined;

/** The one batch of the process: a packet is dealt with before the next is read, whoever reads it. */
export function packetBatch(): PacketBatch {
  shared ??= new PacketBatch();
  return shared;
}
