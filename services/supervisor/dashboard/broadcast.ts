/**
 * The streams of Server-Sent Events: one view is made for all of them. Who reads slowly misses views and gets the newest one
 * when there is room again; nothing is queued for anybody.
 */
import type { ServerResponse } from 'node:http';
import type { Logger } from '../../shared/log/logger.js';
import type { EventFeed } from '../eventFeed.js';
import type { History } from '../history.js';
import type { StatusSource } from '../metricsServer.js';
import { pause } from '../serviceLink.js';
import { suiteView, type ViewPlace } from './suiteView.js';
import { timelineEntry } from './timeline.js';
import type { TimelineUpdate } from './view.js';

/** A view is sent at least this often … */
const VIEW_INTERVAL_MS = 1_000;
/** … and at most this often … */
const VIEW_PAUSE_MS = 100;
/** … and rarer where it costs more: this many times what it took to make it. */
const COST_FACTOR = 10;
const MAX_STREAMS = 16;
/** Entries of the time line a page gets. */
const TIMELINE_LENGTH = 250;
/** Whoever has taken nothing for that long is gone. */
const STALL_LIMIT_MS = 20_000;

/** What pages show, and when it changes. */
export interface DashboardSource extends StatusSource {
  readonly feed: Pick<EventFeed, 'nextChange'>;
  readonly history: Pick<History, 'find' | 'count'>;
}

interface Stream {
  readonly response: ServerResponse;
  /** Number of the last entry it has; undefined: none yet. */
  told: number | undefined;
  /** Since when its connection takes nothing. */
  stalledAt: number | undefined;
  /** There is a view it has not got. */
  behind: boolean;
}

export class Broadcast {
  readonly #source: DashboardSource;
  readonly #place: ViewPlace;
  readonly #logger: Logger;
  readonly #streams = new Set<Stream>();
  readonly #closed = new AbortController();
  #view = '';
  #running = false;

  constructor(source: DashboardSource, place: ViewPlace, logger: Logger) {
    this.#source = source;
    this.#place = place;
    this.#logger = logger;
  }

  /** There is room for one more. */
  get free(): boolean {
    return this.#streams.size < MAX_STREAMS;
  }

  /** Writes to this response, whose head was written, until its connection ends. */
  add(response: ServerResponse): void {
    const stream: Stream = { response, told: undefined, stalledAt: undefined, behind: false };
    this.#streams.add(stream);
    response.on('drain', () => {
      stream.stalledAt = undefined;
      if (stream.behind) this.#write(stream);
    });
    response.once('close', () => this.#streams.delete(stream));
    if (!this.#running) void this.#run();
    // What the others got last, at most a second ago.
    else if (this.#view !== '') this.#write(stream);
  }

  /** Ends every stream; pages ask for another one. */
  endAll(): void {
    for (const { response } of this.#streams) response.end();
  }

  /** Ends every stream for good. */
  close(): void {
    this.#closed.abort();
    this.endAll();
  }

  /** Makes views as long as somebody looks. Never rejects. */
  async #run(): Promise<void> {
    const { signal } = this.#closed;
    this.#running = true;
    while (this.#streams.size > 0 && !signal.aborted) {
      const rest = await this.#once().catch((error: unknown) => {
        this.#logger.error({ err: error }, 'a view for the dashboard could not be made');
        return VIEW_INTERVAL_MS;
      });
      await pause(rest, signal);
      await this.#source.feed.nextChange(Math.max(0, VIEW_INTERVAL_MS - rest), signal);
    }
    this.#running = false;
    this.#view = '';
  }

  /** One view for everybody. Returns how long to rest. */
  async #once(): Promise<number> {
    await this.#source.refresh();
    const started = performance.now();
    this.#view = eventText('view', suiteView(this.#source.status(), this.#place));
    for (const stream of this.#streams) this.#offer(stream);
    return Math.max(VIEW_PAUSE_MS, COST_FACTOR * (performance.now() - started));
  }

  #offer(stream: Stream): void {
    if (stream.stalledAt === undefined) this.#write(stream);
    else if (performance.now() - stream.stalledAt > STALL_LIMIT_MS) stream.response.destroy();
    else stream.behind = true;
  }

  #write(stream: Stream): void {
    const { response, told } = stream;
    stream.behind = false;
    const update = timelineUpdate(this.#source.history, told);
    stream.told = this.#source.history.count;
    const news = update === undefined ? '' : eventText('timeline', update);
    if (!response.write(news + this.#view)) stream.stalledAt = performance.now();
  }
}

/** What is new after the entry with that number; undefined: nothing. */
export function timelineUpdate(
  history: DashboardSource['history'],
  told: number | undefined,
): TimelineUpdate | undefined {
  const { count } = history;
  if (told === count) return undefined;
  const missing = told === undefined ? TIMELINE_LENGTH : count - told;
  const found = history.find({ limit: Math.min(missing, TIMELINE_LENGTH), subject: '', since: undefined });
  const first = count - found.length + 1;
  return {
    whole: told === undefined || found.length < missing,
    entries: found.map((entry, index) => timelineEntry(entry, first + index)),
  };
}

/** JSON has no line breaks of its own, which would end the event. */
const eventText = (name: string, data: unknown): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
