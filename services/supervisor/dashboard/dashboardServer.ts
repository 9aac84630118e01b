/**
 * The dashboard: a page, its script and style, and a stream of views. Only GET and HEAD; nothing here changes anything. Who
 * may look is decided by where it listens: on this machine, or over TLS for those with a certificate.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Server as TlsServer } from 'node:https';
import { hostname } from 'node:os';
import type { Logger } from '../../shared/log/logger.js';
import { type Answer, type HttpDoor, openHttpDoor, sendAnswer, textAnswer } from '../httpDoor.js';
import { formatListenAddress, type ListenAddress } from '../listenAddress.js';
import { type Asset, type Assets, readAssets } from './assets.js';
import { Broadcast, type DashboardSource } from './broadcast.js';
import { isOwnHost } from './ownHost.js';
import type { Viewers } from './viewers.js';

const MAX_CONNECTIONS = 48;
/** A page waits this long before it asks for a new stream. */
const RETRY_MS = 1_000;

/** On every answer. Styles that the charts set are set by script, which this allows; none stands in the page. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

export interface DashboardOptions {
  readonly address: ListenAddress;
  /** Directory with certificate, key and authorities; absent: plain HTTP, for this machine only. */
  readonly tlsDirectory: string | undefined;
  /** Where the built page is; absent: where the build puts it. */
  readonly assetsDirectory?: string | undefined;
}

/** Opens the dashboard's door. Rejects with a message for the user when it cannot be opened so. */
export async function listenForDashboard(options: DashboardOptions): Promise<DashboardServer> {
  const { address, tlsDirectory, assetsDirectory } = options;
  const assets = readAssets(assetsDirectory);
  const viewers = tlsDirectory === undefined ? undefined : await viewersOf(tlsDirectory);
  const door = await openHttpDoor({
    option: '--dashboard',
    address,
    maxConnections: MAX_CONNECTIONS,
    tls: viewers?.tlsOptions,
    onlyLoopback: viewers === undefined ? ONLY_LOOPBACK : undefined,
  });
  return new DashboardServer(door, assets, address.host, viewers);
}

const ONLY_LOOPBACK =
  'other machines could reach it: listen on 127.0.0.1 or [::1], or let them show certificates with --dashboard-tls-dir DIRECTORY';

/** What it takes is loaded only for those who want it. */
async function viewersOf(directory: string): Promise<Viewers> {
  const { Viewers } = await import('./viewers.js');
  return new Viewers(directory);
}

export class DashboardServer {
  readonly #door: HttpDoor;
  readonly #assets: Assets;
  /** Host as --dashboard names it. */
  readonly #configured: string;
  readonly #viewers: Viewers | undefined;
  #logger: Logger | undefined;
  #broadcast: Broadcast | undefined;

