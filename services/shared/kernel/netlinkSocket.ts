import {
  check,
  closeFd,
  ERRNO,
  int32,
  kernelError,
  lastErrno,
  libc,
  openSocket,
  setIntOption,
  setOption,
  setReceiveBuffer,
  stableBuffer,
} from './libc.js';
import {
  type Acknowledgement,
  clearFlags,
  decodeAcknowledgement,
  decodeMessages,
  type NetlinkMessage,
  NLM_F_ACK,
  NLM_F_DUMP_INTR,
  NLMSG_DONE,
  NLMSG_ERROR,
} from './netlinkCodec.js';
import type { KernelResult } from './ports.js';

// linux/netlink.h, bits/socket.h
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
export const NETLINK_ROUTE = 0;
const MSG_TRUNC = 0x20;

const RECEIVE_BUFFER = 4 * 1024 * 1024;
/** Larger than any datagram the kernel builds (32 KiB in dumps). */
const DATAGRAM_BYTES = 65_536;
/**
 * Requests per send. The acknowledgements of one send wait in the receive buffer together: 128 fit even into the default
 * buffer of a process that may not enlarge it, and more per send gains nothing measurable.
 */
const REQUESTS_PER_SEND = 128;
const DUMP_TRIES = 5;
const LAST_SEQUENCE = 0x7fff_ffff;

/** What receiving gave: messages, nothing waiting, or an errno. */
export type Received =
  | { readonly kind: 'messages'; readonly messages: NetlinkMessage[] }
  | { readonly kind: 'empty' }
  | { readonly kind: 'error'; readonly errno: number };

/** Encodes one request under the sequence number it is given. */
export type Request = (sequence: number) => Buffer;

/**
 * A netlink socket that never blocks: the kernel works through a request, and fills a dump, inside the system call.
 * Requests and multicast groups belong on separate sockets, or a notification is taken for an answer.
 */
export class NetlinkSocket {
  readonly fd: number;
  readonly #name: string;
  readonly #datagram = stableBuffer(DATAGRAM_BYTES);
  readonly #sender = stableBuffer(12);
  readonly #senderLength = int32(12);
  #sequence = 0;
  #closed = false;

  /** `protocol` is NETLINK_ROUTE, …; `groups` are group numbers (RTNLGRP_*). Throws KernelError. */
  constructor(protocol: number, name: string, groups: readonly number[] = []) {
    this.#name = name;
    this.fd = openSocket(AF_NETLINK, SOCK_RAW, protocol, name);
    try {
      setReceiveBuffer(this.fd, RECEIVE_BUFFER);
      setIntOption(this.fd, SOL_NETLINK, NETLINK_CAP_ACK, 1, 'NETLINK_CAP_ACK');
      setIntOption(this.fd, SOL_NETLINK, NETLINK_EXT_ACK, 1, 'NETLINK_EXT_ACK');
      const address = Buffer.alloc(12);
      address.writeUInt16LE(AF_NETLINK, 0);
      check('bind', libc.bind(this.fd, address, address.length), name);
      for (const group of groups) {
        setOption(this.fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, int32(group), 'NETLINK_ADD_MEMBERSHIP');
      }
    } catch (error) {
      closeFd(this.fd);
      throw error;
    }
  }

