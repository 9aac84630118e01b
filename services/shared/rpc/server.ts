/** A gRPC server on a Unix socket: mode 0600 (0660 for a group), with health and reflection, replacing what a dead process left. */
import { chmodSync, chownSync, existsSync, renameSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type CompatServiceDefinition, createServer, type ServiceImplementation } from 'nice-grpc';
import { HealthDefinition, HealthServiceImpl } from 'nice-grpc-server-health';
import type { Logger } from '../log/logger.js';
import { errorMapping } from './errors.js';
import { LiveHealth, type ServingProbe } from './health.js';
import { MAX_SOCKET_PATH_BYTES } from './paths.js';
import { removeIfThere } from './pidFile.js';
import { reflectionServices } from './reflection.js';
import { isServed } from './socketProbe.js';

/** Largest message taken: a statement tree of some 100,000 statements. */
const MAX_RECEIVE_BYTES = 32 * 1024 * 1024;
/** Calls in flight per connection. */
const MAX_CONCURRENT_STREAMS = 256;
/** How long calls in flight may go on once the server stops. */
const SHUTDOWN_GRACE_MS = 500;

/** One gRPC service to serve. Build it with {@link rpcService}, which checks that the two fit. */
export interface RpcService {
  readonly definition: CompatServiceDefinition & { readonly fullName: string };
  readonly implementation: ServiceImplementation<CompatServiceDefinition>;
  /** Whether it can do its work now; default: always. */
  readonly serving: ServingProbe | undefined;
}

/** Pairs a generated definition with its implementation. */
export const rpcService = <Definition extends CompatServiceDefinition & { readonly fullName: string }>(
  definition: Definition,
  implementation: ServiceImplementation<Definition>,
  serving?: ServingProbe,
): RpcService => ({
  definition,
  implementation: implementation as unknown as ServiceImplementation<CompatServiceDefinition>,
  serving,
});

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

/**
 * Serves `services` on the Unix socket `path`, for the user of this process and root, and for the members of a group when its
 * id is given. Throws SocketError.
 */
export async function serveUnix(
  path: string,
  services: readonly RpcService[],
  logger: Logger,
  group?: number,
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

  const health = new LiveHealth();
  const server = createServer({
    'grpc.max_receive_message_length': MAX_RECEIVE_BYTES,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': MAX_CONCURRENT_STREAMS,
  }).use(errorMapping(logger));
  for (const { definition, implementation, serving } of services) {
    server.add(definition, implementation);
    health.add(definition.fullName, serving ?? (() => true));
  }
  server.add(HealthDefinition, HealthServiceImpl(health.state));
  const names = [...services.map(({ definition }) => definition.fullName), 'grpc.health.v1.Health'];
  for (const { definition, implementation } of reflectionServices(names)) server.add(definition, implementation);

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
      health.stopping();
      const grace = setTimeout(() => server.forceShutdown(), SHUTDOWN_GRACE_MS);
      await server.shutdown().catch(() => undefined);
      clearTimeout(grace);
      // Only ours: a successor may have put its own socket there.
      if (existsSync(final) && statSync(final).ino === inode) removeIfThere(final);
    },
  };
}
