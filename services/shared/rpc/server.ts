/** A gRPC server on a Unix socket: mode 0600 (0660 for a group), with health and reflection, replacing what a dead process left. */
import { chmodSync, chownSync, existsSync, renameSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ServerInterceptor } from '@grpc/grpc-js';
import type { Logger } from '../log/logger.js';
import { buildServer, closeServer, type RpcService } from './buildServer.js';
import type { LiveHealth } from './health.js';
import { MAX_SOCKET_PATH_BYTES } from './paths.js';
import { removeIfThere } from './pidFile.js';
import { isServed } from './socketProbe.js';

export { type RpcService, rpcService } from './buildServer.js';

/** The socket cannot be had: another process serves it, or the path is unusable. */
export class SocketError extends Error {
  override readonly name = 'SocketError';
}

/** A running server. */
export interface RpcServer {
  readonly health: LiveHealth;
  /** Has the socket under another name, in place of what is there; connections go on. Throws the file system's error. */
  moveTo(path: string): void;
  /** Ends calls (those that do not end by themselves are cancelled) and removes the socket. */
  close(): Promise<void>;
}

/** What a Unix socket may have beyond its services. */
export interface UnixOptions {
  /** Id of a group whose members may use the socket too. */
  readonly group?: number | undefined;
  readonly interceptors?: readonly ServerInterceptor[];
}

/**
 * Serves `services` on the Unix socket `path`, for the user of this process and root, and for the members of a group when its
 * id is given. Throws SocketError.
 */
export async function serveUnix(
  path: string,
  services: readonly RpcService[],
  logger: Logger,
  { group, interceptors }: UnixOptions = {},
): Promise<RpcServer> {
  let final = resolve(path);
  // Bound under a name of its own and then renamed: nobody finds a socket that does not answer yet.
  const temporary = `${final}.${process.pid}`;
  const bytes = Buffer.byteLength(temporary);
  if (bytes > MAX_SOCKET_PATH_BYTES) {
    throw new SocketError(
      `${temporary}: ${bytes} bytes, a socket path has at most ${MAX_SOCKET_PATH_BYTES}; choose a shorter --run-dir`,
    );
  }
  if (await isServed(final)) throw new SocketError(`${final}: another process is serving this socket`);

  const { server, health } = buildServer(services, logger, { interceptors });
  removeIfThere(temporary);
  // The umask gives the socket its mode at birth; a chmod afterwards would leave a moment in between.
  const umask = process.umask(0o177);
  try {
    await server.listen(`unix://${temporary}`);
  } catch (error) {
    throw new SocketError(`${final}: cannot listen: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    process.umask(umask);
  }
  if (group !== undefined) chownSync(temporary, -1, group);
  chmodSync(temporary, group === undefined ? 0o600 : 0o660);
  renameSync(temporary, final);
  const inode = statSync(final).ino;

  return {
    health,
    moveTo(other) {
      renameSync(final, resolve(other));
      final = resolve(other);
    },
    async close() {
      await closeServer({ server, health });
      // Only ours: a successor may have put its own socket there.
      if (existsSync(final) && statSync(final).ino === inode) removeIfThere(final);
    },
  };
}
