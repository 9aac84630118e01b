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
    return {
      takeError: () => {
        const errno = takeSocketError(fd);
        return errno === 0 ? undefined : kernelError('connect', errno, '');
      },
      send: (bytes) => {
        if (libc.send(fd, Buffer.from(bytes), bytes.length, 0) < 0) throw kernelError('send', lastErrno(), '');
      },
      receive: () => this.#receive(fd),
      release: () => {
        set.remove(fd);
        return fd;
      },
      close: () => set.removeAndClose(fd),
    };
  }

  #receive(fd: number): Buffer | undefined {
    this.#buffer ??= stableBuffer(RECEIVE_BYTES);
    const count = libc.recv(fd, this.#buffer, RECEIVE_BYTES, 0);
    if (count >= 0) return Buffer.from(this.#buffer.subarray(0, count));
    const errno = lastErrno();
    if (errno === ERRNO.EAGAIN || errno === ERRNO.EINTR) return undefined;
    throw kernelError('recv', errno, '');
  }
}
