import type { Logger } from '../log/logger.js';
import type { Clock } from '../time/clock.js';
import type { EventStore } from './eventStore.js';
import type { Origin } from './generated/keepwatch/v1/common.js';
import type { ServiceEvent, WatchResponse } from './generated/keepwatch/v1/lifecycle.js';
import type { Notification } from './generated/keepwatch/v1/notify.js';
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
  /** Keeps what is not acknowledged across a SIGKILL; absent: nothing does. */
  readonly store?: EventStore;
  /** What a predecessor left is taken over with the first event, not with the first configuration. */
  readonly inheritsLate?: boolean;
}

/** Notifications of a killed predecessor that are told again in one event. */
const INHERITED_PER_EVENT = 256;

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
  /** Lane to the state a killed predecessor told last, until it is first spoken of. */
  #inherited: Map<string, string> | undefined;

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
    if (generation > 0n && this.#options.inheritsLate !== true) this.#inheritOnce();
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
    this.#inheritOnce();
    this.#sequence++;
    const notifications = this.#identified(event.notifications.filter((one) => !this.#wasTold(one)));
    const entry: WatchResponse = {
      origin: this.origin(),
      body: { $case: 'event', value: { ...event, notifications } },
    };
    if (notifications.length > 0) {
      this.#options.store?.keep(this.#sequence, notifications);
      this.#retain(entry);
    }
    for (const watcher of this.#watchers) watcher.push(entry);
  }

  /** Forgets events up to a sequence; another incarnation's acknowledgement says nothing about ours. */
  acknowledge(incarnation: string, upTo: bigint): void {
    if (incarnation !== this.incarnation) return;
    const keepFrom = this.#retained.findIndex((entry) => sequenceOf(entry) > upTo);
    const gone = this.#retained.splice(0, keepFrom === -1 ? this.#retained.length : keepFrom);
    if (gone.length > 0) this.#options.store?.release(upTo, () => this.#open());
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

  /** Has every watcher look around, who may wait for nothing but events. */
  nudge(): void {
    for (const watcher of this.#watchers) watcher.nudge();
  }

  unsubscribe(watcher: Mailbox<WatchResponse>): void {
    this.#watchers.delete(watcher);
    watcher.close();
  }

  /**
   * Ends all watchers after they have read what is there. What nobody took over stays for the next process; with
   * `successor` so does what was told last, for it goes on where this one stands.
   */
  close(successor = false): void {
    // A process that never spoke has no file: what is there is another's.
    if (!successor && this.#inherited !== undefined && this.#retained.length === 0) this.#options.store?.remove();
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

  #inheritOnce(): void {
    if (this.#inherited !== undefined) return;
    this.#inherited = new Map();
    this.#inherited = this.#inherit();
  }

  /** Takes over what a killed predecessor could not hand on: under its ids, so that what was taken over is recognised. */
  #inherit(): Map<string, string> {
    const { store, logger } = this.#options;
    if (store === undefined) return new Map();
    const { notifications, told } = store.load();
    for (let first = 0; first < notifications.length; first += INHERITED_PER_EVENT) {
      this.#sequence++;
      const value = { event: undefined, notifications: notifications.slice(first, first + INHERITED_PER_EVENT) };
      const entry: WatchResponse = { origin: this.origin(), body: { $case: 'event', value } };
      this.#retained.push(entry);
      for (const watcher of this.#watchers) watcher.push(entry);
    }
    if (notifications.length > 0)
      logger.info({ notifications: notifications.length }, 'notifications of the time before a crash are told now');
    store.begin(this.#open());
    return new Map(told);
  }

  /** Whether it only repeats what a killed predecessor told last of its lane. */
  #wasTold({ lane, state }: Notification): boolean {
    if (state === '') return false;
    const before = this.#inherited?.get(lane);
    this.#inherited?.delete(lane);
    return before === state;
  }

  #identified(notifications: readonly Notification[]): Notification[] {
    const { service, incarnation } = this.#options;
    const sequence = this.#sequence;
    return notifications.map((one, index) => ({ ...one, id: one.id ?? { service, incarnation, sequence, index } }));
  }

  #open(): { readonly sequence: bigint; readonly notifications: readonly Notification[] }[] {
    return this.#retained.map((entry) => ({
      sequence: sequenceOf(entry),
      notifications: entry.body?.$case === 'event' ? entry.body.value.notifications : [],
    }));
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
