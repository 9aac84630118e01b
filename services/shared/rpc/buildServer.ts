/** A gRPC server as all sockets have it: limits, health, reflection, one mapping of errors. Where it listens is for others. */
import type { ServerInterceptor, ServerOptions } from '@grpc/grpc-js';
import { type CompatServiceDefinition, createServer, type Server, type ServiceImplementation } from 'nice-grpc';
import { HealthDefinition, HealthServiceImpl } from 'nice-grpc-server-health';
import type { Logger } from '../log/logger.js';
import { errorMapping } from './errors.js';
import { LiveHealth, type ServingProbe } from './health.js';
import { reflectionServices } from './reflection.js';

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

/** What differs between doors. */
export interface ServerLimits {
  readonly interceptors?: readonly ServerInterceptor[] | undefined;
  readonly maxReceiveBytes?: number;
  /** Calls in flight per connection. */
  readonly maxStreams?: number;
  /** A connection whose other end does not answer that often is closed; absent: never. */
  readonly keepaliveMs?: number;
}

/** A server that does not listen yet, and its health. */
export interface BuiltServer {
  readonly server: Server;
  readonly health: LiveHealth;
}

export function buildServer(services: readonly RpcService[], logger: Logger, limits: ServerLimits): BuiltServer {
  const { interceptors = [], maxReceiveBytes, maxStreams, keepaliveMs } = limits;
  const health = new LiveHealth();
  const options: ServerOptions = {
    'grpc.max_receive_message_length': maxReceiveBytes ?? MAX_RECEIVE_BYTES,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': maxStreams ?? MAX_CONCURRENT_STREAMS,
    ...(keepaliveMs === undefined ? {} : { 'grpc.keepalive_time_ms': keepaliveMs }),
    interceptors: [...interceptors],
  };
  // nice-grpc hands its options on as they are.
  const server = createServer(options).use(errorMapping(logger));
  for (const { definition, implementation, serving } of services) {
    server.add(definition, implementation);
    health.add(definition.fullName, serving ?? (() => true));
  }
  server.add(HealthDefinition, HealthServiceImpl(health.state));
  const names = [...services.map(({ definition }) => definition.fullName), 'grpc.health.v1.Health'];
  for (const { definition, implementation } of reflectionServices(names)) server.add(definition, implementation);
  return { server, health };
}

/** Ends calls: those that do not end by themselves are cancelled. */
export async function closeServer({ server, health }: BuiltServer): Promise<void> {
  health.stopping();
  const grace = setTimeout(() => server.forceShutdown(), SHUTDOWN_GRACE_MS);
  await server.shutdown().catch(() => undefined);
  clearTimeout(grace);
}