  /** Takes an open door; use {@link listenForDashboard}. */
  constructor(door: HttpDoor, assets: Assets, configured: string, viewers: Viewers | undefined) {
    this.#door = door;
    this.#assets = assets;
    this.#configured = configured;
    this.#viewers = viewers;
    door.server.on('error', (error) => this.#logger?.warn({ err: error }, 'a connection for the dashboard failed'));
    door.server.on('request', (request, response) => this.#answer(request, response));
  }

  /** Where it listens, with the port the kernel chose. */
  get address(): ListenAddress {
    return this.#door.address;
  }

  /** From now on shows this; before, it only says that the suite starts. */
  show(source: DashboardSource, logger: Logger): void {
    this.#logger = logger;
    this.#broadcast = new Broadcast(source, { host: hostname(), script: this.#assets.script }, logger);
    const scheme = this.#viewers === undefined ? 'http' : 'https';
    logger.info({ address: `${scheme}://${formatListenAddress(this.address)}/` }, 'the dashboard is served');
    if (this.#viewers?.warning !== undefined) logger.warn(this.#viewers.warning);
  }

  /** Reads certificates and roles again; what is no good changes nothing. Streams begin anew: some may look no more. */
  renew(): void {
    const viewers = this.#viewers;
    if (viewers === undefined || !(this.#door.server instanceof TlsServer)) return;
    try {
      viewers.renew();
      this.#door.server.setSecureContext(viewers.tlsOptions);
      this.#broadcast?.endAll();
      if (viewers.warning !== undefined) this.#logger?.warn(viewers.warning);
    } catch (error) {
      this.#logger?.error({ err: error }, 'certificates and roles of the dashboard stay as they were');
    }
  }

  /** Closes the door and every connection. */
  close(): void {
    this.#broadcast?.close();
    this.#door.close();
  }

  /** Never throws: an error here must not be one of the supervisor. */
  #answer(request: IncomingMessage, response: ServerResponse): void {
    response.on('error', () => {});
    try {
      for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
      const answer = this.#refusal(request) ?? this.#found(request, response);
      if (answer !== undefined) sendAnswer(request, response, answer);
    } catch (error) {
      this.#logger?.error({ err: error, url: request.url }, 'a request for the dashboard failed');
      if (response.headersSent) response.destroy();
      else sendAnswer(request, response, textAnswer(500, 'an error of this program; see its log'));
    }
  }

  /** What answers at the path; undefined: a stream has begun. */
  #found(request: IncomingMessage, response: ServerResponse): Answer | undefined {
    const [path = ''] = (request.url ?? '').split('?', 1);
    if (path === '/events') return this.#stream(request, response);
    const asset = this.#assets.files.get(path);
    return asset === undefined ? textAnswer(404, 'not here: /') : assetAnswer(request, asset);
  }

  /** What every request has to be, whatever it asks for. */
  #refusal({ method, headers, socket }: IncomingMessage): Answer | undefined {
    const facts = {
      configured: this.#configured,
      local: socket.localAddress ?? '',
      certified: (name: string) => this.#viewers?.certified(name) ?? false,
    };
    if (!isOwnHost(headers.host, facts)) return textAnswer(421, 'this is not the host you asked for');
    if (this.#viewers?.mayLook(socket) === false) return textAnswer(403, 'your certificate has no role here');
    if (method === 'GET' || method === 'HEAD') return undefined;
    return { ...textAnswer(405, 'only GET and HEAD'), headers: { Allow: 'GET, HEAD' } };
  }

  #stream(request: IncomingMessage, response: ServerResponse): Answer | undefined {
    const site = request.headers['sec-fetch-site'];
    // A page of another site could not read it, but could take the place of one that may.
    if (site !== undefined && site !== 'same-origin' && site !== 'none') {
      return textAnswer(403, 'only for the page of this dashboard');
    }
    const broadcast = this.#broadcast;
    if (broadcast === undefined) return textAnswer(503, 'the suite starts');
    if (!broadcast.free) return textAnswer(503, 'too many look already');
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', Connection: 'close' });
    if (request.method === 'HEAD') {
      response.end();
      return undefined;
    }
    this.#door.keepOpen(request.socket);
    response.write(`retry: ${RETRY_MS}\n\n`);
    broadcast.add(response);
    return undefined;
  }
}

/** Compressed where the client takes that; nothing where it has this already. */
function assetAnswer({ headers }: IncomingMessage, asset: Asset): Answer {
  const { type, etag, immutable } = asset;
  const common = {
    ETag: etag,
    'Cache-Control': immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    Vary: 'Accept-Encoding',
  };
  if (headers['if-none-match'] === etag) return { code: 304, type, body: Buffer.alloc(0), headers: common };
  const compressed = /\bgzip\b/.test(String(headers['accept-encoding'] ?? ''));
  return compressed
    ? { code: 200, type, body: asset.gzip, headers: { ...common, 'Content-Encoding': 'gzip' } }
    : { code: 200, type, body: asset.plain, headers: common };
}
