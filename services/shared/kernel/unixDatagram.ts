import { closeFd, ERRNO, kernelError, lastErrno, libc, openSocket } from './libc.js';

// bits/socket.h, sys/un.h
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const MSG_NOSIGNAL = 0x4000;
const SUN_PATH_BYTES = 108;

/**
 * Sends datagrams to Unix sockets by path (`/dev/log`, `/run/systemd/journal/socket`) or abstract name (`@name`), never
 * waiting: a receiver that does not keep up costs messages, not time.
 *
 * Not connected, so a receiver that is restarted under the same path is found again.
 */
export class UnixDatagramSender {
  readonly #fd: number;
  #closed = false;

  /** Throws KernelError. */
  constructor() {
    this.#fd = openSocket(AF_UNIX, SOCK_DGRAM, 0, 'unix datagram');
  }

  /** Sends one datagram. Throws KernelError: ENOENT or ECONNREFUSED without receiver, EAGAIN when it is full, EMSGSIZE. */
  send(path: string, bytes: Buffer): void {
    if (this.#closed) throw kernelError('sendto', ERRNO.EBADF, 'the datagram socket is closed');
    const address = unixAddress(path);
    const sent = libc.sendto(this.#fd, bytes, bytes.length, MSG_NOSIGNAL, address, address.length);
    if (sent < 0) throw kernelError('sendto', lastErrno(), path);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeFd(this.#fd);
  }
}

/** struct sockaddr_un of exactly the needed length: a longer one would name another abstract socket (unix(7)). */
export function unixAddress(path: string): Buffer {
  const abstract = path.startsWith('@');
  const name = Buffer.from(abstract ? `\0${path.slice(1)}` : `${path}\0`);
  if (name.length > SUN_PATH_BYTES) {
    throw new RangeError(`socket path of ${name.length} bytes, the kernel takes ${SUN_PATH_BYTES}: ${path}`);
  }
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX, 0);
  return Buffer.concat([family, name]);
}

/** Sends one ready-made syslog or journal datagram. Throws as `UnixDatagramSender.send`. */
export function sendSyslog(path: string, bytes: Buffer): void {
  const sender = new UnixDatagramSender();
  try {
    sender.send(path, bytes);
  } finally {
    sender.close();
  }
}

/**
 * Tells the service manager (sd_notify(3)), e.g. `READY=1`, at the socket named by `NOTIFY_SOCKET`.
 * False when there is no service manager to tell. Throws as `UnixDatagramSender.send`.
 */
export function notifyServiceManager(state: string, notifySocket: string | undefined): boolean {
  if (notifySocket === undefined || notifySocket === '') return false;
  sendSyslog(notifySocket, Buffer.from(state));
  return true;
}
