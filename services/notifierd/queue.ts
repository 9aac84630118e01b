/**
 * The queue: which notifications wait, and which job may begin now. Pure: no I/O, no clock.
 *
 * - Every notification is taken once: what its id says was taken before is a duplicate.
 * - Jobs of one lane begin in the order in which their notifications came, each after the one before it ended. Lanes do
 *   not wait for each other. Mails all begin at once; the mailer orders them.
 * - A lane holds at most `laneLimit` waiting jobs. When one more comes, the oldest waiting job is given up: what comes
 *   last tells how things are, and a hung script must not fill the memory. The one that runs is never given up.
 */
import { type IdentifiedNotification, type Job, jobsOf, MAIL_LANE, notificationKey } from './job.js';
import { HighWaterMarks } from './marks.js';

/** Waiting jobs per lane. A lane that flaps every second behind a hung script reaches it after five hours. */
export const LANE_LIMIT = 20_000;

/** A notification not yet told completely. */
export interface Pending {
  readonly notification: IdentifiedNotification;
  /** Names of its jobs that are not done. */
  readonly open: ReadonlySet<string>;
}

/** What became of an offered notification. */
export type Offer =
  | { readonly kind: 'duplicate' }
  /** `jobs` it brings: none when it tells nobody anything. `givenUp` jobs made room for them. */
  | { readonly kind: 'taken'; readonly jobs: number; readonly givenUp: readonly Job[] };

interface Lane {
  readonly waiting: Job[];
  running: Job | undefined;
}

interface Entry {
  readonly notification: IdentifiedNotification;
  readonly open: Set<string>;
}

export class NotificationQueue {
  readonly marks = new HighWaterMarks();
  readonly #laneLimit: number;
  /** By notification key, in the order in which they came. */
  readonly #entries = new Map<string, Entry>();
  readonly #lanes = new Map<string, Lane>();
  /** Lanes whose first job may begin. */
  readonly #ready = new Set<string>();
  #waiting = 0;
  #running = 0;

  constructor(laneLimit = LANE_LIMIT) {
    this.#laneLimit = laneLimit;
  }

  /** Jobs that wait for their turn. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Jobs begun and not ended. */
  get running(): number {
    return this.#running;
  }

  /** Takes a notification, unless it is known. */
  offer(notification: IdentifiedNotification): Offer {
    if (this.marks.knows(notification.id)) return { kind: 'duplicate' };
    this.marks.raise(notification.id);
    return { kind: 'taken', ...this.#enter(notification, () => true) };
  }

  /** Takes up again what a journal says is open; `done` names the jobs that are not. */
  restore(notification: IdentifiedNotification, done: ReadonlySet<string>): void {
    this.marks.raise(notification.id);
    this.#enter(notification, (job) => !done.has(job.name));
  }

  #enter(notification: IdentifiedNotification, wanted: (job: Job) => boolean): { jobs: number; givenUp: Job[] } {
    const jobs = jobsOf(notification).filter(wanted);
    const givenUp: Job[] = [];
    if (jobs.length === 0) return { jobs: 0, givenUp };
    this.#entries.set(notificationKey(notification.id), {
      notification,
      open: new Set(jobs.map((job) => job.name)),
    });
    for (const job of jobs) {
      const lane = this.#lane(job.lane);
      lane.waiting.push(job);
      this.#waiting++;
      if (job.lane !== MAIL_LANE && lane.waiting.length > this.#laneLimit) {
        const oldest = lane.waiting.shift();
        this.#waiting--;
        if (oldest !== undefined) givenUp.push(oldest);
      }
      if (lane.running === undefined) this.#ready.add(job.lane);
    }
    for (const job of givenUp) this.#close(job);
    return { jobs: jobs.length, givenUp };
  }

  /** The next job that may begin; it counts as running until `finish` or `putBack`. Undefined when all lanes are busy or empty. */
  take(): Job | undefined {
    for (const name of this.#ready) {
      const lane = this.#lane(name);
      const job = lane.waiting.shift();
      if (job === undefined || lane.waiting.length === 0 || name !== MAIL_LANE) this.#ready.delete(name);
      if (job === undefined) continue;
      if (name !== MAIL_LANE) lane.running = job;
      this.#waiting--;
      this.#running++;
      return job;
    }
    return undefined;
  }

  /** Takes one certain waiting job, if it is the next of its lane: a script that a predecessor of ours began. */
  takeKey(key: string): Job | undefined {
    for (const [name, lane] of this.#lanes) {
      const [first] = lane.waiting;
      if (first?.key !== key || lane.running !== undefined) continue;
      lane.waiting.shift();
      lane.running = first;
      this.#ready.delete(name);
      this.#waiting--;
      this.#running++;
      return first;
    }
    return undefined;
  }

  /** Ends a running job. True when its notification is now told completely. */
  finish(job: Job): boolean {
    this.#release(job);
    return this.#close(job);
  }

  /** Puts a running job back to the head of its lane: it did not begin after all. */
  putBack(job: Job): void {
    const lane = this.#lane(job.lane);
    lane.waiting.unshift(job);
    this.#waiting++;
    this.#release(job);
  }

  /** Everything not told completely, in the order in which it came. */
  pending(): Pending[] {
    return [...this.#entries.values()];
  }

  /** How many notifications are not told completely. */
  get pendingCount(): number {
    return this.#entries.size;
  }

  /** The notification that waits longest. */
  oldest(): IdentifiedNotification | undefined {
    for (const entry of this.#entries.values()) return entry.notification;
    return undefined;
  }

  #lane(name: string): Lane {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = { waiting: [], running: undefined };
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  #release(job: Job): void {
    const lane = this.#lane(job.lane);
    this.#running--;
    if (lane.running === job) lane.running = undefined;
    if (lane.waiting.length > 0) this.#ready.add(job.lane);
    // A lane is as long-lived as its work: names come from configurations that come and go.
    else if (lane.running === undefined) this.#lanes.delete(job.lane);
  }

  #close(job: Job): boolean {
    const key = notificationKey(job.notification.id);
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    entry.open.delete(job.name);
    if (entry.open.size > 0) return false;
    this.#entries.delete(key);
    return true;
  }
}
