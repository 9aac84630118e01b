/** Makes traces of what the relay hears and does, and sends them away. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger } from '../../shared/log/logger.js';
import type { Origin } from '../../shared/rpc/generated/keepwatch/v1/common.js';
import type { ApplyResponse } from '../../shared/rpc/generated/keepwatch/v1/ipvs.js';
import type { ServiceEvent } from '../../shared/rpc/generated/keepwatch/v1/lifecycle.js';
import type { Notification } from '../../shared/rpc/generated/keepwatch/v1/notify.js';
import type { Clock } from '../../shared/time/clock.js';
import { elapsed } from '../../shared/time/duration.js';
import type { RelayObserver } from '../relayPumps.js';
import { type ExportCounts, SpanExporter } from './spanExporter.js';
import { nanos, type StepTime, TraceBook } from './traceBook.js';

const EXPIRY_INTERVAL_MS = 5_000;

export interface TracerOptions {
  readonly url: URL;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Tracer implements RelayObserver {
  readonly #clock: Clock;
  readonly #exporter: SpanExporter;
  readonly #book: TraceBook;
  readonly #timer: NodeJS.Timeout;

  constructor({ url, version, clock, logger }: TracerOptions) {
    this.#clock = clock;
    this.#exporter = new SpanExporter({ url, source: { version, host: hostname() }, logger });
    this.#book = new TraceBook(
      (bytes) => randomBytes(bytes).toString('hex'),
      (span) => this.#exporter.add(span),
    );
    this.#timer = setInterval(() => this.#book.expire(clock.now()), EXPIRY_INTERVAL_MS);
    this.#timer.unref();
    logger.info({ url: url.href }, 'traces are sent');
  }

  get counts(): ExportCounts {
    return this.#exporter.counts;
  }

  /** An event of a service, before it is relayed. */
  event(origin: Origin, event: ServiceEvent): void {
    this.#book.event(origin, event, this.#clock.now());
  }

  applying(): (outcome: ApplyResponse | Error) => void {
    const traces = this.#book.takeUnapplied();
    const ended = this.#stopwatch();
    return (outcome) => this.#book.applied(traces, ended(), outcome);
  }

  delivering(notifications: readonly Notification[]): () => void {
    const ended = this.#stopwatch();
    return () => this.#book.delivered(notifications, ended());
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#exporter.close();
  }

  /** Begins on the wall clock and goes on with the monotonic one, so that no step has a negative length. */
  #stopwatch(): () => StepTime {
    const startNs = nanos(this.#clock.wall());
    const began = this.#clock.now();
    return () => ({ startNs, endNs: startNs + BigInt(Math.round(elapsed(began, this.#clock.now()))) * 1_000n });
  }
}
