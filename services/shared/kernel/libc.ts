/**
 * The C library as this folder uses it: every native function is declared here and nowhere else.
 *
 * koffi is loaded on the first call (about 12 ms and 5 MB), and each function is declared on its first use, so importing
 * this module costs nothing and a service pays only for what it calls.
 *
 * All calls are synchronous on the main thread: only calls that cannot block belong here.
 */
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import type koffiModule from 'koffi';
import { KernelError } from './ports.js';

type Koffi = typeof koffiModule;

// asm-generic values, the same on every architecture koffi and Node share (x64, arm64, riscv64, loong64).
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
/** asm-generic/socket.h */
export const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;

let loaded: { readonly koffi: Koffi; readonly library: ReturnType<Koffi['load']> } | undefined;

function native(): NonNullable<typeof loaded> {
  if (loaded === undefined) {
    // Not an `import`: that would load the native library with the module, in services that may never need it.
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    loaded = { koffi, library: koffi.load(null) };
  }
  return loaded;
}

/** koffi itself, for `node.poll`. */
export const koffi = (): Koffi => native().koffi;

/** Pointers are passed as Buffers; the kernel may use their memory only until the call returns. */
interface LibcFunctions {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Buffer, length: number): number;
  setsockopt(fd: number, level: number, name: number, value: Buffer, length: number): number;
  getsockopt(fd: number, level: number, name: number, value: Buffer, length: Buffer): number;
  getsockname(fd: number, address: Buffer, length: Buffer): number;
  recv(fd: number, buffer: Buffer, length: number, flags: number): number;
  recvfrom(fd: number, buffer: Buffer, length: number, flags: number, address: Buffer, addressLength: Buffer): number;
  recvmsg(fd: number, message: Buffer, flags: number): number;
  recvmmsg(fd: number, messages: Buffer, count: number, flags: number, timeout: null): number;
  sendto(
    fd: number,
    buffer: Buffer,
    length: number,
    flags: number,
    address: Buffer | null,
    addressLength: number,
  ): number;
  sendmsg(fd: number, message: Buffer, flags: number): number;
  sendmmsg(fd: number, messages: Buffer, count: number, flags: number): number;
  read(fd: number, buffer: Buffer, length: number): number;
  close(fd: number): number;
  connect(fd: number, address: Buffer, length: number): number;
  send(fd: number, buffer: Buffer, length: number, flags: number): number;
  epoll_create1(flags: number): number;
  epoll_ctl(epoll: number, operation: number, fd: number, event: Buffer | null): number;
  epoll_wait(epoll: number, events: Buffer, most: number, timeout: number): number;
  clock_gettime(clock: number, time: Buffer): number;
  timerfd_create(clock: number, flags: number): number;
  timerfd_settime(fd: number, flags: number, value: Buffer, old: null): number;
  sched_setscheduler(pid: number, policy: number, parameters: Buffer): number;
  sched_getscheduler(pid: number): number;
  sched_setaffinity(thread: number, bytes: number, mask: Buffer): number;
  sched_getaffinity(thread: number, bytes: number, mask: Buffer): number;
  flock(fd: number, operation: number): number;
  execve(path: string, argv: readonly (string | null)[], environment: readonly (string | null)[]): number;
  waitpid(pid: number, status: null, options: number): number;
  fcntl(fd: number, command: number, argument: number): number;
  if_nametoindex(name: string): number;
  inotify_init1(flags: number): number;
  inotify_add_watch(fd: number, path: string, mask: number): number;
  inotify_rm_watch(fd: number, watch: number): number;
  prctl(option: number, a: number, b: number, c: number, d: number): number;
  getrlimit(resource: number, limit: Buffer): number;
  setrlimit(resource: number, limit: Buffer): number;
  syscall(number: number, a: number, b: number): number;
  ioctl(fd: number, request: number, argument: Buffer): number;
  setns(fd: number, kind: number): number;
}

// intptr_t stands for ssize_t, which koffi does not know. Variadic functions are declared with the arguments used here.
const DECLARATIONS: { readonly [Name in keyof LibcFunctions]: readonly [result: string, args: readonly string[]] } = {
  socket: ['int', ['int', 'int', 'int']],
  bind: ['int', ['int', 'void *', 'uint32_t']],
  setsockopt: ['int', ['int', 'int', 'int', 'void *', 'uint32_t']],
  getsockopt: ['int', ['int', 'int', 'int', 'void *', 'void *']],
  getsockname: ['int', ['int', 'void *', 'void *']],
  recv: ['intptr_t', ['int', 'void *', 'size_t', 'int']],
  recvfrom: ['intptr_t', ['int', 'void *', 'size_t', 'int', 'void *', 'void *']],
  recvmsg: ['intptr_t', ['int', 'void *', 'int']],
  recvmmsg: ['int', ['int', 'void *', 'uint32_t', 'int', 'void *']],
  sendto: ['intptr_t', ['int', 'void *', 'size_t', 'int', 'void *', 'uint32_t']],
  sendmsg: ['intptr_t', ['int', 'void *', 'int']],
  sendmmsg: ['int', ['int', 'void *', 'uint32_t', 'int']],
  read: ['intptr_t', ['int', 'void *', 'size_t']],
  close: ['int', ['int']],
  connect: ['int', ['int', 'void *', 'uint32_t']],
  send: ['intptr_t', ['int', 'void *', 'size_t', 'int']],
  epoll_create1: ['int', ['int']],
  epoll_ctl: ['int', ['int', 'int', 'int', 'void *']],
  epoll_wait: ['int', ['int', 'void *', 'int', 'int']],
  clock_gettime: ['int', ['int', 'void *']],
  timerfd_create: ['int', ['int', 'int']],
  timerfd_settime: ['int', ['int', 'int', 'void *', 'void *']],
  sched_setscheduler: ['int', ['int', 'int', 'void *']],
  sched_getscheduler: ['int', ['int']],
  sched_setaffinity: ['int', ['int', 'size_t', 'void *']],
  sched_getaffinity: ['int', ['int', 'size_t', 'void *']],
  flock: ['int', ['int', 'int']],
  inotify_init1: ['int', ['int']],
  inotify_add_watch: ['int', ['int', 'str', 'uint32_t']],
  inotify_rm_watch: ['int', ['int', 'int']],
  prctl: ['int', ['int', 'ulong', 'ulong', 'ulong', 'ulong']],
  getrlimit: ['int', ['int', 'void *']],
  setrlimit: ['int', ['int', 'void *']],
  syscall: ['long', ['long', 'long', 'long']],
  ioctl: ['int', ['int', 'ulong', 'void *']],
  setns: ['int', ['int', 'int']],
  execve: ['int', ['str', 'str *', 'str *']],
  waitpid: ['int', ['int', 'void *', 'int']],
  fcntl: ['int', ['int', 'int', 'int']],
  if_nametoindex: ['unsigned int', ['str']],
};

