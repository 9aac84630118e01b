/**
 * Sends mails one after the other, trying again for hours when the server is down. Nothing else waits for mails.
 *
 * - Server unreachable: all mails wait, 1 s at first, doubling up to 10 min; the first to wait is tried.
 * - A mail refused for now (4xx) waits alone, at the same pace; the others go on.
 * - A mail refused for good (5xx), or tried MAIL_ATTEMPTS times (about four hours), is given up.
 * - At most MAIL_LIMIT mails wait; one more gives up the oldest, for the newest tells how things are.
 * - Mails about something that flaps are collected and go as one (see digest.ts).
 * A new configuration counts from the next attempt on, which then comes at once.
 */
import type { Logger } from '../shared/log/logger.js';
import type { Mail } from '../shared/rpc/generated/keepwatch/v1/notify.js';
import type { Clock } from '../shared/time/clock.js';
import {
  after,
  elapsed,
  formatDuration,
  type Instant,
  type Micros,
  seconds,
  toMillis,
} from '../shared/time/duration.js';
import type { MailConfig } from './config/model.js';
import { digestMail, FlapWatch } from './digest.js';
import type { Job } from './job.js';
import type { MailTransport } from './mailTransport.js';
import type { TaskResult } from './taskResult.js';

/** Attempts per mail: ten up to the longest pause, then one every ten minutes, about four hours in all. */
export const MAIL_ATTEMPTS = 34;
/** Mails waiting at most. */
export const MAIL_LIMIT = 1000;
const LONGEST_PAUSE: Micros = seconds(600);

/** The pause after `failures` failures in a row, at least one: 1 s, 2 s, 4 s, … 10 min. */
export function retryPause(failures: number): Micros {
  return Math.min(seconds(2 ** Math.min(failures - 1, 20)), LONGEST_PAUSE) as Micros;
}

export interface MailerOptions {
  readonly transport: MailTransport;
  readonly clock: Clock;
  readonly log: Logger;
  readonly finished: (job: Job, result: TaskResult) => void;
  /** Called when `problem` may have changed. */
  readonly onChange: () => void;
}

interface WaitingMail {
  /** One, or more when they are collected; oldest first. */
  readonly jobs: Job[];
  readonly since: Instant;
  /** Set for a collection: until then mails are added to it, and it waits. */
  readonly collectUntil?: Instant;
  /** Mails of the collection that were given up because too many wait. */
  dropped: number;
  attempts: number;
  /** Failures that were about this mail alone. */
  refusals: number;
  notBefore: Instant | undefined;
}

export class Mailer {
  readonly #options: MailerOptions;
  readonly #waiting: WaitingMail[] = [];
  readonly #flapWatch = new FlapWatch();
  #config: MailConfig | undefined;
  #sending: WaitingMail | undefined;
  /** Failures of the server in a row. */
  #failures = 0;
  #lastFailure = '';
  #serverNotBefore: Instant | undefined;
  #timer: NodeJS.Timeout | undefined;
  #hurried = false;
  #stopped = false;

  constructor(options: MailerOptions) {
    this.#options = options;
  }

  /** Mails not yet sent, the one being sent included. */
  get size(): number {
    return this.#waiting.reduce((sum, { jobs }) => sum + jobs.length, this.#sending?.jobs.length ?? 0);
  }

  /** Why mails wait; undefined when they do not. */
  get problem(): string | undefined {
    return this.#failures === 0 || this.#config === undefined
      ? undefined
      : `mail server ${server(this.#config)} does not take mails: ${this.#lastFailure}; ${this.size} wait and are tried again`;
  }

