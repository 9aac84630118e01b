/**
 * Notifications on their way to notifierd: in the order in which they came, acknowledged to their source only once
 * notifierd has them. Pure.
 */
import type { Origin } from '../shared/rpc/generated/keepwatch/v1/common.js';
import type { Notification } from '../shared/rpc/generated/keepwatch/v1/notify.js';

/** Events held for notifierd; what does not fit stays with its source, who sends it again. */
const DEFAULT_CAPACITY = 4_096;
/** Notifications in one Deliver. */
const BATCH = 256;

/** What one source said last. */
interface Source {
  incarnation: string;
  /** Last event taken in, so that events sent again are not taken twice. */
  taken: bigint;
  /** An event did not fit: nothing later may be taken before the source has sent it again. */
  blocked: boolean;
}

interface Entry {
  readonly service: string;
  readonly incarnation: string;
  readonly sequence: bigint;
  readonly notifications: readonly Notification[];
}

/** Some notifications to deliver, and what may be acknowledged to whom afterwards. */
export interface DeliveryBatch {
  readonly notifications: readonly Notification[];
  readonly acknowledgements: readonly Acknowledgement[];
  readonly events: number;
}

export interface Acknowledgement {
  readonly service: string;
  readonly incarnation: string;
  readonly upToSequence: bigint;
}

export class NotifyOutbox {
  readonly #capacity: number;
  readonly #sources = new Map<string, Source>();
  #entries: Entry[] = [];

  constructor(capacity = DEFAULT_CAPACITY) {
    this.#capacity = capacity;
  }

  /** Events waiting. */
  get size(): number {
    return this.#entries.length;
  }

  /** Takes the notifications of an event; the same event is taken once. */
  add(origin: Origin, notifications: readonly Notification[]): void {
    const { service, incarnation, sequence } = origin;
    const source = this.#source(service, incarnation);
    if (source.blocked || sequence <= source.taken) return;
    if (notifications.length > 0) {
      if (this.#entries.length >= this.#capacity) {
        source.blocked = true;
        return;
      }
      const named = notifications.map((notification, index) => ({
        ...notification,
        id: notification.id ?? { service, incarnation, sequence, index },
      }));
      this.#entries.push({ service, incarnation, sequence, notifications: named });
    }
    source.taken = sequence;
  }

  /** From where a source shall send again; nothing known for another incarnation. */
  resumeAfter(service: string): { readonly incarnation: string; readonly afterSequence: bigint } {
    const source = this.#sources.get(service);
    return { incarnation: source?.incarnation ?? '', afterSequence: source?.taken ?? 0n };
  }

  /** Sources that were turned away and may come again, because there is room; each is named once. */
  takeUnblocked(): string[] {
    if (this.#entries.length > this.#capacity / 2) return [];
    const names = [...this.#sources].filter(([, source]) => source.blocked).map(([name]) => name);
    for (const name of names) {
      const source = this.#sources.get(name);
      if (source !== undefined) source.blocked = false;
    }
    return names;
  }

  /** The next notifications, still held until {@link delivered}; undefined when there are none. */
  peek(): DeliveryBatch | undefined {
    const notifications: Notification[] = [];
    const acknowledgements = new Map<string, Acknowledgement>();
    let events = 0;
    for (const { service, incarnation, sequence, notifications: named } of this.#entries) {
      if (events > 0 && notifications.length + named.length > BATCH) break;
      notifications.push(...named);
      acknowledgements.set(`${service} ${incarnation}`, { service, incarnation, upToSequence: sequence });
      events++;
    }
    return events === 0 ? undefined : { notifications, acknowledgements: [...acknowledgements.values()], events };
  }

  /** notifierd has a batch of {@link peek}. */
  delivered(batch: DeliveryBatch): void {
    this.#entries = this.#entries.slice(batch.events);
  }

  #source(service: string, incarnation: string): Source {
    const known = this.#sources.get(service);
    if (known?.incarnation === incarnation) return known;
    const source = { incarnation, taken: 0n, blocked: false };
    this.#sources.set(service, source);
    return source;
  }
}
