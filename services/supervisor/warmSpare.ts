/** The vrrpd that stands by: loaded and configured, it takes over within milliseconds when the one that speaks dies. */
import type { Logger } from '../shared/log/logger.js';
import { describeRpcError } from '../shared/rpc/errors.js';
import type { DescribeResponse } from '../shared/rpc/generated/keepwatch/v1/lifecycle.js';
import type { Order } from '../shared/rpc/generated/keepwatch/v1/order.js';
import { spareSocketPath } from '../shared/rpc/paths.js';
import type { ServiceName } from '../shared/rpc/service.js';
import type { Clock } from '../shared/time/clock.js';
import { after, elapsed, type Instant, type Micros, toMillis } from '../shared/time/duration.js';
import { type Backoff, becameReady, died, FRESH } from './backoff.js';
import { HANG_LIMIT, START_LIMIT } from './hangLimit.js';
import type { ConfigParts } from './parts.js';
import { pause, ServiceLink } from './serviceLink.js';
import type { ServiceProcess } from './serviceProcess.js';
import type { ServiceFacts } from './status.js';
import { configureOne } from './transaction.js';

const ACTIVATE_DEADLINE_MS = 2_000;
const STOP_LIMIT_MS = 2_000;

export interface WarmSpareOptions {
  readonly name: ServiceName;
  readonly runDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly start: () => ServiceProcess;
  /** What is in force; undefined before the first configuration. */
  readonly inForce: () => { readonly parts: ConfigParts; readonly generation: bigint } | undefined;
  /** Orders of operators in force. */
  readonly orders: () => Order[];
  readonly onEvent: (code: 'spare-ready' | 'spare-died' | 'spare-hung', text: string) => void;
}

export class WarmSpare {
  readonly #options: WarmSpareOptions;
  #process: ServiceProcess | undefined;
  #link: ServiceLink | undefined;
  #description: DescribeResponse | undefined;
  #backoff: Backoff = FRESH;
  #restartTimer: NodeJS.Timeout | undefined;
  #wanted = false;
  #generation = 0n;
  #lastHeard: Instant | undefined;
  #startedAt: Instant | undefined;
  #restarts = 0;
  #detail = '';

  constructor(options: WarmSpareOptions) {
    this.#options = options;
  }

