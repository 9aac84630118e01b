/** The door for Prometheus and probes: `GET /metrics`, `/healthz` and `/readyz` over plain HTTP. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from '../shared/log/logger.js';
import type { SuiteStatus } from '../shared/rpc/generated/keepwatch/v1/control.js';
import { type Answer, type HttpDoor, openHttpDoor, sendAnswer, textAnswer } from './httpDoor.js';
import { formatListenAddress, type ListenAddress } from './listenAddress.js';
import { EXPOSITION_TYPE } from './metricsFamily.js';
import { metricsPage } from './metricsPage.js';
import { unreadyReasons } from './metricsReadiness.js';

const MAX_CONNECTIONS = 32;
/** A page that young is given again: many scrapers cost as much as one. */
const PAGE_AGE_MS = 500;
/** Lines of a page that are made before everything else gets a turn. */
const LINES_PER_TURN = 500;

/** What the control API shows, and the way to have it current. */
export interface StatusSource {
  status(): SuiteStatus;
  refresh(): Promise<void>;
}

/** Opens the door. Rejects with a message for the user when it cannot be opened there. */
export async function listenForMetrics(address: ListenAddress): Promise<MetricsServer> {
  return new MetricsServer(await openHttpDoor({ option: '--metrics', address, maxConnections: MAX_CONNECTIONS }));
}

export class MetricsServer {
  readonly #door: HttpDoor;
  #source: StatusSource | undefined;
  #logger: Logger | undefined;
  #page: { goodUntil: number; readonly body: Promise<Buffer> } | undefined;

  /** Takes an open door; use {@link listenForMetrics}. */
  constructor(door: HttpDoor) {
    this.#door = door;
    // No more descriptors, for instance: the next connection may do better.
    door.server.on('error', (error) => this.#logger?.warn({ err: error }, 'a connection for metrics failed'));
    door.server.on('request', (request, response) => void this.#answer(request, response));
  }

  /** Where it listens, with the port the kernel chose. */
  get address(): ListenAddress {
    return this.#door.address;
  }

  /** From now on shows this; before, it only says that the suite starts. */
  show(source: StatusSource, logger: Logger): void {
    this.#source = source;
    this.#logger = logger;
    logger.info({ address: formatListenAddress(this.address) }, 'metrics and probes are served');
  }

  /** Closes the door and every connection. */
  close(): void {
    this.#door.close();
  }

  /** Never rejects: an error here must not be one of the supervisor. */
  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    try {
      const [path] = (request.url ?? '').split('?', 1);
      const route = this.#route(path);
      if (route === undefined)
        return sendAnswer(request, response, textAnswer(404, 'not here: /metrics, /healthz, /readyz'));
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.setHeader('Allow', 'GET, HEAD');
        return sendAnswer(request, response, textAnswer(405, 'only GET and HEAD'));
      }
      sendAnswer(request, response, await route());
    } catch (error) {
      this.#logger?.error({ err: error, url: request.url }, 'a request for metrics failed');
      if (response.headersSent) response.destroy();
      else sendAnswer(request, response, textAnswer(500, 'an error of this program; see its log'));
    }
  }

  /** What answers at a path; undefined where nothing is. */
  #route(path: string | undefined): (() => Answer | Promise<Answer>) | undefined {
    switch (path) {
      case '/metrics':
        return () => this.#metrics();
      case '/healthz':
        return () => textAnswer(200, 'ok');
      case '/readyz':
        return () => this.#ready();
      default:
        return undefined;
    }
  }

  async #metrics(): Promise<Answer> {
    const source = this.#source;
    if (source === undefined) return textAnswer(503, 'the suite starts');
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
    if (source === undefined) return textAnswer(503, 'the suite starts');
    await source.refresh();
    const reasons = unreadyReasons(source.status());
    return reasons.length === 0 ? textAnswer(200, 'ready') : textAnswer(503, reasons.join('\n'));
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
