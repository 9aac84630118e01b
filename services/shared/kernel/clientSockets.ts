/** Client sockets on one epoll instance: opened, watched, read, written and closed by the thousand. */
import { type ClientSocketOptions, openClientSocket } from './clientSocket.js';
import { EpollSet, type ReadyEvents } from './epollSet.js';
import { closeFd, ERRNO, kernelError, lastErrno, libc, stableBuffer, takeSocketError } from './libc.js';
import type { KernelError } from './ports.js';

/** The largest datagram. */
const RECEIVE_BYTES = 65_536;

/** One open socket. After `close` or `release` nothing may be called on it. */
export interface ClientSocket {
  /** The error that is waiting, taken away by asking; undefined when there is none. */
  takeError(): KernelError | undefined;
  /** Sends on a connected socket. Throws KernelError: what ICMP said about an earlier datagram, too. */
  send(bytes: Uint8Array): void;
  /** What has arrived, a copy; undefined when nothing (more) has. Throws KernelError. */
  receive(): Buffer | undefined;
  /** Gives the descriptor away, open. */
  release(): number;
  close(): void;
}

/** Opens client sockets. `failed` hears of programming errors inside the watchers. */
export class ClientSockets {
  readonly #failed: (error: Error) => void;
  #set: EpollSet | undefined;
  #buffer: Buffer | undefined;

  constructor(failed: (error: Error) => void) {
    this.#failed = failed;
  }

  /** Opens and connects a socket (see `openClientSocket`). Throws KernelError. */
  open(options: ClientSocketOptions, watcher: (ready: ReadyEvents) => void): ClientSocket {
    this.#set ??= new EpollSet(this.#failed);
    const set = this.#set;
    const fd = openClientSocket(options);
    try {
      set.add(fd, watcher);
    } catch (error) {
      closeFd(fd);
      throw error;
    }
    return new OpenSocket(fd, set, this.#receiveBuffer);
  }

  readonly #receiveBuffer = (): Buffer => {
    this.#buffer ??= stableBuffer(RECEIVE_BYTES);
    return this.#buffer;
  };
}

class OpenSocket implements ClientSocket {
  readonly #fd: number;
  readonly #set: EpollSet;
  readonly #buffer: () => Buffer;

  constructor(fd: number, set: EpollSet, buffer: () => Buffer) {
    this.#fd = fd;
    this.#set = set;
    this.#buffer = buffer;
  }

  takeError(): KernelError | undefined {
    const errno = takeSocketError(this.#fd);
    return errno === 0 ? undefined : kernelError('connect', errno, '');
  }

  send(bytes: Uint8Array): void {
    if (libc.send(this.#fd, Buffer.from(bytes), bytes.length, 0) < 0) throw kernelError('send', lastErrno(), '');
  }

  receive(): Buffer | undefined {
    const buffer = this.#buffer();
    const count = libc.recv(this.#fd, buffer, RECEIVE_BYTES, 0);
    if (count >= 0) return Buffer.from(buffer.subarray(0, count));
    const errno = lastErrno();
    if (errno === ERRNO.EAGAIN || errno === ERRNO.EINTR) return undefined;
    throw kernelError('recv', errno, '');
  }

  release(): number {
    this.#set.remove(this.#fd);
    return this.#fd;
  }

  close(): void {
    this.#set.removeAndClose(this.#fd);
  }
}
