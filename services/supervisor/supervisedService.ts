/** One service under supervision: its process, its connection, its watchdog and its restarts. */
import type { DescribeResponse } from '../shared/rpc/generated/keepwatch/v1/lifecycle.js';
import { socketPath } from '../shared/rpc/paths.js';
import type { ServiceName } from '../shared/rpc/service.js';
import { after, elapsed, type Instant, type Micros, micros, toMillis } from '../shared/time/duration.js';
import { type Backoff, becameReady, died, FRESH, isLooping } from './backoff.js';
import { HANG_LIMIT, hangLimit, LEAST_HANG_LIMIT, START_LIMIT } from './hangLimit.js';
import { pause, type ServiceClients, ServiceLink } from './serviceLink.js';
import type { ServiceProcess } from './serviceProcess.js';
import type { Phase, SupervisedOptions } from './supervisedListener.js';
import type { Lifecycle } from './transaction.js';

/** How long a process that was replaced may take to end. */
const REPLACED_LIMIT_MS = 4_000;

export class SupervisedService {
  readonly name: ServiceName;
  readonly #options: SupervisedOptions<SupervisedService>;
  #phase: Phase = 'stopped';
  #asleep = true;
  #fallingAsleep: Promise<void> = Promise.resolve();
  #process: ServiceProcess | undefined;
  /** The process the watchdog killed, whose end is awaited. */
  #killed: ServiceProcess | undefined;
  #link: ServiceLink | undefined;
  #backoff: Backoff = FRESH;
  #restartTimer: NodeJS.Timeout | undefined;
  #restarts = 0;
  #description: DescribeResponse | undefined;
  #generation = 0n;
  #lastHeard: Instant | undefined;
  #startedAt: Instant;
  #detail = '';
  #handingOver = false;
  /** Calls about a configuration that it has not answered yet. */
  #considering = 0;

  constructor(options: SupervisedOptions<SupervisedService>) {
    this.#options = options;
    this.name = options.name;
    this.#startedAt = options.clock.now();
  }

  /** Has no process and shall have none, because there is no work for it. */
  get asleep(): boolean {
    return this.#asleep;
  }

  /** Resolves once the process that {@link sleep} ends is gone: before that no other may be started. */
  get fallingAsleep(): Promise<void> {
    return this.#fallingAsleep;
  }

  get phase(): Phase {
    return this.#phase;
  }

  get process(): ServiceProcess | undefined {
    return this.#process;
  }

  /** Present while connected. */
  get clients(): ServiceClients | undefined {
    return this.#link?.clients;
  }

  /** The calls about a configuration, while connected. A large one keeps a service from speaking: that is no hang. */
  get lifecycle(): Lifecycle | undefined {
    const lifecycle = this.clients?.lifecycle;
    if (lifecycle === undefined) return undefined;
    return {
      validate: (request, options) => this.#considered(lifecycle.validate(request, options)),
      plan: (request, options) => this.#considered(lifecycle.plan(request, options)),
      configure: (request, options) => this.#considered(lifecycle.configure(request, options)),
    };
  }

  get description(): DescribeResponse | undefined {
    return this.#description;
  }

