/** Sends spans to a collector: OTLP over HTTP in JSON, in batches, behind the back of everything else. What does not fit is counted. */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Logger } from '../../shared/log/logger.js';
import { otlpJson, type TraceSource } from './otlpJson.js';
import type { Span } from './span.js';

/** Spans that wait; the newest are dropped when there are more. */
const QUEUE_LIMIT = 2_048;
const BATCH_LIMIT = 512;
const BATCH_PAUSE_MS = 1_000;
/** Pause after a collector that did not take a batch, twice as long each time. */
const LONGEST_PAUSE_MS = 30_000;
const ANSWER_LIMIT_MS = 5_000;
/** Drops are told that often. */
const REPORT_INTERVAL_MS = 60_000;

export interface SpanExporterOptions {
  /** `http://127.0.0.1:4318/v1/traces`. */
  readonly url: URL;
  readonly source: TraceSource;
  readonly logger: Logger;
}

/** What became of spans. */
export interface ExportCounts {
  readonly exported: number;
  readonly dropped: number;
}

export class SpanExporter {
  readonly #options: SpanExporterOptions;
  #queue: Span[] = [];
  #exported = 0;
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;
  #sending = false;
  #closed = false;
  #pauseMs = BATCH_PAUSE_MS;
  #failing = false;
  #reported = { dropped: 0, at: Number.NEGATIVE_INFINITY };

  constructor(options: SpanExporterOptions) {
    this.#options = options;
  }

  get counts(): ExportCounts {
    return { exported: this.#exported, dropped: this.#dropped };
  }

  add(span: Span): void {
    if (this.#closed || this.#queue.length >= QUEUE_LIMIT) {
      this.#dropped++;
      this.#report('the queue is full');
      return;
    }
    this.#queue.push(span);
    this.#schedule();
  }

  /** Sends what waits once more and ends. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    // A collector that is away must not hold the end up.
    if (!this.#failing) await this.#send();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#sending) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#send();
    }, this.#pauseMs);
    this.#timer.unref();
  }

  async #send(): Promise<void> {
    if (this.#sending || this.#queue.length === 0) return;
    this.#sending = true;
    const batch = this.#queue.splice(0, BATCH_LIMIT);
    const outcome = await this.#post(JSON.stringify(otlpJson(batch, this.#options.source)));
    this.#sending = false;
    if (outcome === 'taken') {
      this.#exported += batch.length;
      this.#pauseMs = BATCH_PAUSE_MS;
      if (this.#failing) this.#options.logger.info({ url: this.#options.url.href }, 'the collector takes traces again');
      this.#failing = false;
    } else {
      if (!this.#failing)
        this.#options.logger.warn(
          { url: this.#options.url.href, reason: outcome.reason },
          'the collector takes no traces',
        );
      this.#failing = true;
      this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
      if (outcome.again) this.#putBack(batch);
      else {
        this.#dropped += batch.length;
        this.#report(outcome.reason);
      }
    }
    if (this.#queue.length > 0 && !this.#closed) this.#schedule();
  }

  /** In front of what came meanwhile, as far as there is room. */
  #putBack(batch: readonly Span[]): void {
    const room = Math.max(0, QUEUE_LIMIT - this.#queue.length);
    this.#queue = [...batch.slice(0, room), ...this.#queue];
    this.#dropped += Math.max(0, batch.length - room);
    if (batch.length > room) this.#report('the queue is full');
  }

  /** Never rejects. `again`: the collector may take it later (OTLP/HTTP, "Failures"). */
  #post(body: string): Promise<'taken' | { readonly again: boolean; readonly reason: string }> {
    const { url } = this.#options;
    const request = url.protocol === 'https:' ? requestHttps : requestHttp;
    return new Promise((resolve) => {
      const failed = (reason: string): void => resolve({ again: true, reason });
      const outgoing = request(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
        signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
      });
      outgoing.on('error', (error) => failed(error.name === 'TimeoutError' ? 'no answer in time' : error.message));
      outgoing.on('response', (response) => {
        // What it says is of no use here, and has to be read for the connection to end.
        response.resume();
        response.on('error', (error) => failed(error.message));
        const { statusCode = 0 } = response;
        if (statusCode >= 200 && statusCode < 300) resolve('taken');
        else resolve({ again: RETRYABLE.has(statusCode), reason: `HTTP ${statusCode}` });
      });
      outgoing.end(body);
    });
  }

  #report(reason: string): void {
    const now = performance.now();
    if (now - this.#reported.at < REPORT_INTERVAL_MS) return;
    const { dropped } = this.#reported;
    this.#reported = { dropped: this.#dropped, at: now };
    this.#options.logger.warn({ dropped: this.#dropped - dropped, reason }, 'steps of traces were dropped');
  }
}

const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);