function lazily(): LibcFunctions {
  const functions = {};
  for (const [name, [result, args]] of Object.entries(DECLARATIONS)) {
    Object.defineProperty(functions, name, {
      configurable: true,
      get(): unknown {
        const value = native().library.func(name, result, [...args]);
        // From now on a plain property: no getter on the hot path.
        Object.defineProperty(functions, name, { value });
        return value;
      },
    });
  }
  return functions as LibcFunctions;
}

/** The declared functions. They return what C returns; after a negative result call `lastErrno` before anything else. */
export const libc: LibcFunctions = lazily();

/** errno of the call just made. Any other native call in between spoils it. */
export const lastErrno = (): number => native().koffi.errno();

/** The address of a buffer made by `stableBuffer`, to be written into C structures. */
export const addressOf = (buffer: Buffer): bigint => native().koffi.address(buffer);

/**
 * Zeroed memory that never moves, so its address may be kept in C structures for as long as the Buffer is referenced.
 * An explicit ArrayBuffer always has its store outside V8's heap; a small Buffer need not.
 */
export const stableBuffer = (bytes: number): Buffer => Buffer.from(new ArrayBuffer(bytes));

/** errno values this folder branches on (asm-generic/errno*.h). */
export const ERRNO = {
  EINTR: constants.errno.EINTR,
  EAGAIN: constants.errno.EAGAIN,
  EBADF: constants.errno.EBADF,
  ENODEV: constants.errno.ENODEV,
  ENOBUFS: constants.errno.ENOBUFS,
  ENOENT: constants.errno.ENOENT,
  ESRCH: constants.errno.ESRCH,
  EADDRNOTAVAIL: constants.errno.EADDRNOTAVAIL,
  EPROTO: constants.errno.EPROTO,
  EINPROGRESS: constants.errno.EINPROGRESS,
} as const;

/** The name of a positive errno (`ENODEV`), or `errno 123` for one the platform does not name. */
function errnoName(errno: number): string {
  const known = getSystemErrorMap().get(-errno)?.[0];
  if (known !== undefined) return known;
  for (const [name, value] of Object.entries(constants.errno)) if (value === errno) return name;
  return `errno ${errno}`;
}

/** The system's words for a positive errno (`no such device`). */
const errnoText = (errno: number): string => getSystemErrorMap().get(-errno)?.[1] ?? 'unknown error';

/** Builds the error of a failed call: `operation` names the system call, `about` what it was applied to. */
export function kernelError(operation: string, errno: number, about: string): KernelError {
  return new KernelError(
    operation,
    errno,
    errnoName(errno),
    about === '' ? errnoText(errno) : `${errnoText(errno)} (${about})`,
  );
}

/** Passes a result through, or throws KernelError with the errno of the call just made. */
export function check(operation: string, result: number, about: string): number {
  if (result < 0) throw kernelError(operation, lastErrno(), about);
  return result;
}

/** Opens a socket that never blocks and never reaches a child process. Throws KernelError. */
export function openSocket(domain: number, type: number, protocol: number, about: string): number {
  return check('socket', libc.socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol), about);
}

/** Closes a descriptor; a failure (EIO at worst) leaves it closed all the same on Linux, so it is not reported. */
export function closeFd(fd: number): void {
  libc.close(fd);
}

/** Sets a socket option. Throws KernelError naming the option. */
export function setOption(fd: number, level: number, name: number, value: Buffer, optionName: string): void {
  check(`setsockopt ${optionName}`, libc.setsockopt(fd, level, name, value, value.length), '');
}

/** Sets a socket option whose value is a C int. Throws KernelError naming the option. */
export function setIntOption(fd: number, level: number, name: number, value: number, optionName: string): void {
  setOption(fd, level, name, int32(value), optionName);
}

/**
 * Asks for a receive buffer past net.core.rmem_max. Without CAP_NET_ADMIN in the initial user namespace (rootless
 * containers) the request is repeated within the limit, which the kernel clamps silently.
 */
export function setReceiveBuffer(fd: number, bytes: number): void {
  const value = int32(bytes);
  if (libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, value, 4) < 0) {
    setOption(fd, SOL_SOCKET, SO_RCVBUF, value, 'SO_RCVBUF');
  }
}

/** Reads and clears the socket's pending error; 0 = none. */
export function takeSocketError(fd: number): number {
  const value = int32(0);
  check('getsockopt SO_ERROR', libc.getsockopt(fd, SOL_SOCKET, SO_ERROR, value, int32(4)), '');
  return value.readInt32LE(0);
}

/** A C int. Host order is little-endian wherever koffi runs. */
export function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value, 0);
  return buffer;
}
