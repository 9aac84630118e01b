import { ERRNO } from './libc.js';
import type { NetlinkMessage } from './netlinkCodec.js';
import { NETLINK_ROUTE, NetlinkSocket } from './netlinkSocket.js';
import { Poller } from './poller.js';

/** Datagrams read per wake-up, so that an avalanche of changes cannot keep the loop from its timers. */
const DATAGRAMS_PER_WAKEUP = 64;
/** More than the receive buffer holds: the end of a resync even if changes arrive faster than they are dropped. */
const DATAGRAMS_PER_RESYNC = 20_000;

/** Who hears a monitor. */
export interface NetlinkListener {
  /** A change; its bytes are only lent. May close the monitor. */
  message(message: NetlinkMessage): void;
  /** Messages were lost, and those that still waited were dropped: all has to be read anew. What changes meanwhile follows. */
  overrun(): void;
  /** Something else is wrong with the socket; the monitor goes on. */
  failed(error: Error): void;
}

/** Listens to multicast groups of netlink, usually rtnetlink, on a socket of its own. */
export class NetlinkMonitor {
  readonly #socket: NetlinkSocket;
  readonly #poller: Poller;
  readonly #listener: NetlinkListener;
  #closed = false;

  /** `groups`: those of the protocol, RTNLGRP_* of linux/rtnetlink.h. Throws KernelError. */
  constructor(name: string, groups: readonly number[], listener: NetlinkListener, protocol = NETLINK_ROUTE) {
    this.#listener = listener;
    this.#socket = new NetlinkSocket(protocol, name, groups);
    this.#poller = new Poller(this.#socket.fd, name, {
      onReadable: () => this.#onReadable(),
      onError: (error) => this.#onError(error),
    });
  }

  /** Reads what waits now; false when something of it was lost. */
  drain(read: (message: NetlinkMessage) => void): boolean {
    let whole = true;
    for (let count = 0; count < DATAGRAMS_PER_RESYNC && !this.#closed; count++) {
      const received = this.#socket.receive();
      if (received.kind === 'empty') break;
      if (received.kind === 'error') whole = false;
      else for (const message of received.messages) read(message);
    }
    return whole;
  }

  close(): void {
    this.#closed = true;
    this.#poller.close();
  }

  #onReadable(): void {
    for (let count = 0; count < DATAGRAMS_PER_WAKEUP; count++) {
      // The listener may close us.
      if (this.#closed) return;
      const received = this.#socket.receive();
      if (received.kind === 'empty') return;
      if (received.kind === 'error') {
        this.#resync();
        return;
      }
      for (const message of received.messages) if (!this.#closed) this.#listener.message(message);
    }
  }

  #onError(error: Error): void {
    // The poller found the overrun before a read did; anything else is reported.
    if ('errno' in error && error.errno === ERRNO.ENOBUFS) this.#resync();
    else this.#listener.failed(error);
  }

  #resync(): void {
    if (this.#closed) return;
    for (let count = 0; count < DATAGRAMS_PER_RESYNC; count++) {
      if (this.#socket.receive().kind !== 'messages') break;
    }
    this.#listener.overrun();
  }
}
