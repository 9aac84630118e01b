/** gRPC clients over Unix sockets: every unary call has a deadline, every channel starts afresh. */
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import {
  type Channel,
  ChannelCredentials,
  type Client,
  ClientError,
  type ClientMiddleware,
  type CompatServiceDefinition,
  createChannel,
  createClientFactory,
  Status,
} from 'nice-grpc';

/** Deadline of a unary call that names none. */
export const DEFAULT_DEADLINE_MS = 5_000;
/** Largest message taken: a status with thousands of real servers. */
const MAX_RECEIVE_BYTES = 64 * 1024 * 1024;

/** Call options beyond nice-grpc's: how long the whole call may take; Infinity for none. Streams have none by default. */
export interface DeadlineOption {
  readonly deadlineMs?: number;
}

const CHANNEL_OPTIONS = {
  'grpc.max_receive_message_length': MAX_RECEIVE_BYTES,
  'grpc.max_send_message_length': -1,
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
  // A new channel must not inherit the back-off of an earlier one to the same path.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
} as const;

/** A channel to the Unix socket at `path`. Connecting happens with the first call; close it when done. */
export const unixChannel = (path: string): Channel =>
  createChannel(`unix://${resolve(path)}`, ChannelCredentials.createInsecure(), CHANNEL_OPTIONS);

/** The path of `unix:path` or `unix:///path`; undefined for an address of another kind. */
export const unixPath = (address: string): string | undefined => /^unix:(?:\/\/)?(.+)$/.exec(address)?.[1];

/** What a client shows and whom it trusts, PEM. */
export interface ClientTls {
  readonly certificate: Buffer;
  readonly key: Buffer;
  readonly authorities: Buffer;
}

/** A channel to `host:port` or `[address]:port` with mutual TLS. Throws what the files have wrong. */
export function tlsChannel(address: string, { certificate, key, authorities }: ClientTls): Channel {
  const host = address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  const check = { checkServerIdentity: (_name: string, peer: PeerCertificate) => checkServerIdentity(host, peer) };
  const credentials = ChannelCredentials.createSsl(authorities, key, certificate, isIP(host) === 0 ? {} : check);
  // RFC 6066 3: an IP address is no server name, and Node warns of it. The certificate is compared with the address.
  const name = isIP(host) === 0 ? {} : { 'grpc.ssl_target_name_override': 'keepwatch' };
  return createChannel(address, credentials, { ...CHANNEL_OPTIONS, ...name });
}

/** A client for one service on a channel. */
export const rpcClient = <Definition extends CompatServiceDefinition>(
  definition: Definition,
  channel: Channel,
): Client<Definition, DeadlineOption> => createClientFactory().use(deadline).create(definition, channel);

/** Ends a call that takes too long with DEADLINE_EXCEEDED and cancels it at the server. */
const deadline: ClientMiddleware<DeadlineOption> = async function* withDeadline(call, options) {
  const {
    deadlineMs = call.responseStream ? Number.POSITIVE_INFINITY : DEFAULT_DEADLINE_MS,
    signal,
    ...rest
  } = options;
  if (deadlineMs === Number.POSITIVE_INFINITY) {
    return yield* call.next(call.request, { ...rest, ...(signal === undefined ? {} : { signal }) });
  }
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  signal?.addEventListener('abort', abort);
  if (signal?.aborted) abort();
  let expired = false;
  const timer = setTimeout(() => {
    expired = true;
    abort();
  }, deadlineMs);
  try {
    return yield* call.next(call.request, { ...rest, signal: controller.signal });
  } catch (error) {
    if (expired) throw new ClientError(call.method.path, Status.DEADLINE_EXCEEDED, `no answer within ${deadlineMs} ms`);
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
};
