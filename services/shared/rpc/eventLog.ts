import type { Logger } from '../log/logger.js';
import type { Clock } from '../time/clock.js';
import type { Origin } from './generated/keepwatch/v1/common.js';
import type { ServiceEvent, WatchResponse } from './generated/keepwatch/v1/lifecycle.js';
import { Mailbox } from './mailbox.js';
import type { EventSink } from './service.js';

/** Events with notifications kept for a relay that does not acknowledge. */
const DEFAULT_MAX_RETAINED = 10_000;
/** Events a watcher may be behind before it has to start again. */
const DEFAULT_WATCHER_CAPACITY = 4_096;

export interface EventLogOptions {
  readonly service: string;
  readonly incarnation: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly maxRetained?: number;
  readonly watcherCapacity?: number;
}

/**
 * Numbers the events of one incarnation, hands them to the watchers and keeps what must not be lost until it is
 * acknowledged.
 *
 * Only events that carry notifications are kept: state is sent whole at every new Watch, so an event without them says
 * nothing a watcher would miss. When nobody acknowledges, the oldest of more than `maxRetained` is dropped; that is
 * counted, logged as an error and shown as an impairment.
 */
export class EventLog implements EventSink {
  readonly #options: EventLogOptions;
  readonly #retained: WatchResponse[] = [];
  readonly #watchers = new Set<Mailbox<WatchResponse>>();
  readonly #drainWaiters = new Set<() => void>();
  #sequence = 0n;
  #generation = 0n;
  #lost = 0;

  constructor(options: EventLogOptions) {
    this.#options = options;
  }

  get incarnation(): string {
    return this.#options.incarnation;
  }

  /** Sequence of the last event; 0 before the first. */
  get sequence(): bigint {
    return this.#sequence;
  }

  /** Configuration generation in force. */
  get generation(): bigint {
    return this.#generation;
  }

  set generation(generation: bigint) {
    this.#generation = generation;
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  /** Events kept because they are not acknowledged. */
  get retainedCount(): number {
    return this.#retained.length;
  }

  /** Events with notifications that were dropped unacknowledged. */
  get lostCount(): number {
    return this.#lost;
  }

  /** Who speaks, now; with the sequence of the last event. */
  origin(): Origin {
    const { service, incarnation, clock } = this.#options;
    return {
      service,
      incarnation,
      sequence: this.#sequence,
      generation: this.#generation,
      at: clock.wall(),
      monotonicNs: BigInt(Math.round(clock.now())) * 1000n,
    };
  }

  publish(event: ServiceEvent): void {
    this.#sequence++;
    const entry: WatchResponse = { origin: this.origin(), body: { $case: 'event', value: event } };
    if (event.notifications.length > 0) this.#retain(entry);
    for (const watcher of this.#watchers) watcher.push(entry);
  }

  /** Forgets events up to a sequence; another incarnation's acknowledgement says nothing about ours. */
  acknowledge(incarnation: string, upTo: bigint): void {
    if (incarnation !== this.incarnation) return;
    const keepFrom = this.#retained.findIndex((entry) => sequenceOf(entry) > upTo);
    this.#retained.splice(0, keepFrom === -1 ? this.#retained.length : keepFrom);
    if (this.#retained.length === 0) for (const wake of this.#drainWaiters) wake();
  }

  /**
   * The events still kept, oldest first. A watcher that knows this incarnation has those up to `afterSequence` already
   * and does not get them again; one that does not gets all.
   */
  unacknowledged(incarnation: string, afterSequence: bigint): WatchResponse[] {
    if (incarnation !== this.incarnation) return [...this.#retained];
    return this.#retained.filter((entry) => sequenceOf(entry) > afterSequence);
  }

  /** Events from now on. */
  subscribe(): Mailbox<WatchResponse> {
    const watcher = new Mailbox<WatchResponse>(this.#options.watcherCapacity ?? DEFAULT_WATCHER_CAPACITY);
    this.#watchers.add(watcher);
    return watcher;
  }

  unsubscribe(watcher: Mailbox<WatchResponse>): void {
    this.#watchers.delete(watcher);
    watcher.close();
  }

  /** Ends all watchers after they have read what is there. */
  close(): void {
    for (const watcher of this.#watchers) watcher.close();
  }

  /** Waits until everything is acknowledged, at most `timeoutMs`; does not wait when nobody watches. */
  async drained(timeoutMs: number): Promise<boolean> {
    if (this.#retained.length > 0 && this.#watchers.size > 0) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          this.#drainWaiters.delete(done);
          resolve();
        };
        const timer = setTimeout(done, timeoutMs);
        this.#drainWaiters.add(done);
      });
    }
    return this.#retained.length === 0;
  }

  #retain(entry: WatchResponse): void {
    this.#retained.push(entry);
    if (this.#retained.length <= (this.#options.maxRetained ?? DEFAULT_MAX_RETAINED)) return;
    this.#retained.shift();
    this.#lost++;
    // One line for the first and then for every thousandth: a full log must not fill the disk too.
    if (this.#lost % 1000 === 1) {
      this.#options.logger.error(
        { lost: this.#lost },
        'notifications dropped: nobody acknowledges them; is the supervisor running?',
      );
    }
  }
}

const sequenceOf = (entry: WatchResponse): bigint => entry.origin?.sequence ?? 0n;