  /** Whether there shall be one. */
  want(wanted: boolean): void {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    if (!wanted) void this.stop();
    else if (this.#process === undefined) this.#begin(this.#options.start());
  }

  /** Goes on with one that an earlier supervisor started. */
  adopt(process: ServiceProcess): void {
    this.#wanted = true;
    this.#begin(process);
  }

  /** Gives it the configuration in force; it only gets ready for it. */
  async configure(): Promise<void> {
    const clients = this.#link?.clients;
    const inForce = this.#options.inForce();
    if (clients === undefined || inForce === undefined || inForce.generation === this.#generation) return;
    const { name } = this.#options;
    const [refusal] = await configureOne(clients.lifecycle, name, inForce.parts, inForce.generation);
    if (this.#link?.clients !== clients) return;
    if (refusal !== undefined) {
      this.#detail = `does not take the configuration: ${refusal.message}`;
      this.#options.logger.warn({ about: name }, `the spare ${this.#detail}`);
      return;
    }
    this.#generation = inForce.generation;
    this.#detail = '';
    this.#backoff = becameReady(this.#backoff, this.#options.clock.now());
    this.#options.onEvent('spare-ready', `a spare ${name} (pid ${this.#process?.pid}) stands by`);
  }

  /** It could take over now. */
  get ready(): boolean {
    return this.#process !== undefined && this.#link?.clients !== undefined && this.#generation > 0n;
  }

  /**
   * Has it take over, if it has not done so by itself; the process, which belongs to the caller from now on. Undefined when
   * there is none that can: a spare that fails is killed, lest it takes over later.
   */
  async promote(): Promise<ServiceProcess | undefined> {
    const process = this.#process;
    const clients = this.#link?.clients;
    if (process === undefined) return undefined;
    let promoted = false;
    if (this.ready && clients !== undefined) {
      try {
        await clients.lifecycle.activate({}, { deadlineMs: ACTIVATE_DEADLINE_MS });
        promoted = true;
      } catch (error) {
        this.#options.logger.error({ reason: describeRpcError(error) }, 'the spare cannot take over');
      }
    }
    this.#letGo();
    if (!promoted) await end(process, 'SIGKILL');
    // Nobody waits for the next one.
    if (this.#wanted) this.#restartTimer = setTimeout(() => this.#restart(), 0);
    return promoted ? process : undefined;
  }

  /** Puts a process of the installed version in place of the one there is; resolves once it is ready, false after `limitMs`. */
  async renew(limitMs: number): Promise<boolean> {
    await this.#end();
    this.#begin(this.#options.start());
    const deadline = Date.now() + limitMs;
    while (!this.ready && this.#process !== undefined && Date.now() < deadline) await pause(10);
    return this.ready;
  }

  /** Kills one that has not been heard for too long. Called regularly. */
  watchdog(now: Instant): void {
    if (this.#process === undefined || this.#startedAt === undefined) return;
    this.#listen(now);
    const silence = elapsed(this.#lastHeard ?? this.#startedAt, now);
    if (silence <= (this.#lastHeard === undefined ? START_LIMIT : HANG_LIMIT)) return;
    const seconds = (toMillis(silence) / 1000).toFixed(1);
    this.#options.onEvent('spare-hung', `the spare has not been heard for ${seconds} s: killed, to be started again`);
    this.#lastHeard = now;
    this.#process.signal('SIGKILL');
  }

  /** We did not run for a while: the silence was ours. */
  forgive(stall: Micros): void {
    if (this.#lastHeard !== undefined) this.#lastHeard = after(this.#lastHeard, stall);
    if (this.#startedAt !== undefined) this.#startedAt = after(this.#startedAt, stall);
  }

  /** Ends it, and there is no other. */
  async stop(): Promise<void> {
    this.#wanted = false;
    await this.#end();
  }

  facts(): ServiceFacts | undefined {
    const { clock, name } = this.#options;
    if (!this.#wanted) return undefined;
    this.#listen(clock.now());
    return {
      name,
      phase: this.#process === undefined ? 'restarting' : this.ready ? 'ready' : 'starting',
      pid: this.#process?.pid,
      version: this.#description?.version ?? '',
      incarnation: this.#description?.origin?.incarnation ?? '',
      restarts: this.#restarts,
      startedAt: this.#process?.startedAt,
      silence: this.#lastHeard === undefined ? undefined : elapsed(this.#lastHeard, clock.now()),
      generation: this.#generation,
      impairments: this.#description?.impairments ?? [],
      detail: this.#detail,
      looping: this.#backoff.looping,
      origin: this.#process?.origin ?? '',
    };
  }

  /** Takes note of its sign of life. */
  #listen(now: Instant): void {
    this.#lastHeard = this.#link?.heardSince(this.#lastHeard, now) ?? this.#lastHeard;
  }

  #begin(process: ServiceProcess): void {
    const { name, runDir, logger, clock } = this.#options;
    clearTimeout(this.#restartTimer);
    this.#process = process;
    this.#startedAt = clock.now();
    this.#generation = 0n;
    this.#detail = '';
    void process.ended.then((how) => this.#ended(process, how));
    const link: ServiceLink = new ServiceLink({
      name,
      socket: spareSocketPath(runDir, name),
      logger,
      resume: () => ({ incarnation: '', afterSequence: 0n }),
      orders: this.#options.orders,
      onConnected: (description) => {
        if (link !== this.#link) return;
        this.#description = description;
        this.#lastHeard = clock.now();
        this.#generation = description.origin?.generation ?? 0n;
        void this.configure();
      },
      onMessage: () => {
        if (link === this.#link) this.#lastHeard = clock.now();
      },
      onDisconnected: (reason) => logger.debug({ reason }, 'connection to the spare lost'),
    });
    this.#link = link;
  }

  #ended(process: ServiceProcess, how: string): void {
    if (process !== this.#process) return;
    this.#letGo();
    if (!this.#wanted) return;
    const { backoff, delay } = died(this.#backoff, this.#options.clock.now());
    this.#backoff = backoff;
    const ms = Math.round(toMillis(delay));
    this.#detail = `died (${how}), starts again after ${ms} ms`;
    this.#options.onEvent('spare-died', `the spare (pid ${process.pid}) died: ${how}; starts again after ${ms} ms`);
    this.#restartTimer = setTimeout(() => this.#restart(), ms);
  }

  #restart(): void {
    if (!this.#wanted || this.#process !== undefined) return;
    this.#restarts++;
    this.#begin(this.#options.start());
  }

  #letGo(): void {
    this.#link?.close();
    this.#link = undefined;
    this.#process = undefined;
    this.#description = undefined;
    this.#lastHeard = undefined;
    this.#generation = 0n;
  }

  async #end(): Promise<void> {
    clearTimeout(this.#restartTimer);
    const process = this.#process;
    this.#letGo();
    if (process !== undefined) await end(process, 'SIGTERM');
  }
}

/** It has nothing to lose: it only stands by. */
async function end(process: ServiceProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  process.signal(signal);
  const ended = await Promise.race([process.ended.then(() => true), pause(STOP_LIMIT_MS).then(() => false)]);
  if (!ended) process.signal('SIGKILL');
}
