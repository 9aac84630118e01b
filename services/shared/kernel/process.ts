/** Calls about processes and threads. Each is one system call; see its manual page for the errors. */
import { check, int32, kernelError, lastErrno, libc, SOL_SOCKET } from './libc.js';
import { Poller } from './poller.js';

// sched.h, linux/prctl.h, bits/resource.h, asm-generic: the same on all architectures Node and koffi share
const SCHED_OTHER = 0;
const SCHED_RR = 2;
const SCHED_RESET_ON_FORK = 0x4000_0000;
const PR_SET_NO_NEW_PRIVS = 38;
const SO_PEERCRED = 17;
const SYS_PIDFD_OPEN = 434;
const F_SETFD = 2;
const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;
const RESOURCES = { core: 4, nofile: 7, memlock: 8, rtprio: 14, rttime: 15 } as const;

/** Who is at the other end of a Unix stream socket, as of its connect. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** A resource limit; undefined = unlimited. `rttime` is in microseconds, `core` and `memlock` in bytes. */
export interface ResourceLimit {
  readonly soft: number | undefined;
  readonly hard: number | undefined;
}

/** A resource whose limit can be set. */
export type Resource = keyof typeof RESOURCES;

/**
 * Gives a thread of this process (0: the calling one) a real-time priority (1 to 99, SCHED_RR). What it starts is ordinary
 * (SCHED_RESET_ON_FORK). Throws KernelError: EPERM without CAP_SYS_NICE or a sufficient RLIMIT_RTPRIO, ESRCH when the thread
 * is gone.
 */
export function setRealtimePriority(priority: number, thread = 0): void {
  const about = `SCHED_RR priority ${priority}`;
  check('sched_setscheduler', libc.sched_setscheduler(thread, SCHED_RR | SCHED_RESET_ON_FORK, int32(priority)), about);
}

/** Gives a thread (0: the calling one) ordinary scheduling again. Throws KernelError. */
export function clearRealtimePriority(thread = 0): void {
  check('sched_setscheduler', libc.sched_setscheduler(thread, SCHED_OTHER, int32(0)), 'SCHED_OTHER');
}

/** True when the calling thread runs under SCHED_RR. */
export function isRealtime(): boolean {
  return (check('sched_getscheduler', libc.sched_getscheduler(0), '') & ~SCHED_RESET_ON_FORK) === SCHED_RR;
}

/** CONFIG_NR_CPUS of large machines is 8192; one bit each. */
const CPU_MASK_BYTES = 1024;

/** The CPUs that the calling thread may run on. Throws KernelError. */
export function getAffinity(): number[] {
  const mask = Buffer.alloc(CPU_MASK_BYTES);
  check('sched_getaffinity', libc.sched_getaffinity(0, CPU_MASK_BYTES, mask), '');
  return [...Array(CPU_MASK_BYTES * 8).keys()].filter((cpu) => ((mask[cpu >> 3] ?? 0) & (1 << (cpu & 7))) !== 0);
}

/** Restricts a thread to some CPUs. Throws KernelError: EINVAL when none of them exists, ESRCH when the thread is gone. */
export function setAffinity(thread: number, cpus: readonly number[]): void {
  const mask = Buffer.alloc(CPU_MASK_BYTES);
  for (const cpu of cpus) mask[cpu >> 3] = (mask[cpu >> 3] ?? 0) | (1 << (cpu & 7));
  check('sched_setaffinity', libc.sched_setaffinity(thread, CPU_MASK_BYTES, mask), `CPUs ${cpus.join(' ')}`);
}

/**
 * Forbids the calling thread and everything it starts to gain privileges by executing (set-user-ID, file capabilities).
 * Cannot be undone, and scripts that use `sudo` stop working. Throws KernelError.
 */
export function setNoNewPrivileges(): void {
  check('prctl', libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 'PR_SET_NO_NEW_PRIVS');
}

/** Reads the credentials of the peer of a connected Unix socket. Throws KernelError. */
export function getPeerCredentials(fd: number): PeerCredentials {
  // struct ucred
  const value = Buffer.alloc(12);
  check('getsockopt SO_PEERCRED', libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, value, int32(value.length)), '');
  return { pid: value.readInt32LE(0), uid: value.readUInt32LE(4), gid: value.readUInt32LE(8) };
}

/** Reads a resource limit of this process. Throws KernelError. */
export function getResourceLimit(resource: Resource): ResourceLimit {
  const value = Buffer.alloc(16);
  check('getrlimit', libc.getrlimit(RESOURCES[resource], value), resource);
  const read = (offset: number): number | undefined => {
    const limit = value.readBigUInt64LE(offset);
    return limit === RLIM_INFINITY ? undefined : Number(limit);
  };
  return { soft: read(0), hard: read(8) };
}

/** Sets a resource limit of this process and its future children. Throws KernelError: EPERM to raise a hard limit. */
export function setResourceLimit(resource: Resource, limit: ResourceLimit): void {
  const value = Buffer.alloc(16);
  value.writeBigUInt64LE(limit.soft === undefined ? RLIM_INFINITY : BigInt(limit.soft), 0);
  value.writeBigUInt64LE(limit.hard === undefined ? RLIM_INFINITY : BigInt(limit.hard), 8);
  check('setrlimit', libc.setrlimit(RESOURCES[resource], value), resource);
}

/**
 * Signals every process of the group that `leader` leads (a child spawned `detached`). False when nobody is left.
 * Throws the system's error otherwise (EPERM).
 */
export function killProcessGroup(leader: number, signal: NodeJS.Signals): boolean {
  // -1 and -0 mean "everybody" and "us".
  if (!Number.isSafeInteger(leader) || leader <= 1) throw new RangeError(`not a process group: ${leader}`);
  try {
    process.kill(-leader, signal);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

/**
 * Runs another program in place of this one: the same process, with the same id, parent and children. Descriptors that are
 * close-on-exec (all that Node.js and this folder open) are closed, which gives locks up. Returns only by throwing
 * KernelError, with everything as it was: ENOENT, EACCES, E2BIG. `argv` begins with the name of the program.
 */
export function replaceProcess(path: string, argv: readonly string[], environment: NodeJS.ProcessEnv): never {
  const variables = Object.entries(environment).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
  // Node.js has its standard streams closed in children that it did not give them.
  for (const fd of [0, 1, 2]) libc.fcntl(fd, F_SETFD, 0);
  libc.execve(path, [...argv, null], [...variables, null]);
  throw kernelError('execve', lastErrno(), path);
}

const WNOHANG = 1;

/**
 * Collects a child of this process that has ended and that Node.js does not know: one started before {@link replaceProcess}.
 * Does nothing for any other process.
 */
export function collectChild(pid: number): void {
  libc.waitpid(pid, null, WNOHANG);
}

/**
 * Calls `onExit` once when a process that need not be our child ends (pidfd_open(2), Linux 5.3). Returns how to stop
 * watching. Unlike polling with `kill(pid, 0)`, a reused pid cannot fool it once the watch is on.
 * Throws KernelError: ESRCH when there is no such process.
 */
export function watchProcess(pid: number, onExit: () => void, onError: (error: Error) => void): () => void {
  // Close-on-exec without asking.
  const fd = libc.syscall(SYS_PIDFD_OPEN, pid, 0);
  if (fd < 0) throw kernelError('pidfd_open', lastErrno(), `process ${pid}`);
  const poller = new Poller(fd, `process ${pid}`, {
    onReadable: () => {
      poller.close();
      onExit();
    },
    onError,
  });
  return () => poller.close();
}
