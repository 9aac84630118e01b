/**
 * A port of the supervisor that speaks HTTP, or HTTPS to clients with a certificate. Bounded in connections, sizes and
 * times, because the process that answers is the one that supervises.
 */
import { lookup } from 'node:dns/promises';
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { formatListenAddress, isLoopback, type ListenAddress } from './listenAddress.js';

const MAX_HEADER_BYTES = 8_192;
/** Time for a request to arrive whole. */
const REQUEST_LIMIT_MS = 5_000;
/** Time for a connection from its first to its last byte, however slowly somebody reads. */
const CONNECTION_LIMIT_MS = 15_000;

const PLAIN_TEXT = 'text/plain; charset=utf-8';

/** One whole answer. */
export interface Answer {
  readonly code: number;
  readonly type: string;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A line for people. */
export const textAnswer = (code: number, body: string): Answer => ({
  code,
  type: PLAIN_TEXT,
  body: Buffer.from(`${body}\n`),
});

export interface DoorOptions {
  /** The flag that asked for it, for messages. */
  readonly option: string;
  readonly address: ListenAddress;
  readonly maxConnections: number;
  /** Absent: plain HTTP. */
  readonly tls?: TlsOptions | undefined;
  /** Why an address that other machines reach is refused; absent: it is not. */
  readonly onlyLoopback?: string | undefined;
}

export class HttpDoor {
  /** Where it listens, with the port the kernel chose. */
  readonly address: ListenAddress;
  readonly server: Server;
  readonly #limits = new WeakMap<Socket, NodeJS.Timeout>();

  /** Takes a server that listens; use {@link openHttpDoor}. */
  constructor(server: Server, secure: boolean) {
    this.server = server;
    const { address, port } = server.address() as AddressInfo;
    this.address = { host: address, port };
    server.on(secure ? 'secureConnection' : 'connection', (socket: Socket) => this.#limitLifetime(socket));
    server.on('clientError', refuseRequest);
    // The suite decides when the process ends.
    server.unref();
  }

  /** This connection may last. */
  keepOpen(socket: Socket): void {
    clearTimeout(this.#limits.get(socket));
  }

  /** Closes the door and every connection. */
  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  #limitLifetime(socket: Socket): void {
    const timer = setTimeout(() => socket.destroy(), CONNECTION_LIMIT_MS);
    timer.unref();
    this.#limits.set(socket, timer);
    socket.once('close', () => clearTimeout(timer));
  }
}

/** Opens it. Rejects with a message for the user when that is not possible there. */
export async function openHttpDoor(options: DoorOptions): Promise<HttpDoor> {
  const { option, address, tls } = options;
  const limits: ServerOptions = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: REQUEST_LIMIT_MS,
    requestTimeout: REQUEST_LIMIT_MS,
    connectionsCheckingInterval: 1_000,
    keepAlive: false,
  };
  const server = tls === undefined ? createServer(limits) : createTlsServer({ ...limits, ...tls });
  server.maxConnections = options.maxConnections;
  try {
    const host = await hostOf(options);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port: address.port, exclusive: true }, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    throw new Error(`${option} ${formatListenAddress(address)}: ${whyNot(error)}`, { cause: error });
  }
  return new HttpDoor(server, tls !== undefined);
}

/** Where to listen. A name is looked up first: what it stands for decides, not how it reads. */
async function hostOf({ address: { host }, onlyLoopback }: DoorOptions): Promise<string> {
  if (onlyLoopback === undefined) return host;
  const { address } = await lookup(host);
  if (!isLoopback(address)) throw new Error(onlyLoopback);
  return address;
}

/** Sends one whole answer and ends the connection. */
export function sendAnswer({ method }: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const { code, type, body, headers } = answer;
  response.writeHead(code, {
    'Content-Type': type,
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
    Connection: 'close',
  });
  response.end(method === 'HEAD' ? undefined : body);
}

/** What is no HTTP, too large or too slow. */
function refuseRequest(error: NodeJS.ErrnoException, socket: NodeJS.WritableStream & { destroy(): void }): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = STATUS_OF_ERROR.get(error.code ?? '') ?? '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

const STATUS_OF_ERROR: ReadonlyMap<string, string> = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
]);

/** Why nothing can listen somewhere, for whoever chose the place. */
export function whyNot(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case undefined:
      return message;
    case 'EADDRINUSE':
      return 'the port is in use by another program; choose another one, or stop that program first';
    case 'EADDRNOTAVAIL':
      return 'no interface of this machine has the address';
    case 'EACCES':
      return 'ports below 1024 need the right to use them; choose another one';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the name has no address here; give the address itself';
    case 'EAFNOSUPPORT':
      return 'this machine does not speak that kind of address';
    default:
      return `cannot listen there: ${message}`;
  }
}
