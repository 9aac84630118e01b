/** Who is at the other end of a Unix socket: SO_PEERCRED of unix(7). */
import { check, int32, libc, SOL_SOCKET, stableBuffer } from './libc.js';

const SO_PEERCRED = 17;
/** struct ucred: pid, uid, gid. */
const UCRED_BYTES = 12;

/** The process that connected, as it was at that moment. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
}

/** Asks the kernel about the connected Unix socket `fd`. Throws KernelError. */
export function peerCredentials(fd: number): PeerCredentials {
  const credentials = stableBuffer(UCRED_BYTES);
  check('getsockopt SO_PEERCRED', libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, int32(UCRED_BYTES)), '');
  return { pid: credentials.readInt32LE(0), uid: credentials.readUInt32LE(4) };
}
