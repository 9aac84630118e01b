/** Fetches one page over a connection of its own and hashes its body as it arrives: framing and all, as keepalived does. */
import { createHash } from 'node:crypto';
import { connect, isIP, isIPv6, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type HttpProtocol, httpRequest } from './httpRequest.js';

/** A header longer than this is no answer. */
const MAX_HEADER_BYTES = 64 * 1024;
/** How much of a body is kept for showing; all of it is hashed. */
const MAX_KEPT_BYTES = 16 * 1024 * 1024;

export interface PageRequest {
  /** IP address. */
  readonly server: string;
  readonly port: number;
  readonly path: string;
  readonly tls: boolean;
  /** Send the virtual host as server name in the TLS handshake. */
  readonly sni: boolean;
  readonly virtualHost?: string;
  readonly protocol: HttpProtocol;
  /** For the whole exchange. */
  readonly timeoutMs: number;
}

export interface Page {
  /** Status line and header fields with their closing empty line. */
  readonly header: Buffer;
  readonly body: Buffer;
  readonly md5: string;
}

/** Fetches a page. Rejects with what went wrong in words. The certificate is not judged, as in keepalived. */
export function fetchPage(request: PageRequest): Promise<Page> {
  const { server, port, path, tls, sni, virtualHost, protocol, timeoutMs } = request;
  if (isIP(server) === 0) return Promise.reject(new Error(`'${server}' is not an IP address`));
  return new Promise((resolve, reject) => {
    const socket: Socket = tls
      ? connectTls({
          host: server,
          port,
          rejectUnauthorized: false,
          ...(sni && virtualHost !== undefined ? { servername: virtualHost } : {}),
        })
      : connect({ host: server, port });
    const reader = new PageReader();
    const timer = setTimeout(() => fail(new Error(`no complete answer within ${timeoutMs / 1000} s`)), timeoutMs);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      const host = isIPv6(server) ? `[${server}]` : server;
      socket.write(httpRequest({ path, protocol, host, port, ...(virtualHost === undefined ? {} : { virtualHost }) }));
    });
    socket.on('data', (chunk: Buffer) => {
      if (!reader.take(chunk)) fail(new Error(`the answer's header is longer than ${MAX_HEADER_BYTES} bytes`));
    });
    socket.on('error', fail);
    socket.on('end', () => {
      clearTimeout(timer);
      socket.destroy();
      const page = reader.page();
      if (page === undefined) reject(new Error('the server closed the connection before the end of the header'));
      else resolve(page);
    });
  });
}

/** Divides what arrives into header and body. */
class PageReader {
  #header = Buffer.alloc(0);
  #complete = false;
  readonly #body: Buffer[] = [];
  #kept = 0;
  readonly #hash = createHash('md5');

  /** False when the header grows too long. */
  take(chunk: Buffer): boolean {
    if (this.#complete) {
      this.#takeBody(chunk);
      return true;
    }
    const all = Buffer.concat([this.#header, chunk]);
    const end = all.indexOf('\r\n\r\n');
    if (end < 0) {
      this.#header = all;
      return all.length <= MAX_HEADER_BYTES;
    }
    this.#complete = true;
    this.#header = all.subarray(0, end + 4);
    this.#takeBody(all.subarray(end + 4));
    return true;
  }

  #takeBody(chunk: Buffer): void {
    this.#hash.update(chunk);
    if (this.#kept >= MAX_KEPT_BYTES) return;
    this.#body.push(chunk);
    this.#kept += chunk.length;
  }

  page(): Page | undefined {
    if (!this.#complete) return undefined;
    return { header: this.#header, body: Buffer.concat(this.#body), md5: this.#hash.digest('hex') };
  }
}
