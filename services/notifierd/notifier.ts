/**
 * The notifier: takes notifications over, keeps them, tells them. It ties queue, journal, scripts, FIFOs and mails.
 *
 * Exactly once, precisely: a script is begun once and only once whatever is killed when (journal and spool); after a loss
 * of power the one script per lane that ran may be begun again. FIFO lines and mails are told at least once: a crash
 * between the telling and its record repeats one of them.
 */
import type { Logger } from '../shared/log/logger.js';
import type { Notification, NotifyResult, NotifyState } from '../shared/rpc/generated/keepwatch/v1/notify.js';
import type { EventSink } from '../shared/rpc/service.js';
import type { AccountDatabase } from '../shared/script/identity.js';
import type { ScriptRunner } from '../shared/script/run.js';
import type { Clock } from '../shared/time/clock.js';
import { type Micros, millis, toMillis } from '../shared/time/duration.js';
import type { NotifyConfig, ScriptConfig } from './config/model.js';
import { Fifos } from './fifos.js';
import { type IdentifiedNotification, type Job, jobsOf } from './job.js';
import { Journal } from './journal.js';
import { type JournalRecord, snapshotRecords } from './journalRecord.js';
import type { JournalStore } from './journalStore.js';
import { Ledger } from './ledger.js';
import { Mailer } from './mailer.js';
import type { MailTransport } from './mailTransport.js';
import { NotificationQueue } from './queue.js';
import { commandLine, ScriptTeller } from './scriptTeller.js';
import type { LeftScript, Spool } from './spool.js';
import type { TaskResult } from './taskResult.js';

export interface NotifierOptions {
  readonly store: JournalStore;
  readonly spool: Spool;
  readonly accounts: AccountDatabase;
  readonly runner: ScriptRunner;
  readonly transport: MailTransport;
  readonly clock: Clock;
  readonly log: Logger;
  readonly incarnation: string;
  readonly events: EventSink;
  readonly impairmentsChanged: () => void;
  /** Why nothing may be kept on disk (another process owns the state directory); absent when it may. */
  readonly diskRefused?: string;
  readonly laneLimit?: number;
}

/** How long `stop` waits for what is queued. */
export const DRAIN_LIMIT: Micros = millis(10_000);
const DRAIN_POLL_MS = 20;
/** Given-up jobs are logged once in so many. */
const GIVEN_UP_LOG_EVERY = 1000;

export class Notifier {
  readonly #options: NotifierOptions;
  readonly #log: Logger;
  readonly #queue: NotificationQueue;
  readonly #journal: Journal;
  readonly #scripts: ScriptTeller;
  readonly #fifos: Fifos;
  readonly #mailer: Mailer;
  readonly #ledger = new Ledger();
  #config: NotifyConfig | undefined;
  /** Scripts that a predecessor began, looked after at the first configuration. */
  #left: LeftScript[] = [];
  #anonymous = 0n;
  #givenUp = 0;
  #stopping = false;

