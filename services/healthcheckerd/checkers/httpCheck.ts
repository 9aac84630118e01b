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
  let socket: Socket | undefined;
  const result = new SingleResult(ended, () => {
    abandon();
    socket?.destroy();
  });
  const talk = (opened: Socket): void => {
    socket = opened;
    if (result.over || url === undefined) return void opened.destroy();
    if (tls === undefined) {
      exchange(opened, config, url, result);
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
      exchange(secured, config, url, result);
    });
  };
  const abandon = openStream(endpoint, sockets, result, talk);
  if (!result.over) {
    result.allow(timing.connectTimeout);
    result.bound((timing.connectTimeout * WHOLE_CHECK) as Micros);
  }
  return result.cancel;
}

/** Sends the request and judges what comes back. */
function exchange(
  socket: Socket,
  { endpoint, timing, protocol }: HttpCheckConfig,
  url: UrlConfig,
  result: SingleResult,
): void {
  const answer = new HttpAnswer(url, searchPattern);
  const { address, port } = endpoint;
  const text = formatIpAddress(address);
  const { path, virtualHost } = url;
  const host = address.family === 6 ? `[${text}]` : text;
  socket.on('data', (chunk: Buffer) => {
    if (result.over) return;
    result.allow(timing.connectTimeout);
    const refused = answer.take(chunk);
    if (refused !== undefined) result.fail(refused);
  });
  socket.on('error', (error: NodeJS.ErrnoException) =>
    result.tell(
      error.code === 'ECONNRESET'
        ? { kind: 'failure', reason: 'connection reset during the answer' }
        : describeConnectError(error, endpoint),
    ),
  );
  socket.on('end', () => {
    if (result.over) return;
    try {
      const wrong = answer.end();
      result.tell(wrong === undefined ? { kind: 'success' } : { kind: 'failure', reason: wrong });
    } catch (error) {
      // The expression, or the library for it, cannot be used: says nothing about the server.
      result.tell({ kind: 'undecided', reason: error instanceof Error ? error.message : String(error) });
    }
  });
  socket.on('close', () => result.fail('the connection broke'));
  result.allow(timing.connectTimeout);
  socket.write(httpRequest({ path, protocol, host, port, ...(virtualHost === undefined ? {} : { virtualHost }) }));
}

function describeTlsError(error: NodeJS.ErrnoException, config: HttpCheckConfig): CheckResult {
  const code = error.code ?? '';
  if (code === 'ECONNRESET') return { kind: 'failure', reason: 'connection reset during the TLS handshake' };
  if (!code.startsWith('ERR_SSL') && code !== 'EPROTO') return describeConnectError(error, config.endpoint);
  // Of OpenSSL's line only the words: `…:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:…`.
  const words = /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)/.exec(error.message)?.[1] ?? error.message;
  return { kind: 'failure', reason: `TLS: ${words.trim()}` };
}
