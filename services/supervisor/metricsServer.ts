/**
 * The door for Prometheus and probes: `GET /metrics`, `/healthz` and `/readyz` over plain HTTP. Bounded in connections,
 * sizes and times, because the process that answers is the one that supervises.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from '../shared/log/logger.js';
import type { SuiteStatus } from '../shared/rpc/generated/keepwatch/v1/control.js';
import { formatMetricsAddress, type MetricsAddress } from './metricsAddress.js';
import { EXPOSITION_TYPE } from './metricsFamily.js';
import { metricsPage } from './metricsPage.js';
import { unreadyReasons } from './metricsReadiness.js';

const MAX_CONNECTIONS = 32;
const MAX_HEADER_BYTES = 8_192;
/** Time for a request to arrive whole. */
const REQUEST_LIMIT_MS = 5_000;
/** Time for a connection from its first to its last byte, however slowly somebody reads. */
const CONNECTION_LIMIT_MS = 15_000;
/** A page that young is given again: many scrapers cost as much as one. */
const PAGE_AGE_MS = 500;
/** Lines of a page that are made before everything else gets a turn. */
const LINES_PER_TURN = 500;

const PLAIN_TEXT = 'text/plain; charset=utf-8';

/** What the control API shows, and the way to have it current. */
export interface StatusSource {
  status(): SuiteStatus;
  refresh(): Promise<void>;
}

interface Answer {
  readonly code: number;
  readonly type: string;
  readonly body: Buffer;
}

/** Opens the door. Rejects with a message for the user when it cannot be opened there. */
export async function listenForMetrics(wanted: MetricsAddress): Promise<MetricsServer> {
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: REQUEST_LIMIT_MS,
    requestTimeout: REQUEST_LIMIT_MS,
    connectionsCheckingInterval: 1_000,
    keepAlive: false,
  });
  server.maxConnections = MAX_CONNECTIONS;
  const { host, port } = wanted;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, exclusive: true }, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    throw new Error(`--metrics ${formatMetricsAddress(wanted)}: ${whyNot(error)}`, { cause: error });
  }
  return new MetricsServer(server);
}

export class MetricsServer {
  /** Where it listens, with the port the kernel chose. */
  readonly address: MetricsAddress;
  readonly #server: Server;
  #source: StatusSource | undefined;
  #logger: Logger | undefined;
  #page: { goodUntil: number; readonly body: Promise<Buffer> } | undefined;

  /** Takes a server that listens; use {@link listenForMetrics}. */
  constructor(server: Server) {
    this.#server = server;
    const { address, port } = server.address() as AddressInfo;
    this.address = { host: address, port };
    server.on('connection', limitLifetime);
    server.on('clientError', refuseRequest);
    // No more descriptors, for instance: the next connection may do better.
    server.on('error', (error) => this.#logger?.warn({ err: error }, 'a connection for metrics failed'));
    server.on('request', (request, response) => void this.#answer(request, response));
    // The suite decides when the process ends.
    server.unref();
  }

  /** From now on shows this; before, it only says that the suite starts. */
  show(source: StatusSource, logger: Logger): void {
    this.#source = source;
    this.#logger = logger;
    logger.info({ address: formatMetricsAddress(this.address) }, 'metrics and probes are served');
  }

  /** Closes the door and every connection. */
  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Never rejects: an error here must not be one of the supervisor. */
  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    try {
      const [path] = (request.url ?? '').split('?', 1);
      const route = this.#route(path);
      if (route === undefined) return send(request, response, text(404, 'not here: /metrics, /healthz, /readyz'));
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.setHeader('Allow', 'GET, HEAD');
        return send(request, response, text(405, 'only GET and HEAD'));
      }
      send(request, response, await route());
    } catch (error) {
      this.#logger?.error({ err: error, url: request.url }, 'a request for metrics failed');
      if (response.headersSent) response.destroy();
      else send(request, response, text(500, 'an error of this program; see its log'));
    }
  }

  /** What answers at a path; undefined where nothing is. */
  #route(path: string | undefined): (() => Answer | Promise<Answer>) | undefined {
    switch (path) {
      case '/metrics':
        return () => this.#metrics();
      case '/healthz':
        return () => text(200, 'ok');
      case '/readyz':
        return () => this.#ready();
      default:
        return undefined;
    }
  }

  async #metrics(): Promise<Answer> {
    const source = this.#source;
    if (source === undefined) return text(503, 'the suite starts');
    if (this.#page === undefined || performance.now() > this.#page.goodUntil) {
      // Good for everybody who comes while it is made, then for a while.
      const page = { goodUntil: Number.POSITIVE_INFINITY, body: pageOf(source) };
      this.#page = page;
      page.body.then(
        () => {
          page.goodUntil = performance.now() + PAGE_AGE_MS;
        },
        () => {
          // Told to those who wait, and not kept.
          page.goodUntil = 0;
        },
      );
    }
    return { code: 200, type: EXPOSITION_TYPE, body: await this.#page.body };
  }

  async #ready(): Promise<Answer> {
    const source = this.#source;
    if (source === undefined) return text(503, 'the suite starts');
    await source.refresh();
    const reasons = unreadyReasons(source.status());
    return reasons.length === 0 ? text(200, 'ready') : text(503, reasons.join('\n'));
  }
}

async function pageOf(source: StatusSource): Promise<Buffer> {
  await source.refresh();
  const lines: string[] = [];
  for (const line of metricsPage(source.status())) {
    if (lines.push(line) % LINES_PER_TURN === 0) await nextTurn();
  }
  return Buffer.from(lines.join(''));
}

const text = (code: number, body: string): Answer => ({ code, type: PLAIN_TEXT, body: Buffer.from(`${body}\n`) });

function send({ method }: IncomingMessage, response: ServerResponse, { code, type, body }: Answer): void {
  response.writeHead(code, {
    'Content-Type': type,
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    Connection: 'close',
  });
  response.end(method === 'HEAD' ? undefined : body);
}

function limitLifetime(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), CONNECTION_LIMIT_MS);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
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

function whyNot(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
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