  /** Settings for every mail from now on, those that wait included. */
  configure(config: MailConfig | undefined): void {
    this.#config = config;
    this.#failures = 0;
    this.#serverNotBefore = undefined;
    for (const mail of this.#waiting) mail.notBefore = undefined;
    this.#next();
  }

  /** Takes a mail; `finished` will be told how it ended. */
  submit(job: Job): void {
    const now = this.#options.clock.now();
    const digest = this.#config?.digest;
    const lane = job.notification.lane;
    const collect = digest !== undefined && this.#flapWatch.flaps(lane, now, digest);
    const collection = collect ? this.#collectionFor(lane) : undefined;
    if (collection !== undefined) collection.jobs.push(job);
    else {
      const until = collect ? { collectUntil: after(now, digest.interval) } : {};
      this.#waiting.push({
        jobs: [job],
        since: now,
        ...until,
        dropped: 0,
        attempts: 0,
        refusals: 0,
        notBefore: undefined,
      });
    }
    if (this.size > MAIL_LIMIT) this.#giveUpOldest();
    this.#next();
  }

  /** A collection that was not tried yet takes more. */
  #collectionFor(lane: string): WaitingMail | undefined {
    return this.#waiting.find(
      ({ jobs, collectUntil, attempts }) =>
        collectUntil !== undefined && attempts === 0 && jobs[0]?.notification.lane === lane,
    );
  }

  #giveUpOldest(): void {
    const [oldest] = this.#waiting;
    const job = oldest?.jobs.shift();
    if (oldest === undefined || job === undefined) return;
    oldest.dropped++;
    if (oldest.jobs.length === 0) this.#waiting.shift();
    this.#endJob(job, oldest, false, `given up: more than ${MAIL_LIMIT} mails wait`);
  }

  /** Collects nothing any more: what is there goes now, for the process is about to end. */
  hurry(): void {
    this.#hurried = true;
    this.#next();
  }

  /** Begins no further attempt. What waits stays where it is. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #next(): void {
    clearTimeout(this.#timer);
    if (this.#stopped || this.#sending !== undefined) return;
    const config = this.#config;
    if (config === undefined) {
      for (const mail of this.#waiting.splice(0))
        this.#end(mail, false, 'no smtp_server or no notification_email is configured');
      return;
    }
    const now = this.#options.clock.now();
    if (this.#serverNotBefore !== undefined && this.#serverNotBefore > now) {
      this.#wakeAt(this.#serverNotBefore, now);
      return;
    }
    const due = ({ notBefore, collectUntil }: WaitingMail): number =>
      Math.max(notBefore ?? 0, this.#hurried ? 0 : (collectUntil ?? 0));
    const index = this.#waiting.findIndex((mail) => due(mail) <= now);
    const mail = this.#waiting[index];
    if (mail === undefined) {
      if (this.#waiting.length > 0) this.#wakeAt(Math.min(...this.#waiting.map(due)) as Instant, now);
      return;
    }
    this.#waiting.splice(index, 1);
    this.#sending = mail;
    void this.#attempt(mail, index, config);
  }

  #wakeAt(at: Instant, now: Instant): void {
    this.#timer = setTimeout(() => this.#next(), Math.ceil(toMillis(elapsed(now, at)))).unref();
  }

  async #attempt(mail: WaitingMail, index: number, config: MailConfig): Promise<void> {
    const { transport, clock, log } = this.#options;
    mail.attempts++;
    const { text, at } = contentOf(mail, config, clock.wall());
    const attempt = await transport.send(text, at, config);
    this.#sending = undefined;
    // Settings that changed meanwhile are not to blame for what the old ones did.
    const current = this.#config === config;
    if (attempt.kind !== 'server-down' && this.#failures > 0 && current) {
      log.info(`mail server ${server(config)} works again`);
      this.#failures = 0;
      this.#options.onChange();
    }
    switch (attempt.kind) {
      case 'sent':
        this.#end(
          mail,
          true,
          `${sentDetail(config, attempt.refused)}${mail.jobs.length > 1 ? `, one mail for ${mail.jobs.length}` : ''}`,
        );
        break;
      case 'refused':
        this.#end(mail, false, `refused by ${server(config)}: ${attempt.reason}`);
        break;
      case 'later':
        mail.refusals++;
        this.#retry(mail, index, attempt.reason, config, mail.refusals);
        break;
      case 'server-down':
        if (current) {
          this.#failures++;
          this.#lastFailure = attempt.reason;
          this.#options.onChange();
        }
        if (this.#retry(mail, index, attempt.reason, config, Math.max(1, this.#failures)) && current) {
          this.#serverNotBefore = mail.notBefore;
        }
        mail.notBefore = undefined;
        break;
    }
    this.#next();
  }

  /** Puts a mail back to where it stood. False when it is given up instead. */
  #retry(mail: WaitingMail, index: number, reason: string, config: MailConfig, failures: number): boolean {
    const { clock, log } = this.#options;
    const subject = contentOf(mail, config, clock.wall()).text.subject;
    if (mail.attempts >= MAIL_ATTEMPTS) {
      this.#end(mail, false, `given up after ${mail.attempts} attempts, ${server(config)}: ${reason}`);
      return false;
    }
    const pause = retryPause(failures);
    mail.notBefore = after(clock.now(), pause);
    this.#waiting.splice(index, 0, mail);
    log.warn(
      { subject, waiting: this.#waiting.length },
      `mail not sent, ${server(config)}: ${reason}; attempt ${mail.attempts} of ${MAIL_ATTEMPTS}, next in ${formatDuration(pause)}`,
    );
    return true;
  }

  #end(mail: WaitingMail, ok: boolean, detail: string): void {
    for (const job of mail.jobs) this.#endJob(job, mail, ok, detail);
  }

  #endJob(job: Job, { since, attempts }: WaitingMail, ok: boolean, detail: string): void {
    const duration = elapsed(since, this.#options.clock.now());
    this.#options.finished(job, { ok, detail, duration, outputTail: '', attempts });
  }
}

/** What is sent for a waiting mail, and its date. */
function contentOf(
  { jobs, dropped }: WaitingMail,
  config: MailConfig,
  now: Date,
): { readonly text: Mail; readonly at: Date } {
  const items = jobs.flatMap(({ task, notification }) =>
    task.kind === 'mail' ? [{ mail: task.mail, at: notification.at ?? now }] : [],
  );
  const [first] = items;
  if (first !== undefined && items.length === 1 && dropped === 0) return { text: first.mail, at: first.at };
  const lane = jobs[0]?.notification.lane ?? '';
  return { text: digestMail(lane, items, dropped, config.digest), at: items.at(-1)?.at ?? now };
}

/** `127.0.0.1:25`, `[2001:db8::1]:25`. */
const server = ({ host, port }: MailConfig): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);

const sentDetail = (config: MailConfig, refused: readonly string[]): string =>
  refused.length === 0
    ? `taken by ${server(config)}`
    : `taken by ${server(config)}, which refused ${refused.join(', ')}`;
