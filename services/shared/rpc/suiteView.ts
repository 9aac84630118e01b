/**
 * What an optional process knows of the suite: its events as they happen, and its status only when it is asked for, so that
 * a module nobody asks costs the services nothing.
 */
import type { Client } from 'nice-grpc';
import type { Logger } from '../log/logger.js';
import type { DeadlineOption } from './client.js';
import { describeRpcError } from './errors.js';
import type {
  ControlServiceDefinition,
  GetConfigurationResponse,
  SuiteStatus,
  WatchEventsResponse,
} from './generated/keepwatch/v1/control.js';

export type ControlClient = Client<typeof ControlServiceDefinition, DeadlineOption>;

/** Status and configuration that belong together. */
export interface KnownSuite {
  readonly status: SuiteStatus;
  readonly configuration: GetConfigurationResponse;
}

export interface SuiteViewOptions {
  readonly control: ControlClient;
  readonly logger: Logger;
  /** Ends everything. */
  readonly signal: AbortSignal;
  /** Hears every event. */
  readonly onEvent: (event: WatchEventsResponse) => void;
  /** No events come, for this reason, in words. */
  readonly onLost: (reason: string) => void;
}

/** A status this young answers without another one. */
const FRESH_MS = 1_000;
/** The services spend at most this part of their time on it: the larger the suite, the older a status may be. */
const LOAD_PART = 20;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** Longest wait for an answer. */
const DEADLINE_MS = 8_000;

export class SuiteView {
  readonly #options: SuiteViewOptions;
  #known: (KnownSuite & { readonly until: number }) | undefined;
  #asking: Promise<KnownSuite> | undefined;
  /** Why no events come, in words; empty while they do. */
  #problem = 'waits for keepwatchd';

  constructor(options: SuiteViewOptions) {
    this.#options = options;
    void this.#follow();
  }

  /** Why nothing is heard of the suite, in words; empty while it is. */
  get problem(): string {
    return this.#problem;
  }

  /** The suite as it is now, or was a moment ago. Rejects when it does not answer. Callers at the same time share one call. */
  async current(): Promise<KnownSuite> {
    if (this.#known !== undefined && performance.now() < this.#known.until) return this.#known;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return await this.#asking;
  }

  /** The next {@link current} asks again: something happened. */
  outdated(): void {
    this.#known = undefined;
  }

  async #ask(): Promise<KnownSuite> {
    const { control } = this.#options;
    const began = performance.now();
    const known = this.#known;
    const { status } = await control.getStatus({}, { deadlineMs: DEADLINE_MS });
    if (status === undefined) throw new Error('the answer carries no status');
    const inForce = known?.configuration;
    const same =
      inForce?.origin?.incarnation === status.origin?.incarnation &&
      inForce?.origin?.generation === status.origin?.generation;
    const configuration =
      same && inForce !== undefined ? inForce : await control.getConfiguration({}, { deadlineMs: DEADLINE_MS });
    const ended = performance.now();
    const next = { status, configuration, until: ended + Math.max(FRESH_MS, LOAD_PART * (ended - began)) };
    this.#known = next;
    return next;
  }

  async #follow(): Promise<void> {
    const { signal, logger } = this.#options;
    let pause = FIRST_PAUSE_MS;
    while (!signal.aborted) {
      try {
        await this.#followOnce(() => {
          pause = FIRST_PAUSE_MS;
        });
        this.#lost('keepwatchd ended the stream of events');
      } catch (error) {
        if (signal.aborted) return;
        const reason = `keepwatchd does not answer: ${describeRpcError(error)}`;
        logger.debug({ err: error }, reason);
        this.#lost(reason);
      }
      this.#known = undefined;
      await wait(pause, signal);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  }

  #lost(reason: string): void {
    this.#problem = reason;
    this.#options.onLost(reason);
  }

  /** One stream of events, from its first to its end. */
  async #followOnce(connected: () => void): Promise<void> {
    const { control, signal, onEvent } = this.#options;
    const over = new AbortController();
    const events = control.watchEvents({}, { signal: AbortSignal.any([signal, over.signal]) });
    try {
      const stream = events[Symbol.asyncIterator]();
      // It says nothing until something happens: an answer to another call shows that there is a suite.
      let next = stream.next();
      next.catch(() => {});
      await this.current();
      connected();
      this.#problem = '';
      for (let event = await next; event.done !== true; event = await next) {
        onEvent(event.value);
        next = stream.next();
      }
    } finally {
      over.abort();
    }
  }
}

/** Waits, but not beyond an abort. */
export function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