  /** Configuration generation in force there. */
  get generation(): bigint {
    return this.#generation;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Why it is not ready; empty when it is. */
  get detail(): string {
    return this.#detail;
  }

  /** In a crash loop now. */
  get looping(): boolean {
    return isLooping(this.#backoff, this.#options.clock.now());
  }

  /** Time since it was last heard; undefined before its first word. */
  get silence(): Micros | undefined {
    const now = this.#options.clock.now();
    this.#listen(now);
    return this.#lastHeard === undefined ? undefined : elapsed(this.#lastHeard, now);
  }

  /** Begins: with a process that runs already, or with a new one. */
  begin(process: ServiceProcess = this.#options.start()): void {
    this.#phase = 'starting';
    this.#asleep = false;
    this.#detail = 'starting';
    this.#process = process;
    this.#startedAt = this.#options.clock.now();
    this.#lastHeard = undefined;
    this.#options.listener.onProcess(this);
    void process.ended.then((how) => this.#ended(process, how));
    this.#connect();
  }

  /** The configuration is in force there. */
  configured(generation: bigint): void {
    this.#generation = generation;
    if (this.#phase !== 'connected' || generation === 0n) return;
    this.#phase = 'ready';
    this.#detail = '';
    this.#backoff = becameReady(this.#backoff, this.#options.clock.now());
    this.#options.listener.onEvent(this, 'service-ready', `${this.name} is ready with generation ${generation}`);
  }

  /** It described itself anew: impairments may have changed. */
  describedAgain(description: DescribeResponse): void {
    if (description.origin?.incarnation === this.#description?.origin?.incarnation) this.#description = description;
  }

  /** It is connected but has no configuration, for a reason to be shown. */
  notConfigured(reason: string): void {
    this.#detail = reason;
  }

  /** How long it may be away before others act on it; undefined when nobody would, or it does not say. */
  get patience(): Micros | undefined {
    const us = this.#description?.patienceUs;
    return us === undefined ? undefined : micros(Number(us));
  }

  /**
   * Puts another process in place of the running one, which leaves without touching the kernel. `successor` is called as soon
   * as the old one has left its duty (`at-once`), or when its process has ended (`afterwards`). Throws when there is
   * nothing to replace, or no successor.
   */
  async replace(successor: () => Promise<ServiceProcess | undefined>, when: 'at-once' | 'afterwards'): Promise<void> {
    const old = this.#process;
    if (old === undefined || this.clients === undefined) throw new Error(`${this.name} does not run`);
    this.#handingOver = true;
    this.#detail = 'being replaced';
    try {
      const left = await this.#askToStop(true);
      if (!left) old.signal('SIGKILL');
      const early = when === 'at-once' ? await successor() : undefined;
      // Until its end the old process may still tell what happened, and hear that it was heard.
      if (!(await endsWithin(old, REPLACED_LIMIT_MS))) {
        old.signal('SIGKILL');
        await endsWithin(old, REPLACED_LIMIT_MS);
      }
      const next = when === 'at-once' ? early : await successor();
      this.#link?.close();
      this.#generation = 0n;
      this.#description = undefined;
      // Without a successor it is one more death.
      this.begin(next ?? this.#options.start());
    } finally {
      this.#handingOver = false;
    }
  }

  /** Ends a wait for the next restart: something changed that may help. */
  restartNow(): void {
    if (this.#phase === 'restarting' && this.#restartTimer !== undefined) this.#restart();
  }

  /** Gives the connection up for a new one. */
  reconnect(): void {
    if (this.#phase !== 'stopped' && this.#phase !== 'restarting') this.#connect();
  }

  /** Asks for the whole state and the events that are not acknowledged. */
  watchAgain(): void {
    this.#link?.watchAgain();
  }

  /** Kills a service that has not been heard for too long. Called regularly. */
  watchdog(now: Instant): void {
    if (this.#phase === 'stopped' || this.#phase === 'restarting' || this.#process === undefined) return;
    if (this.#killed === this.#process) return;
    this.#listen(now);
    const silence = elapsed(this.#lastHeard ?? this.#startedAt, now);
    if (silence <= LEAST_HANG_LIMIT) return;
    // Until its first configuration it is a process that starts, on a machine that may be booting.
    const limit = this.#phase === 'ready' ? hangLimit(this.patience, this.#process.pid) : START_LIMIT;
    // A call has a deadline of its own; a process that is stopped does not think.
    if (silence <= limit || (this.#considering > 0 && limit === HANG_LIMIT)) return;
    const text = `${this.name} has not been heard for ${(toMillis(silence) / 1000).toFixed(1)} s`;
    if (this.#process.origin === 'attached') {
      if (this.#phase === 'ready') {
        this.#phase = 'starting';
        this.#detail = text;
        this.#options.listener.onEvent(this, 'service-lost', text);
        this.#connect();
      }
      return;
    }
    this.#options.listener.onEvent(this, 'service-hung', `${text}: killed, to be started again`);
    // Once: the next look finds the death. Until then the silence stands, or the status would show its old state again.
    this.#killed = this.#process;
    this.#process.signal('SIGKILL');
  }

  /** This process itself was not running for a while: the silence was ours. */
  forgive(stall: Micros): void {
    if (this.#lastHeard !== undefined) this.#lastHeard = after(this.#lastHeard, stall);
    this.#startedAt = after(this.#startedAt, stall);
  }

  /** Leaves the process alone, which goes on without us. */
  detach(): void {
    this.#phase = 'stopped';
    clearTimeout(this.#restartTimer);
    this.#link?.close();
  }

  /** Stops until there is work again. */
  async sleep(): Promise<void> {
    this.#asleep = true;
    this.#fallingAsleep = this.stop(false);
    await this.#fallingAsleep;
  }

  /** Stops in good order; gets harder when that takes too long. Resolves when the process is gone. */
  async stop(keepKernelState: boolean): Promise<void> {
    clearTimeout(this.#restartTimer);
    this.#restartTimer = undefined;
    const process = this.#process;
    if (process === undefined || this.#phase === 'restarting' || this.#phase === 'stopped') {
      this.#phase = 'stopped';
      this.#link?.close();
      return;
    }
    this.#phase = 'stopped';
    this.#detail = 'stopping';
    const { logger } = this.#options;
    const asked = await this.#askToStop(keepKernelState);
    if (process.origin === 'attached') {
      this.#link?.close();
      return;
    }
    if (!asked || !(await endsWithin(process, 4_000))) {
      process.signal('SIGTERM');
      if (!(await endsWithin(process, 3_000))) {
        logger.warn({ service: this.name, pid: process.pid }, 'does not stop: killed');
        process.signal('SIGKILL');
        await endsWithin(process, 2_000);
      }
    }
    this.#link?.close();
    this.#detail = '';
  }

  async #considered<Answer>(call: Promise<Answer>): Promise<Answer> {
    this.#considering++;
    try {
      const answer = await call;
      if (this.#lastHeard !== undefined) this.#lastHeard = this.#options.clock.now();
      return answer;
    } finally {
      this.#considering--;
    }
  }

  async #askToStop(keepKernelState: boolean): Promise<boolean> {
    try {
      if (this.clients === undefined) return false;
      await this.clients.lifecycle.stop({ keepKernelState }, { deadlineMs: 8_000 });
      return true;
    } catch (error) {
      this.#options.logger.debug({ err: error, service: this.name }, 'did not answer the request to stop');
      return false;
    }
  }

  #connect(): void {
    this.#link?.close();
    const { name, runDir, logger, resume, orders } = this.#options;
    const link: ServiceLink = new ServiceLink({
      name,
      socket: socketPath(runDir, name),
      logger,
      resume,
      orders,
      onConnected: (description) => {
        if (link === this.#link) this.#connected(description);
      },
      onMessage: (message) => {
        if (link !== this.#link) return;
        this.#lastHeard = this.#options.clock.now();
        this.#options.listener.onMessage(this, message);
      },
      onDisconnected: (reason) => {
        if (link === this.#link && this.#phase !== 'stopped')
          logger.debug({ service: name, reason }, 'connection lost');
      },
    });
    this.#link = link;
  }

  /** Takes note of its sign of life. */
  #listen(now: Instant): void {
    this.#lastHeard = this.#link?.heardSince(this.#lastHeard, now) ?? this.#lastHeard;
  }

  #connected(description: DescribeResponse): void {
    this.#description = description;
    this.#lastHeard = this.#options.clock.now();
    this.#generation = description.origin?.generation ?? 0n;
    if (this.#phase === 'stopped') return;
    if (this.#phase === 'starting') this.#phase = 'connected';
    this.#options.listener.onConnected(this);
  }

  #ended(process: ServiceProcess, how: string): void {
    if (process !== this.#process || this.#handingOver) return;
    this.#link?.close();
    this.#link = undefined;
    this.#generation = 0n;
    this.#description = undefined;
    if (this.#phase === 'stopped') return;
    const { listener, clock } = this.#options;
    this.#phase = 'restarting';
    const { backoff, delay, loopBegins } = died(this.#backoff, clock.now());
    const { readySince: _, ...rest } = backoff;
    this.#backoff = rest;
    const ms = Math.round(toMillis(delay));
    const successor = listener.successor(this);
    const next = successor === undefined ? `starts again after ${ms} ms` : 'the spare takes over';
    this.#detail = `died (${how}), ${next}`;
    listener.onEvent(this, 'service-died', `${this.name} (pid ${process.pid}) died: ${how}; ${next}`);
    if (loopBegins) {
      const text = `${this.name} keeps dying (${backoff.recent.length} times within a minute); look at its log lines`;
      listener.onEvent(this, 'crash-loop', text);
    }
    if (!listener.mayRestart(this)) return;
    const later = (): void => {
      this.#restartTimer = setTimeout(() => this.#restart(), ms);
    };
    if (successor === undefined) later();
    else void successor.then((found) => this.#succeeded(found, later));
  }

  #succeeded(process: ServiceProcess | undefined, otherwise: () => void): void {
    if (this.#phase !== 'restarting') {
      process?.signal('SIGTERM');
      return;
    }
    if (process === undefined) {
      otherwise();
      return;
    }
    this.#restarts++;
    this.begin(process);
    this.#options.listener.onEvent(
      this,
      'service-restarted',
      `the spare took over as ${this.name}, pid ${process.pid}`,
    );
  }

  #restart(): void {
    clearTimeout(this.#restartTimer);
    this.#restartTimer = undefined;
    this.#restarts++;
    this.begin();
    this.#options.listener.onEvent(this, 'service-restarted', `${this.name} started again, pid ${this.#process?.pid}`);
  }
}

async function endsWithin(process: ServiceProcess, ms: number): Promise<boolean> {
  return await Promise.race([process.ended.then(() => true), pause(ms).then(() => false)]);
}