  constructor(options: NotifierOptions) {
    const { clock, log, accounts, runner, transport } = options;
    this.#options = options;
    this.#log = log;
    this.#queue = new NotificationQueue(options.laneLimit);
    this.#journal = new Journal({
      store: options.store,
      log,
      snapshot: () => this.#snapshot(),
      onChange: options.impairmentsChanged,
    });
    const spool = options.diskRefused === undefined ? options.spool : undefined;
    this.#scripts = new ScriptTeller({ accounts, runner, spool, clock, log });
    this.#fifos = new Fifos({ accounts, runner, log });
    this.#mailer = new Mailer({
      transport,
      clock,
      log,
      finished: (job, result) => this.#finish(job, result),
      onChange: options.impairmentsChanged,
    });
    if (options.diskRefused === undefined) this.#restore();
    else this.#journal.disable(options.diskRefused);
  }

  /**
   * Takes notifications over. Resolves once they are on disk: from then on they are told whatever happens. Scripts do not
   * wait for the disk: what was written outlives this process, and with the machine what they did is gone as well.
   */
  async deliver(notifications: readonly Notification[]): Promise<{ accepted: number; duplicates: number }> {
    let accepted = 0;
    let duplicates = 0;
    for (const notification of notifications) {
      if (this.#take(this.#identified(notification))) accepted++;
      else duplicates++;
    }
    this.#begin();
    // Duplicates wait as well: the first copy may not be on the disk yet, and the answer means that it is.
    await this.#journal.sync();
    return { accepted, duplicates };
  }

  /** Puts a configuration in force, for everything that waits too. The first one starts the telling. */
  async configure(config: NotifyConfig): Promise<void> {
    await this.#fifos.configure(config);
    const first = this.#config === undefined;
    this.#config = config;
    this.#mailer.configure(config.mail);
    if (first) {
      this.#followLeft(config.scripts);
      void this.#scripts.rehearse(config.scripts);
    }
    this.#begin();
    this.#options.impairmentsChanged();
  }

  state(): NotifyState {
    const now = this.#options.clock.wall().getTime();
    const oldest = this.#queue.oldest()?.at?.getTime();
    return this.#ledger.state({
      queued: this.#queue.waiting + this.#mailer.size,
      running: Math.max(0, this.#queue.running - this.#mailer.size),
      oldestAgeMs: BigInt(Math.max(0, oldest === undefined ? 0 : now - oldest)),
    });
  }

  /** What does not work and why. */
  problems(): string[] {
    return [this.#journal.problem, this.#mailer.problem, ...this.#fifos.problems()].filter(
      (problem) => problem !== undefined,
    );
  }

  /**
   * Tells what waits, for at most `limit`, then ends running scripts, or leaves them to a successor. What is not told
   * then stays in the journal for the next start.
   */
  async stop(options: { readonly leaveScripts: boolean; readonly limit?: Micros }): Promise<void> {
    const { clock, log } = this.#options;
    const deadline = clock.now() + (options.limit ?? DRAIN_LIMIT);
    if (options.leaveScripts) {
      this.#stopping = true;
      this.#scripts.leave();
    } else {
      this.#mailer.hurry();
      while (this.#queue.pendingCount > 0 && this.#config !== undefined && clock.now() < deadline) await pause();
      this.#stopping = true;
      this.#scripts.stop();
      const killed = clock.now() + millis(3000);
      while (this.#queue.running > this.#mailer.size && clock.now() < killed) await pause();
    }
    this.#mailer.stop();
    const left = this.#queue.pendingCount;
    if (left > 0) {
      const fate =
        this.#journal.problem === undefined
          ? 'they are in the journal and told at the next start'
          : 'they are lost, because there is no journal';
      log.warn(
        { left, oldest: this.#queue.oldest()?.summary },
        `${left} notifications are not told completely: ${fate}`,
      );
    }
    await this.#fifos.close();
    await this.#journal.close();
  }

  #restore(): void {
    const replay = this.#journal.open();
    for (const id of replay.taken) this.#queue.marks.raise(id);
    for (const { notification, done } of replay.open) this.#queue.restore(notification, done);
    this.#ledger.restore(replay.results);
    try {
      this.#left = this.#options.spool.left();
    } catch (error) {
      this.#log.error({ err: error }, 'cannot see which scripts a predecessor began: those that wait are run');
    }
    if (replay.open.length > 0)
      this.#log.info(`${replay.open.length} notifications of the time before the restart wait to be told`);
  }

  /** An id for a notification that came without one: it is told, but cannot be recognised when it comes again. */
  #identified(notification: Notification): IdentifiedNotification {
    const { id } = notification;
    if (id !== undefined) return { ...notification, id };
    this.#anonymous++;
    return {
      ...notification,
      id: { service: 'notifierd', incarnation: this.#options.incarnation, sequence: this.#anonymous, index: 0 },
    };
  }

  #take(notification: IdentifiedNotification): boolean {
    const offer = this.#queue.offer(notification);
    if (offer.kind === 'duplicate') return false;
    this.#journal.append({ kind: 'taken', notification });
    for (const job of offer.givenUp) {
      if (this.#givenUp++ % GIVEN_UP_LOG_EVERY === 0) {
        this.#log.error(
          { lane: job.notification.lane },
          `more waits than fits: the oldest of the lane is given up (${this.#givenUp} so far); look at the script that hangs`,
        );
      }
      this.#record(job, {
        ok: false,
        detail: 'given up: too much waits in its lane',
        duration: millis(0),
        outputTail: '',
        attempts: 0,
      });
    }
    return true;
  }

  /** Begins every job whose turn it is. */
  #begin(): void {
    const config = this.#config;
    if (config === undefined || this.#stopping) return;
    for (let job = this.#queue.take(); job !== undefined; job = this.#queue.take()) this.#tell(job, config);
  }

  #tell(job: Job, config: NotifyConfig): void {
    const { task } = job;
    switch (task.kind) {
      case 'mail':
        this.#mailer.submit(job);
        return;
      case 'fifo':
        this.#guard(
          job,
          this.#fifos.write(task.fifo, task.lines).then((result) => this.#finish(job, result)),
        );
        return;
      case 'script':
        this.#guard(
          job,
          this.#scripts.tell(job.key, task.call, config.scripts, (result) => this.#finish(job, result)),
        );
        return;
    }
  }

  /** A job must never hold up its lane, whatever went wrong in telling it. */
  #guard(job: Job, telling: Promise<void>): void {
    telling.catch((error: unknown) => {
      const detail = error instanceof Error ? error.message : String(error);
      this.#log.error({ err: error, lane: job.lane }, 'a notification could not be told');
      this.#finish(job, { ok: false, detail, duration: millis(0), outputTail: '', attempts: 1 });
    });
  }

  #finish(job: Job, result: TaskResult): void {
    this.#queue.finish(job);
    this.#record(job, result);
    this.#begin();
  }

  #record(job: Job, result: TaskResult): void {
    const { notification, task } = job;
    const told: NotifyResult = {
      id: notification.id,
      lane: notification.lane,
      kind: task.kind,
      what: this.#describe(job),
      ok: result.ok,
      detail: result.detail,
      durationMs: Math.round(toMillis(result.duration)),
      outputTail: result.outputTail,
      attempts: result.attempts,
      at: this.#options.clock.wall(),
    };
    const silent = result.silent === true;
    if (!silent) this.#ledger.add(told, task.kind === 'fifo' && result.ok ? task.lines.length : 0);
    this.#journal.append({ kind: 'done', id: notification.id, job: job.name, ...(silent ? {} : { result: told }) });
    if (silent) return;
    this.#options.events.publish({ event: { $case: 'notify', value: { result: told } }, notifications: [] });
    const fields = { lane: told.lane, what: told.what, durationMs: told.durationMs };
    if (result.ok) this.#log.debug(fields, `${task.kind}: ${result.detail}`);
    else {
      const output = result.outputTail === '' ? {} : { output: result.outputTail };
      const where = task.kind === 'script' && task.call.configuredAt !== '' ? `${task.call.configuredAt}: ` : '';
      this.#log.error(
        { ...fields, ...output },
        `${where}${task.kind} for ${notification.summary} failed: ${result.detail}`,
      );
    }
  }

  #describe({ task }: Job): string {
    switch (task.kind) {
      case 'script':
        return commandLine(task.call.argv);
      case 'fifo':
        return this.#fifos.path(task.fifo);
      case 'mail':
        return task.mail.subject;
    }
  }

  /** Waits for the scripts a predecessor began; the lanes they belong to wait with them. */
  #followLeft(config: ScriptConfig): void {
    for (const left of this.#left.splice(0)) {
      const job = this.#queue.takeKey(left.job);
      if (job === undefined) {
        left.remove();
        continue;
      }
      void this.#scripts
        .follow(left, config)
        .then((result) => {
          if (this.#stopping && left.alive()) return;
          if (result === undefined) {
            left.remove();
            this.#queue.putBack(job);
            this.#begin();
          } else {
            this.#finish(job, result);
            left.remove();
          }
        })
        .catch((error: unknown) => this.#guard(job, Promise.reject(error)));
    }
  }

  #snapshot(): JournalRecord[] {
    return snapshotRecords({
      marks: this.#queue.marks.all(),
      results: this.#ledger.recent,
      pending: this.#queue.pending().map(({ notification, open }) => ({
        notification,
        done: jobsOf(notification).flatMap(({ name }) => (open.has(name) ? [] : [name])),
      })),
    });
  }
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
