/** A gRPC server on a TCP port, only with mutual TLS. */
import type { ServerInterceptor } from '@grpc/grpc-js';
import type { Logger } from '../log/logger.js';
import { buildServer, closeServer, type RpcService } from './buildServer.js';
import { limitConnections } from './connectionLimit.js';
import type { LiveHealth } from './health.js';
import type { MutualTls } from './tlsCredentials.js';

/** Largest message taken, as everywhere in gRPC: larger configurations are applied on the machine itself. */
const MAX_RECEIVE_BYTES = 4 * 1024 * 1024;
/** Calls in flight per connection. */
const MAX_CONCURRENT_STREAMS = 32;
const CONNECTIONS = { connections: 128, perAddress: 32 } as const;
/** Clients that vanished without a word give their places back after this and 20 s. */
const KEEPALIVE_MS = 60_000;

export interface TcpServerOptions {
  readonly host: string;
  /** 0: the kernel chooses. */
  readonly port: number;
  readonly credentials: MutualTls;
  readonly interceptors: readonly ServerInterceptor[];
}

export interface TcpServer {
  /** Where it listens. */
  readonly port: number;
  readonly health: LiveHealth;
  close(): Promise<void>;
}

/** Serves `services`. Rejects when the port cannot be had. */
export async function serveTcp(
  { host, port: wanted, credentials, interceptors }: TcpServerOptions,
  services: readonly RpcService[],
  logger: Logger,
): Promise<TcpServer> {
  const built = buildServer(services, logger, {
    interceptors,
    maxReceiveBytes: MAX_RECEIVE_BYTES,
    maxStreams: MAX_CONCURRENT_STREAMS,
    keepaliveMs: KEEPALIVE_MS,
  });
  const port = await built.server.listen(host.includes(':') ? `[${host}]:${wanted}` : `${host}:${wanted}`, credentials);
  const unlimited = limitConnections(port, CONNECTIONS);
  return {
    port,
    health: built.health,
    async close() {
      unlimited();
      await closeServer(built);
    },
  };
}
