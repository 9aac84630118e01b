/**
 * HTTP_GET and SSL_GET: one url of them, over a connection of its own. The answer ends with the connection, as keepalived reads
 * it: a server that leaves an HTTP/1.0 connection open fails by its silence.
 */
import { isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ClientSockets } from '../../shared/kernel/clientSockets.js';
import { formatIpAddress } from '../../shared/net/address.js';
import type { Micros } from '../../shared/time/duration.js';
import type { CheckResult } from '../checker.js';
import type { HttpCheckConfig, UrlConfig } from '../config/checkerModel.js';
import { httpRequest } from '../genhash/httpRequest.js';
import { describeConnectError } from './connectError.js';
import { HttpAnswer } from './httpAnswer.js';
import { searchPattern } from './patterns.js';
import { LONGEST_REQUEST, talkPlainly } from './plainTalk.js';
import { SingleResult } from './singleResult.js';
import { openStream } from './stream.js';
import { tlsContext } from './tlsContext.js';
import { TlsTransport } from './tlsTransport.js';

/**
 * `connect_timeout` bounds every silence, as in keepalived; this many of them the whole check, so that a server that dribbles
 * cannot hold it for ever.
 */
const WHOLE_CHECK = 4;

const CLOSED_IN_HANDSHAKE = 'the server closed the connection during the TLS handshake';

/** Runs one HTTP_GET or SSL_GET of the url with this number; see Prober.start. */
export function startHttpCheck(
  config: HttpCheckConfig,
  urlNumber: number,
  sockets: ClientSockets,
  ended: (result: CheckResult) => void,
): () => void {
  const { endpoint, timing, tls } = config;
  const url = config.urls[urlNumber] ?? config.urls[0];
  if (url === undefined) throw new Error('an HTTP check without a url');
  let abandon = (): void => undefined;
  const result = new SingleResult(ended, () => abandon());
  const exchange = new Exchange(config, url, result);
  abandon =
    tls === undefined && exchange.request.length <= LONGEST_REQUEST
      ? talkPlainly(endpoint, sockets, result, {
          connected: () => exchange.begin(),
          received: (piece) => exchange.received(piece),
          ended: () => exchange.ended(),
          failed: (error) => exchange.failed(error),
        })
      : talkThrough(config, url, sockets, result, exchange);
  if (result.over) abandon();
  else {
    result.allow(timing.connectTimeout);
    result.bound((timing.connectTimeout * WHOLE_CHECK) as Micros);
  }
  return result.cancel;
}

/** The same through one of Node's sockets, and TLS where that is configured. Returns what ends it. */
function talkThrough(
  config: HttpCheckConfig,
  url: UrlConfig,
  sockets: ClientSockets,
  result: SingleResult,
  exchange: Exchange,
): () => void {
  const { endpoint, timing, tls } = config;
  let socket: Socket | undefined;
  const talk = (opened: Socket): void => {
    socket = opened;
    if (result.over) return void opened.destroy();
    if (tls === undefined) {
      listen(opened, exchange, result);
      return;
    }
    opened.on('error', (error) => result.tell(describeConnectError(error, endpoint)));
    let established = false;
    try {
      const { virtualHost } = url;
      const name = tls.sni && virtualHost !== undefined && isIP(virtualHost) === 0 ? { servername: virtualHost } : {};
      const transport = tls.compliant
        ? new TlsTransport(opened, () =>
            result.fail(established ? 'TLS connection ended without close_notify' : CLOSED_IN_HANDSHAKE),
          )
        : opened;
      socket = connectTls({
        socket: transport,
        secureContext: tlsContext(tls.files),
        rejectUnauthorized: false,
        ...name,
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      result.tell({ kind: 'undecided', reason: `the SSL block cannot be used: ${reason}` });
      return;
    }
    result.allow(timing.connectTimeout, 'no end of the TLS handshake');
    const secured = socket;
    secured.on('error', (error: NodeJS.ErrnoException) => result.tell(describeTlsError(error, config)));
    secured.on('close', () => result.fail(CLOSED_IN_HANDSHAKE));
    secured.once('secureConnect', () => {
      established = true;
      secured.removeAllListeners('close');
      listen(secured, exchange, result);
    });
  };
  const abandon = openStream(endpoint, sockets, result, talk);
  return () => {
    abandon();
    socket?.destroy();
  };
}

/** Sends the request on an open socket and hands on what comes back. */
function listen(socket: Socket, exchange: Exchange, result: SingleResult): void {
  socket.on('data', (piece: Buffer) => exchange.received(piece));
  socket.on('error', (error: NodeJS.ErrnoException) => exchange.failed(error));
  socket.on('end', () => exchange.ended());
  socket.on('close', () => result.fail('the connection broke'));
  socket.write(exchange.begin());
}

/** The request, and the judgement of what comes back. */
class Exchange {
  readonly request: Buffer;
  readonly #config: HttpCheckConfig;
  readonly #result: SingleResult;
  readonly #answer: HttpAnswer;

  constructor(config: HttpCheckConfig, url: UrlConfig, result: SingleResult) {
    const { endpoint, protocol } = config;
    const { address, port } = endpoint;
    const text = formatIpAddress(address);
    const host = address.family === 6 ? `[${text}]` : text;
    const { path, virtualHost } = url;
    const named = virtualHost === undefined ? {} : { virtualHost };
    this.request = Buffer.from(httpRequest({ path, protocol, host, port, ...named }));
    this.#config = config;
    this.#result = result;
    this.#answer = new HttpAnswer(url, searchPattern);
  }

  /** The connection is there: the server's time begins. Gives what to send. */
  begin(): Buffer {
    this.#result.allow(this.#config.timing.connectTimeout);
    return this.request;
  }

  received(piece: Buffer): void {
    if (this.#result.over) return;
    this.#result.allow(this.#config.timing.connectTimeout);
    const refused = this.#answer.take(piece);
    if (refused !== undefined) this.#result.fail(refused);
  }

  ended(): void {
    if (this.#result.over) return;
    try {
      const wrong = this.#answer.end();
      this.#result.tell(wrong === undefined ? { kind: 'success' } : { kind: 'failure', reason: wrong });
    } catch (error) {
      // The expression, or the library for it, cannot be used: says nothing about the server.
      this.#result.tell({ kind: 'undecided', reason: error instanceof Error ? error.message : String(error) });
    }
  }

  failed(error: NodeJS.ErrnoException): void {
    this.#result.tell(
      error.code === 'ECONNRESET'
        ? { kind: 'failure', reason: 'connection reset during the answer' }
        : describeConnectError(error, this.#config.endpoint),
    );
  }
}

function describeTlsError(error: NodeJS.ErrnoException, config: HttpCheckConfig): CheckResult {
  const code = error.code ?? '';
  if (code === 'ECONNRESET') return { kind: 'failure', reason: 'connection reset during the TLS handshake' };
  if (!code.startsWith('ERR_SSL') && code !== 'EPROTO') return describeConnectError(error, config.endpoint);
  // Of OpenSSL's line only the words: `…:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:…`.
  const words = /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)/.exec(error.message)?.[1] ?? error.message;
  return { kind: 'failure', reason: `TLS: ${words.trim()}` };
}
