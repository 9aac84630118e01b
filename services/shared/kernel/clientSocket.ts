/**
 * Sockets of clients with every choice about where they come from: address, port, interface and mark, which Node's own sockets
 * do not offer before they connect.
 */
import { networkInterfaces } from 'node:os';
import { type IpAddress, isLinkLocal } from '../net/address.js';
import {
  closeFd,
  ERRNO,
  kernelError,
  lastErrno,
  libc,
  openSocket,
  SOL_SOCKET,
  setIntOption,
  setOption,
} from './libc.js';

// bits/socket.h, linux/in.h, asm-generic/socket.h
const AF_INET = 2;
const AF_INET6 = 10;
const TYPES = { stream: 1, datagram: 2, raw: 3 } as const;
const SO_REUSEADDR = 2;
const SO_BINDTODEVICE = 25;
const SO_MARK = 36;
const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;

/** Where a socket goes and where it comes from. */
export interface ClientSocketOptions {
  readonly type: keyof typeof TYPES;
  /** ICMP instead of the protocol that goes with the type. */
  readonly icmp?: boolean;
  readonly address: IpAddress;
  readonly port: number;
  readonly bindAddress?: IpAddress;
  readonly bindPort?: number;
  /** SO_BINDTODEVICE, and the zone of link-local addresses. */
  readonly bindInterface?: string;
  /** SO_MARK. */
  readonly fwmark?: number;
}

/** struct sockaddr_in or sockaddr_in6. */
function socketAddress(address: IpAddress, port: number, scope: number): Buffer {
  const bytes = Buffer.alloc(address.family === 4 ? 16 : 28);
  bytes.writeUInt16LE(address.family === 4 ? AF_INET : AF_INET6, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(address.bytes, address.family === 4 ? 4 : 8);
  if (address.family === 6) bytes.writeUInt32LE(scope, 24);
  return bytes;
}

/** Addresses of sockets that were asked for, while their IP addresses live: a check connects to the same one all the time. */
const known = new WeakMap<IpAddress, { readonly port: number; readonly scope: number; readonly bytes: Buffer }>();

function knownSocketAddress(address: IpAddress, port: number, scope: number): Buffer {
  const found = known.get(address);
  if (found !== undefined && found.port === port && found.scope === scope) return found.bytes;
  const bytes = socketAddress(address, port, scope);
  known.set(address, { port, scope, bytes });
  return bytes;
}

/** The index of an interface, for the scope of a link-local address; 0 when there is no such interface. */
function scopeOf(options: ClientSocketOptions): number {
  const { bindInterface, address, bindAddress } = options;
  if (bindInterface === undefined || address.family === 4) return 0;
  if (!isLinkLocal(address) && (bindAddress === undefined || !isLinkLocal(bindAddress))) return 0;
  const found = networkInterfaces()[bindInterface]?.find((entry) => entry.family === 'IPv6' && entry.scopeid !== 0);
  return found?.family === 'IPv6' ? found.scopeid : 0;
}

/**
 * Opens a socket that never blocks and begins to connect it; for streams the connection is there, or has failed, once the socket
 * is writable. Throws KernelError with the operation that failed: `socket`, `setsockopt …`, `bind`, `connect`.
 */
export function openClientSocket(options: ClientSocketOptions): number {
  const { type, address, port, bindAddress, bindPort, bindInterface, fwmark } = options;
  const v4 = address.family === 4;
  const protocol = options.icmp === true ? (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) : 0;
  const fd = openSocket(v4 ? AF_INET : AF_INET6, TYPES[type], protocol, '');
  try {
    if (fwmark !== undefined) setIntOption(fd, SOL_SOCKET, SO_MARK, fwmark | 0, 'SO_MARK');
    if (bindInterface !== undefined) {
      setOption(fd, SOL_SOCKET, SO_BINDTODEVICE, Buffer.from(`${bindInterface}\0`, 'latin1'), 'SO_BINDTODEVICE');
    }
    const scope = scopeOf(options);
    if (bindAddress !== undefined || bindPort !== undefined) {
      const any: IpAddress = { family: address.family, bytes: new Uint8Array(v4 ? 4 : 16) };
      // A check from a fixed port would otherwise wait for its predecessor's TIME_WAIT.
      if (type === 'stream' && bindPort !== undefined) setIntOption(fd, SOL_SOCKET, SO_REUSEADDR, 1, 'SO_REUSEADDR');
      const source = socketAddress(bindAddress ?? any, bindPort ?? 0, scope);
      if (libc.bind(fd, source, source.length) < 0) throw kernelError('bind', lastErrno(), '');
    }
    const target = knownSocketAddress(address, port, scope);
    if (libc.connect(fd, target, target.length) < 0) {
      const errno = lastErrno();
      if (errno !== ERRNO.EINPROGRESS) throw kernelError('connect', errno, '');
    }
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}