  /** Closes the descriptor; not for a socket that a Poller owns. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeFd(this.fd);
  }

  /** Reads one datagram. The messages are views of a reused buffer: valid until the next call. */
  receive(): Received {
    for (;;) {
      this.#senderLength.writeInt32LE(12, 0);
      const bytes = libc.recvfrom(this.fd, this.#datagram, DATAGRAM_BYTES, MSG_TRUNC, this.#sender, this.#senderLength);
      if (bytes < 0) {
        const errno = lastErrno();
        if (errno === ERRNO.EINTR) continue;
        return errno === ERRNO.EAGAIN ? { kind: 'empty' } : { kind: 'error', errno };
      }
      // Part of a datagram is as good as a lost one.
      if (bytes > DATAGRAM_BYTES) return { kind: 'error', errno: ERRNO.ENOBUFS };
      // Port 0 is the kernel; another process may write to us too, and is not believed.
      if (this.#sender.readUInt32LE(4) !== 0) continue;
      return { kind: 'messages', messages: decodeMessages(this.#datagram.subarray(0, bytes)) };
    }
  }

  /**
   * Sends requests that each ask for an acknowledgement; returns one result each, in order. Only the last request of a send
   * really asks: the kernel works through them in order and answers a failed one unasked, so silence is success.
   */
  batch(operation: string, requests: readonly Request[], about: (index: number) => string): KernelResult[] {
    const results: KernelResult[] = [];
    for (let start = 0; start < requests.length; start += REQUESTS_PER_SEND) {
      const part = requests.slice(start, start + REQUESTS_PER_SEND);
      this.#batchPart(operation, part, (index) => about(start + index), results);
    }
    return results;
  }

  /**
   * Asks for a dump and hands `read` every message of it. A dump that a change disturbed is repeated: `restart` is called
   * before each attempt. Throws KernelError.
   */
  dump(operation: string, request: Request, restart: () => void, read: (message: NetlinkMessage) => void): void {
    for (let attempt = 1; ; attempt++) {
      restart();
      const consistent = this.#dumpOnce(operation, request, read);
      // After several disturbed attempts take what there is: the monitor tells the changes.
      if (consistent || attempt === DUMP_TRIES) return;
    }
  }

  #dumpOnce(operation: string, request: Request, read: (message: NetlinkMessage) => void): boolean {
    const sequence = this.#nextSequence();
    this.#send(operation, request(sequence));
    let consistent = true;
    for (;;) {
      const received = this.receive();
      if (received.kind === 'error') throw kernelError(operation, received.errno, this.#name);
      if (received.kind === 'empty') throw kernelError(operation, ERRNO.EPROTO, `${this.#name}: the dump broke off`);
      for (const message of received.messages) {
        // Left over from a request that was given up.
        if (message.sequence !== sequence) continue;
        if ((message.flags & NLM_F_DUMP_INTR) !== 0) consistent = false;
        if (message.type !== NLMSG_DONE && message.type !== NLMSG_ERROR) {
          read(message);
          continue;
        }
        const { errno, text } = decodeAcknowledgement(message);
        if (errno > 0) throw kernelError(operation, errno, text ?? this.#name);
        return consistent;
      }
    }
  }

  #batchPart(
    operation: string,
    requests: readonly Request[],
    about: (index: number) => string,
    results: KernelResult[],
  ): void {
    // One part's numbers follow each other.
    if (this.#sequence > LAST_SEQUENCE - REQUESTS_PER_SEND) this.#sequence = 0;
    const first = this.#sequence + 1;
    const answers = new Array<Acknowledgement | undefined>(requests.length).fill(undefined);
    const messages = requests.map((request) => request(this.#nextSequence()));
    for (const message of messages.slice(0, -1)) clearFlags(message, NLM_F_ACK);
    this.#send(operation, Buffer.concat(messages));
    let lost: number = ERRNO.EPROTO;
    let answersDropped = false;
    while (answers.at(-1) === undefined) {
      const received = this.receive();
      if (received.kind === 'empty') break;
      if (received.kind === 'error') {
        // ENOBUFS: answers were dropped, those that fit are still there. The requests themselves were executed.
        lost = received.errno;
        answersDropped = true;
        if (lost !== ERRNO.ENOBUFS) break;
        continue;
      }
      for (const message of received.messages) {
        const index = message.sequence - first;
        if (message.type !== NLMSG_ERROR || index < 0 || index >= requests.length) continue;
        answers[index] = decodeAcknowledgement(message);
      }
    }
    const silenceIsSuccess = answers.at(-1) !== undefined && !answersDropped;
    for (const [index, answer] of answers.entries()) {
      if (answer?.errno === 0 || (answer === undefined && silenceIsSuccess)) results.push({ ok: true });
      else if (answer === undefined) results.push({ ok: false, error: kernelError(operation, lost, about(index)) });
      else {
        const detail = answer.text === undefined ? about(index) : `${about(index)}: ${answer.text}`;
        results.push({ ok: false, error: kernelError(operation, answer.errno, detail) });
      }
    }
  }

  #nextSequence(): number {
    // Never 0, which notifications carry.
    this.#sequence = this.#sequence >= LAST_SEQUENCE ? 1 : this.#sequence + 1;
    return this.#sequence;
  }

  #send(operation: string, bytes: Buffer): void {
    // The number may by now belong to somebody else's descriptor.
    if (this.#closed) throw kernelError(operation, ERRNO.EBADF, `${this.#name} is closed`);
    check(operation, libc.sendto(this.fd, bytes, bytes.length, 0, null, 0), this.#name);
  }
}
