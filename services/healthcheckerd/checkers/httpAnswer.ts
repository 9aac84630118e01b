/** Judges an answer of HTTP as it arrives, with bounded memory. Pure but for the hash and the search it is given. */
import { createHash, type Hash } from 'node:crypto';
import type { RegexConfig, UrlConfig } from '../config/checkerModel.js';

/** A header longer than this is no answer. */
const MAX_HEADER_BYTES = 64 * 1024;
/** How much of a body is searched by a regular expression; all of it is hashed. */
export const MAX_SEARCHED_BYTES = 4 * 1024 * 1024;
const HEADER_END = Buffer.from('\r\n\r\n');

/** Searches a body; throws Error when the expression cannot be used. */
export type Search = (regex: RegexConfig, body: Buffer) => 'match' | 'no match' | 'given up';

/** The code in `HTTP/1.1 200 OK`: the word after the first; undefined for a line without one. */
export function statusCode(header: Buffer): number | undefined {
  const end = header.indexOf('\r\n');
  const line = header.toString('latin1', 0, Math.min(end < 0 ? header.length : end, 256));
  const [, code] = /^[^ ]* +([0-9]{3})(?: |$)/.exec(line) ?? [];
  return code === undefined ? undefined : Number(code);
}

export class HttpAnswer {
  readonly #url: UrlConfig;
  readonly #search: Search;
  readonly #hash: Hash | undefined;
  #header: Buffer[] = [];
  #headerBytes = 0;
  #status: number | undefined;
  #inBody = false;
  readonly #kept: Buffer[] = [];
  #keptBytes = 0;
  #bodyBytes = 0;

  constructor(url: UrlConfig, search: Search) {
    this.#url = url;
    this.#search = search;
    this.#hash = url.digest === undefined ? undefined : createHash('md5');
  }

  /** Takes what arrived; an answer that can no longer be good is refused in words. */
  take(chunk: Buffer): string | undefined {
    if (this.#inBody) {
      this.#takeBody(chunk);
      return undefined;
    }
    this.#header.push(chunk);
    this.#headerBytes += chunk.length;
    const end = this.#findHeaderEnd(chunk);
    if (end === undefined) {
      if (this.#headerBytes <= MAX_HEADER_BYTES) return undefined;
      return `the header is longer than ${MAX_HEADER_BYTES} bytes`;
    }
    const all = Buffer.concat(this.#header);
    this.#header = [];
    this.#inBody = true;
    this.#status = statusCode(all);
    this.#takeBody(all.subarray(end + HEADER_END.length));
    return this.#judgeStatus(all);
  }

  /** The end of the header may lie across chunks of any size: only what is new is looked at, and three bytes before it. */
  #findHeaderEnd(chunk: Buffer): number | undefined {
    let tail = chunk;
    if (this.#header.length > 1) {
      // Many tiny chunks become one, so that a slow header costs no more than its size.
      const joined = Buffer.concat(this.#header);
      this.#header = [joined];
      tail = joined.subarray(Math.max(0, joined.length - chunk.length - 3));
    }
    const found = tail.indexOf(HEADER_END);
    return found < 0 ? undefined : this.#headerBytes - tail.length + found;
  }

  #judgeStatus(header: Buffer): string | undefined {
    const status = this.#status;
    if (status === undefined) {
      const line = header.toString('latin1', 0, 40).split('\r\n')[0] ?? '';
      return `no HTTP status line but ${JSON.stringify(line)}`;
    }
    if (this.#url.status.some(({ first, last }) => status >= first && status <= last)) return undefined;
    return `status code ${status}`;
  }

  #takeBody(chunk: Buffer): void {
    this.#bodyBytes += chunk.length;
    this.#hash?.update(chunk);
    if (this.#url.regex === undefined || this.#keptBytes >= MAX_SEARCHED_BYTES) return;
    const part = chunk.subarray(0, MAX_SEARCHED_BYTES - this.#keptBytes);
    this.#kept.push(part);
    this.#keptBytes += part.length;
  }

  /** The connection ended: what is wrong with the whole answer, in words; undefined when it is as expected. */
  end(): string | undefined {
    if (!this.#inBody) {
      return this.#headerBytes === 0
        ? 'the server closed the connection without an answer'
        : 'the server closed the connection before the end of the header';
    }
    const digest = this.#hash?.digest('hex');
    if (digest !== undefined && digest !== this.#url.digest) {
      return `MD5 digest ${digest} of ${this.#bodyBytes} bytes instead of ${this.#url.digest}`;
    }
    const { regex } = this.#url;
    return regex === undefined ? undefined : this.#judgeBody(regex);
  }

  #judgeBody(regex: RegexConfig): string | undefined {
    switch (this.#search(regex, Buffer.concat(this.#kept))) {
      case 'given up':
        return 'regex took too long on this answer and was given up: make it simpler';
      case 'match':
        return regex.noMatch ? 'regex matches, and regex_no_match is set' : undefined;
      case 'no match':
        return regex.noMatch ? undefined : 'regex does not match';
    }
  }
}
