/**
 * Many descriptors behind one epoll instance, which itself is one descriptor on Node's event loop. For thousands of short-lived
 * sockets a second: adding one costs one system call, where a handle of Node costs several times that.
 *
 * Edge triggered: an owner hears of every change once and reads or writes until EAGAIN.
 */
import { check, closeFd, ERRNO, kernelError, lastErrno, libc, stableBuffer } from './libc.js';
import { Poller } from './poller.js';

// sys/epoll.h
const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 0x001;
const EPOLLOUT = 0x004;
const EPOLLERR = 0x008;
const EPOLLHUP = 0x010;
const EPOLLRDHUP = 0x2000;
const EPOLLET = 0x8000_0000;

/** struct epoll_event: packed on x86-64 only. */
const DATA_OFFSET = process.arch === 'x64' ? 4 : 8;
const EVENT_BYTES = DATA_OFFSET + 8;
/** Events told in one turn of the event loop: the rest waits for the next one, so that others get their turn in between. */
const EVENTS_AT_ONCE = 64;

/** What happened to a descriptor. */
export interface ReadyEvents {
  readonly readable: boolean;
  readonly writable: boolean;
  /** The socket has an error (SO_ERROR). */
  readonly failed: boolean;
  /** The peer has closed its side, or both sides are closed. */
  readonly ended: boolean;
}

type Watcher = (ready: ReadyEvents) => void;

/** An epoll instance that owns nothing but itself: descriptors belong to those who add them. */
export class EpollSet {
  readonly #fd: number;
  readonly #poller: Poller;
  readonly #watchers = new Map<number, Watcher>();
  readonly #events = stableBuffer(EVENT_BYTES * EVENTS_AT_ONCE);
  readonly #event = Buffer.alloc(EVENT_BYTES);
  readonly #failed: (error: Error) => void;

  /** `failed` hears what a watcher threw, and errors of the instance itself. Throws KernelError (EMFILE). */
  constructor(failed: (error: Error) => void) {
    this.#failed = failed;
    this.#fd = check('epoll_create1', libc.epoll_create1(EPOLL_CLOEXEC), '');
    this.#poller = new Poller(this.#fd, 'epoll', { onReadable: () => this.#wait(), onError: failed });
    this.#poller.unref();
  }

  /** Watches a descriptor for all that can happen to it. Throws KernelError. */
  add(fd: number, watcher: Watcher): void {
    this.#event.fill(0);
    this.#event.writeUInt32LE((EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET) >>> 0, 0);
    this.#event.writeInt32LE(fd, DATA_OFFSET);
    check('epoll_ctl', libc.epoll_ctl(this.#fd, EPOLL_CTL_ADD, fd, this.#event), `descriptor ${fd}`);
    this.#watchers.set(fd, watcher);
  }

  /** Stops watching a descriptor that lives on. */
  remove(fd: number): void {
    if (this.#watchers.delete(fd)) libc.epoll_ctl(this.#fd, EPOLL_CTL_DEL, fd, null);
  }

  /** Stops watching a descriptor and closes it: the kernel takes a closed descriptor out by itself. */
  removeAndClose(fd: number): void {
    this.#watchers.delete(fd);
    closeFd(fd);
  }

  close(): void {
    this.#poller.close();
    this.#watchers.clear();
  }

  #wait(): void {
    for (;;) {
      const count = libc.epoll_wait(this.#fd, this.#events, EVENTS_AT_ONCE, 0);
      if (count < 0) {
        const errno = lastErrno();
        if (errno === ERRNO.EINTR) continue;
        throw kernelError('epoll_wait', errno, '');
      }
      for (let index = 0; index < count; index++) this.#tell(index * EVENT_BYTES);
      return;
    }
  }

  #tell(offset: number): void {
    const mask = this.#events.readUInt32LE(offset);
    // A watcher may have closed another one's descriptor since: that one is not told any more.
    const watcher = this.#watchers.get(this.#events.readInt32LE(offset + DATA_OFFSET));
    if (watcher === undefined) return;
    try {
      watcher({
        readable: (mask & EPOLLIN) !== 0,
        writable: (mask & EPOLLOUT) !== 0,
        failed: (mask & EPOLLERR) !== 0,
        ended: (mask & (EPOLLHUP | EPOLLRDHUP)) !== 0,
      });
    } catch (error) {
      this.#failed(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
