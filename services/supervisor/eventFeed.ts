/** What the supervisor tells its own watchers: its events and those of the services, and that the status changed. */
import type { Logger } from '../shared/log/logger.js';
import type { Origin } from '../shared/rpc/generated/keepwatch/v1/common.js';
import type { WatchEventsResponse } from '../shared/rpc/generated/keepwatch/v1/control.js';
import type { ServiceEvent } from '../shared/rpc/generated/keepwatch/v1/lifecycle.js';
import { Mailbox } from '../shared/rpc/mailbox.js';
import type { Clock } from '../shared/time/clock.js';
import { pause } from './serviceLink.js';

/** Events a watcher may be behind. */
const WATCHER_CAPACITY = 4_096;

/** Codes of the supervisor's own events; scripts may rely on them. */
export type SupervisorEventCode =
  | 'service-ready'
  | 'service-died'
  | 'service-restarted'
  | 'service-hung'
  | 'service-lost'
  | 'service-refused'
  | 'crash-loop'
  | 'adopted'
  | 'ready'
  | 'reloaded'
  | 'reload-refused'
  | 'confirmed'
  | 'rolled-back'
  | 'rollback-failed'
  | 'spare-ready'
  | 'spare-died'
  | 'spare-hung'
  | 'upgrading'
  | 'replaced'
  | 'upgraded'
  | 'upgrade-failed'
  | 'order-given'
  | 'order-ended'
  | 'module-ready'
  | 'module-impaired'
  | 'module-died'
  | 'module-stopped'
  | 'stopping';

const WARNINGS: ReadonlySet<SupervisorEventCode> = new Set([
  'service-died',
  'service-hung',
  'service-lost',
  'service-refused',
  'rolled-back',
  'spare-died',
  'spare-hung',
  'module-impaired',
  'module-died',
]);
const ERRORS: ReadonlySet<SupervisorEventCode> = new Set([
  'crash-loop',
  'reload-refused',
  'rollback-failed',
  'upgrade-failed',
]);

export interface EventFeedOptions {
  readonly incarnation: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly generation: () => bigint;
  /** Keeps every event for the history. */
  readonly record: (event: WatchEventsResponse) => void;
}

export class EventFeed {
  readonly #options: EventFeedOptions;
  readonly #watchers = new Set<Mailbox<WatchEventsResponse>>();
  #sequence = 0n;
  #change = new AbortController();

  constructor(options: EventFeedOptions) {
    this.#options = options;
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  /** The supervisor speaking, now. */
  origin(): Origin {
    const { incarnation, clock, generation } = this.#options;
    return {
      service: 'keepwatchd',
      incarnation,
      sequence: this.#sequence,
      generation: generation(),
      at: clock.wall(),
      monotonicNs: BigInt(Math.round(clock.now())) * 1000n,
    };
  }

  /** An event of the supervisor itself: logged and told. */
  tell(code: SupervisorEventCode, text: string, service = ''): void {
    const level = ERRORS.has(code) ? 'error' : WARNINGS.has(code) ? 'warn' : 'info';
    this.#options.logger[level]({ event: code, ...(service === '' ? {} : { about: service }) }, text);
    this.#sequence++;
    this.#push({ origin: this.origin(), event: { $case: 'supervisor', value: { code, service, text } } });
    this.changed();
  }

  /** An event of a service, as it came. */
  pass(origin: Origin, event: ServiceEvent): void {
    this.#push({ origin, event: { $case: 'service', value: event } });
    this.changed();
  }

  /** The status is not what it was. */
  changed(): void {
    const change = this.#change;
    this.#change = new AbortController();
    change.abort();
  }

  /** Waits for the next change, at most `timeoutMs`, or until `signal`. */
  async nextChange(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    const finish = (): void => done.abort();
    const { signal: change } = this.#change;
    change.addEventListener('abort', finish);
    signal.addEventListener('abort', finish);
    if (signal.aborted) finish();
    await pause(timeoutMs, done.signal);
    change.removeEventListener('abort', finish);
    signal.removeEventListener('abort', finish);
  }

  subscribe(): Mailbox<WatchEventsResponse> {
    const watcher = new Mailbox<WatchEventsResponse>(WATCHER_CAPACITY);
    this.#watchers.add(watcher);
    return watcher;
  }

  unsubscribe(watcher: Mailbox<WatchEventsResponse>): void {
    this.#watchers.delete(watcher);
  }

  /** Ends all watchers. */
  close(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.changed();
  }

  #push(event: WatchEventsResponse): void {
    this.#options.record(event);
    for (const watcher of this.#watchers) watcher.push(event);
  }
}
