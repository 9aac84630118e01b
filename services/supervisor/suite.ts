/** The whole suite: services under supervision, one configuration in force, the relay between them. */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOG_LEVELS, type Logger } from '../shared/log/logger.js';
import { hasError, type PlainDiagnostic, plainDiagnostics, wireDiagnostics } from '../shared/rpc/diagnostics.js';
import { describeRpcError, invalidArgument } from '../shared/rpc/errors.js';
import type { ConfigTree } from '../shared/rpc/generated/keepwatch/v1/common.js';
import { SuiteStatus, type Trial } from '../shared/rpc/generated/keepwatch/v1/control.js';
import type { IpvsServiceStatistics } from '../shared/rpc/generated/keepwatch/v1/ipvs.js';
import type { WatchResponse } from '../shared/rpc/generated/keepwatch/v1/lifecycle.js';
import { removeIfThere, writePidFile } from '../shared/rpc/pidFile.js';
import type { ServiceName } from '../shared/rpc/service.js';
import type { Clock } from '../shared/time/clock.js';
import { elapsed, type Micros, millis, toMillis } from '../shared/time/duration.js';
import { readAccepted, sameParts, writeAccepted } from './acceptedConfig.js';
import { findRunning } from './adopt.js';
import { Command } from './command.js';
import {
  Configuration,
  type ConfigurationOptions,
  type LoadedParts,
  type Participants,
  type ReloadOutcome,
  type ReloadPlan,
} from './configuration.js';
import { EventFeed } from './eventFeed.js';
import type { History } from './history.js';
import { historyEntries } from './historyEntries.js';
import type { OrderBook } from './orderBook.js';
import { type ConfigParts, hasWork } from './parts.js';
import { Relay } from './relay.js';
import { RelayPumps } from './relayPumps.js';
import { pause, type ServiceClients } from './serviceLink.js';
import { attachedProcess, type ServiceProcess } from './serviceProcess.js';
import type { SparePolicy } from './sparePolicy.js';
import { type ServiceFacts, suiteStatus } from './status.js';
import { Succession } from './succession.js';
import { type SupervisedEventCode, type SupervisedListener, SupervisedService } from './supervisedService.js';
import { configureOne, type Lifecycle } from './transaction.js';
import { type Before, TrialKeeper } from './trial.js';
import { removeUpgrade, writeUpgrade } from './upgrade.js';

/** How often the watchdog looks. */
const WATCHDOG_INTERVAL_MS = 250;
/** A look that comes this much later than planned means that we ourselves did not run. */
const STALL_TOLERANCE: Micros = millis(750);
/** How long the first configuration and a reload wait for a service that does not come up. */
const GATHER_LIMIT_MS = 10_000;
/** How long notifications may take to reach notifierd at the end. */
const LAST_WORDS_MS = 3_000;
/** Youngest refresh that still serves a request for the status. */
const REFRESH_AGE: Micros = millis(500);
const REFRESH_DEADLINE_MS = 400;

/** Time for the answer to a request that ends this program. */
const UPGRADE_DELAY_MS = 50;
/** What a supervisor keeps for its successor; a suite that ended has none. */
const RECORDS = ['keepwatchd.accepted', 'keepwatchd.trial', 'keepwatchd.upgrade'];

export interface SuiteOptions {
  readonly names: readonly ServiceName[];
  readonly runDir: string;
  readonly stateDir: string;
  readonly configFile: string;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Reads the configuration from its file. */
  readonly load: () => LoadedParts;
  /** The same for a configuration that was read elsewhere. */
  readonly judge: (tree: ConfigTree) => LoadedParts;
  readonly startProcess: (name: ServiceName) => ServiceProcess;
  /** Sockets another runtime keeps alive: nothing is started or killed. */
  readonly attach: boolean;
  /** False (-R): the suite ends when a service dies. */
  readonly respawn: boolean;
  /** -V and -I: what to leave in the kernel at the end. */
  readonly keepVrrp: boolean;
  readonly keepIpvs: boolean;
  readonly history: History;
  readonly orders: OrderBook;
  readonly spare: SparePolicy;
  readonly startSpare: (name: ServiceName) => ServiceProcess;
  /** Why the installed version should not be started; undefined when it looks good. */
  readonly preflight: () => Promise<string | undefined>;
  /** Puts the installed version of the supervisor in place of this process. Throws when that fails. */
  readonly replaceSupervisor: () => never;
  /** Called once all services have ended, with the configuration they ran. Not when they run on. */
  readonly atEnd: (parts: ConfigParts) => Promise<void>;
  /** Further pid files to keep (-r, -c). */
  readonly pidFiles: ReadonlyMap<ServiceName, string>;
  /** Hears what the supervisor says of itself, and that a reload begins. */
  readonly told?: (event: { readonly code: string; readonly text: string }) => void;
}

export class Suite implements SupervisedListener {
  readonly feed: EventFeed;
  /** Exit code, once the suite has ended by itself or by {@link stop}. */
  readonly ended: Promise<number>;
  readonly #options: SuiteOptions;
  readonly #services = new Map<ServiceName, SupervisedService>();
  readonly #relay = new Relay();
  readonly #pumps: RelayPumps;
  readonly #configuration: Configuration;
  readonly #succession: Succession;
  readonly #trial: TrialKeeper;
  readonly command: Command;
  readonly #lastRefresh = {
    at: undefined as ReturnType<Clock['now']> | undefined,
    running: undefined as Promise<void> | undefined,
  };
  #watchdog: NodeJS.Timeout | undefined;
  #ipvsStatistics: readonly IpvsServiceStatistics[] = [];
  #stopping: Promise<void> | undefined;
  #finish: (code: number) => void = () => {};

  constructor(options: SuiteOptions) {
    this.#options = options;
    const { clock, logger, runDir } = options;
    this.ended = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.feed = new EventFeed({
      incarnation: randomUUID(),
      clock,
      logger,
      generation: () => this.#configuration.generation,
      record: (event) => {
        options.history.add(historyEntries(event, this.#relay.mirror));
        if (event.event?.$case === 'supervisor') options.told?.(event.event.value);
      },
    });
    this.#configuration = new Configuration({
      load: options.load,
      gather: (parts) => this.#gather(parts),
      present: (parts) => this.#present(parts),
      wall: () => clock.wall(),
      onCommitted: async () => {
        if (this.#configuration.accepted !== undefined) writeAccepted(runDir, this.#configuration.accepted);
        await Promise.all([...this.#services.values()].map((service) => this.#nowConfigured(service)));
      },
    });
    this.#succession = new Succession({
      policy: options.attach || !options.names.includes('vrrpd') ? 'never' : options.spare,
      runDir,
      clock,
      logger,
      services: this.#services,
      inForce: () => this.#configuration.accepted,
      orders: () => this.command.orders,
      startProcess: options.startProcess,
      startSpare: options.startSpare,
      tell: (code, text, service) => this.feed.tell(code, text, service),
    });
    this.#trial = new TrialKeeper({
      runDir,
      clock,
      restore: (before, source) => this.#restore(before, source),
      tell: (code, text) => this.feed.tell(code, text),
    });
    this.command = new Command({
      book: options.orders,
      logger,
      services: this.#services,
      mirror: () => this.#relay.mirror,
      tell: (code, text) => this.feed.tell(code, text),
    });
    for (const name of options.names) {
      this.#services.set(
        name,
        new SupervisedService({
          name,
          runDir,
          clock,
          logger,
          listener: this,
          start: () => options.startProcess(name),
          orders: () => this.command.orders,
          resume: () => this.#relay.notifications.resumeAfter(name),
        }),
      );
    }
    this.#pumps = new RelayPumps({
      relay: this.#relay,
      logger,
      ready: (name) => {
        // What services say while they leave is for people only: ipvsd is told once what to do with its table.
        if (this.#stopping !== undefined && name !== 'notifierd') return undefined;
        return this.#inForce(this.#services.get(name)) ? this.#services.get(name)?.clients : undefined;
      },
      connected: (name) => this.#services.get(name)?.clients,
      watchAgain: (name) => this.#services.get(name as ServiceName)?.watchAgain(),
    });
  }

  /**
   * Takes over what runs, starts the rest, and puts the first configuration in force. `started` are processes that were
   * started already, to save time. Not accepted: the suite is stopped again, unless it runs on with what an earlier
   * supervisor had put in force.
   */
  async start(initial: LoadedParts, started: ReadonlyMap<ServiceName, ServiceProcess>): Promise<ReloadOutcome> {
    const { runDir, logger, attach, names } = this.#options;
    const record = readAccepted(runDir);
    const wanted = initial.parts ?? record?.parts ?? new Map();
    let newest = 0n;
    await Promise.all(
      names.map(async (name) => {
        const service = this.#services.get(name);
        const ready = started.get(name);
        if (ready !== undefined) return service?.begin(ready);
        const found = attach ? undefined : await findRunning(runDir, name, logger);
        if (found === undefined) return hasWork(wanted, name) ? this.#begin(service) : undefined;
        if (found.generation > newest) newest = found.generation;
        this.feed.tell('adopted', `${name} runs already (pid ${found.process.pid}): taken over`, name);
        return service?.begin(found.process);
      }),
    );
    if (!attach) await this.#succession.adopt();
    this.#startWatchdog();
    const outcome = await this.#firstConfiguration(initial, newest);
    if (outcome.accepted) {
      this.#trial.resume();
      void this.#succession.resumeUpgrade();
    }
    return outcome;
  }

  async #firstConfiguration(initial: LoadedParts, newest: bigint): Promise<ReloadOutcome> {
    const record = readAccepted(this.#options.runDir);
    const resumable = record !== undefined && record.generation === newest && newest > 0n;
    if (resumable) this.#configuration.resume(record);
    const stays =
      resumable &&
      (record.appliedFrom !== '' || (initial.parts !== undefined && sameParts(record.parts, initial.parts)));
    if (stays) {
      await this.#gather(record.parts);
      await this.#configureStragglers();
      return { accepted: true, generation: newest, diagnostics: [], changes: [] };
    }
    const outcome = await this.#configuration.put(initial);
    if (!outcome.accepted && resumable) {
      this.feed.tell('reload-refused', 'the configuration file has errors: going on with the one in force');
      await this.#configureStragglers();
      return { ...outcome, accepted: true };
    }
    if (outcome.accepted) await this.#configureStragglers();
    return outcome;
  }

  /** Reads the configuration file and puts it in force everywhere, or nowhere. */
  async reload(): Promise<ReloadOutcome> {
    this.#options.told?.({ code: 'reloading', text: 'reloading' });
    const outcome = this.#trial.pending === undefined ? await this.#configuration.reload() : this.#onTrial();
    await this.#tellOutcome(outcome);
    return outcome;
  }

  /**
   * Puts a configuration in force that was read elsewhere. With `confirmWithin` for a trial: it goes unless
   * {@link confirm} is called in time.
   */
  async apply(tree: ConfigTree, source: string, confirmWithin: Micros): Promise<ReloadOutcome> {
    const before = this.#configuration.accepted;
    if (this.#trial.pending !== undefined) return this.#onTrial();
    const own = source === this.#options.configFile;
    const loaded = { ...this.#options.judge(tree), ...(own ? {} : { appliedFrom: source }) };
    const trial = confirmWithin > 0 && before !== undefined;
    if (trial) this.#trial.begin(source, before, confirmWithin);
    const outcome = await this.#configuration.put(loaded);
    if (trial && !outcome.accepted) this.#trial.cancel();
    await this.#tellOutcome(outcome);
    return outcome;
  }

  /** Keeps what is on trial; false when nothing is. */
  confirm(): boolean {
    const source = this.#trial.pending?.source;
    if (!this.#trial.confirm()) return false;
    this.feed.tell('confirmed', `${source} was confirmed and stays in force`);
    return true;
  }

  /** Ends a trial; false when there is none, or its end was refused. */
  async rollback(): Promise<boolean> {
    return await this.#trial.rollback();
  }

  /** Begins to replace every process, the supervisor first. The reason when it does not begin. */
  async upgrade(): Promise<string | undefined> {
    if (this.#succession.upgrade?.running === true) return 'an upgrade is going on';
    const problem = await this.#options.preflight();
    if (problem !== undefined) return problem;
    await this.#configuration.idle();
    if (this.#stopping !== undefined) return 'the suite is stopping';
    writeUpgrade(this.#options.runDir, this.#succession.plan());
    this.feed.tell('upgrading', 'the installed version takes over: the supervisor first, then each service');
    // After the answer to whoever asked has left.
    setTimeout(() => this.#replaceSupervisor(), UPGRADE_DELAY_MS);
    return undefined;
  }

  #replaceSupervisor(): void {
    try {
      this.#options.replaceSupervisor();
    } catch (error) {
      removeUpgrade(this.#options.runDir);
      this.feed.tell('upgrade-failed', `the supervisor goes on as it is: ${describeRpcError(error)}`);
    }
  }

  async #restore({ parts, appliedFrom }: Before, source: string): Promise<boolean> {
    // The suite's own file may still say what was on trial: a restart must not put that in force again.
    const from = appliedFrom === '' ? `the configuration before ${source}` : appliedFrom;
    const outcome = await this.#configuration.put({ parts, diagnostics: [], appliedFrom: from });
    await this.#configureStragglers();
    return outcome.accepted;
  }

  #onTrial(): ReloadOutcome {
    const finding: PlainDiagnostic = {
      severity: 'error',
      code: 'on-trial',
      message: `${this.#trial.pending?.source} is on trial`,
      hint: 'keepwatchctl confirm keeps it, keepwatchctl rollback ends the trial',
    };
    const { generation } = this.#configuration;
    return { accepted: false, generation, diagnostics: wireDiagnostics([finding]), changes: [] };
  }

  async #tellOutcome(outcome: ReloadOutcome): Promise<void> {
    if (outcome.accepted) {
      this.feed.tell(
        'reloaded',
        `generation ${outcome.generation} is in force: ${counted(outcome.changes.length, 'change')}`,
      );
    } else {
      const errors = plainDiagnostics(outcome.diagnostics).filter(({ severity }) => severity === 'error');
      const first = errors[0];
      const at =
        first?.position === undefined
          ? ''
          : ` at ${first.position.file}:${first.position.line}:${first.position.column}`;
      const text = `reload refused, generation ${outcome.generation} runs on: ${counted(errors.length, 'error')}${errors.length > 1 ? ', the first' : ''}${at}: ${first?.message}`;
      this.feed.tell('reload-refused', text);
    }
    await this.#configureStragglers();
  }

  /** What a reload would do: with the suite's own file, or with another configuration. Changes nothing. */
  async plan(tree: ConfigTree | undefined): Promise<ReloadPlan> {
    return await this.#configuration.plan(tree === undefined ? undefined : this.#options.judge(tree));
  }

  /** The status as it is known now. */
  status(): SuiteStatus {
    const accepted = this.#configuration.accepted;
    return suiteStatus({
      origin: this.feed.origin(),
      version: this.#options.version,
      configFile: this.#options.configFile,
      configuredAt: accepted?.configuredAt,
      services: this.#awake().map(factsOf),
      mirror: this.#relay.mirror,
      orders: this.command.orders,
      refusedReload: this.#configuration.refused.filter((diagnostic) => hasError([diagnostic])),
      spare: this.#succession.spareFacts(),
      upgrade: this.#succession.upgrade,
      trial: this.#trialStatus(),
      appliedFrom: accepted?.appliedFrom ?? '',
      ipvsStatistics: this.#ipvsStatistics,
    });
  }

  get history(): History {
    return this.#options.history;
  }

  /** Has one service, or all and the supervisor (empty), log from `level` on. Returns what changed, in words. */
  async setLogLevel(service: string, level: string): Promise<string[]> {
    const { logger } = this.#options;
    if (!LOG_LEVELS.includes(level))
      throw invalidArgument(`no log level '${level}': there are ${LOG_LEVELS.join(', ')}`);
    const changes: string[] = [];
    if (service === '' || service === 'keepwatchd') {
      changes.push(`keepwatchd: ${logger.level} -> ${level}`);
      logger.level = level;
    }
    for (const { name, clients } of this.#services.values()) {
      if ((service !== '' && service !== name) || clients === undefined) continue;
      const { previous } = await clients.lifecycle.setLogLevel({ level }, { deadlineMs: REFRESH_DEADLINE_MS });
      changes.push(`${name}: ${previous} -> ${level}`);
    }
    if (changes.length === 0) throw invalidArgument(`no service '${service}' answers here`);
    return changes;
  }

  /** Asks the services for their counters and ages, which no event carries; callers at the same time share one round. */
  async refresh(): Promise<void> {
    const { clock } = this.#options;
    const last = this.#lastRefresh;
    if (last.at !== undefined && elapsed(last.at, clock.now()) < REFRESH_AGE) return;
    last.running ??= Promise.all([...this.#services.values()].map((service) => this.#refreshOne(service))).then(() => {
      last.at = clock.now();
      last.running = undefined;
    });
    await last.running;
  }

  /** Sends a signal (USR1, USR2) on to the services and writes the status under the state directory for USR1. */
  dump(signal: 'SIGUSR1' | 'SIGUSR2'): void {
    for (const service of this.#services.values()) service.process?.signal(signal);
    const file = join(this.#options.stateDir, `keepwatchd.${signal === 'SIGUSR1' ? 'data' : 'stats'}`);
    try {
      writeFileSync(file, `${JSON.stringify(SuiteStatus.toJSON(this.status()), undefined, 2)}\n`, { mode: 0o600 });
    } catch (error) {
      this.#options.logger.error({ err: error, file }, 'the status could not be written');
    }
  }

  /**
   * Stops everything in good order: the addresses go first, so that traffic moves; then the checkers and the table; who
   * tells people last. With `detach`, services of another runtime go on.
   */
  stop(reason: string, { detach = false, code = 0 } = {}): Promise<void> {
    this.#stopping ??= this.#stop(reason, detach, code);
    return this.#stopping;
  }

  #trialStatus(): Trial | undefined {
    const pending = this.#trial.pending;
    if (pending === undefined) return undefined;
    const remainingMs = BigInt(Math.ceil(toMillis(pending.remaining)));
    return { source: pending.source, generation: this.#configuration.generation, remainingMs };
  }

  onConnected(service: SupervisedService): void {
    void this.command.tellService(service);
    if (this.#inForce(service)) {
      void this.#nowConfigured(service);
    } else if (!this.#configuration.busy && this.#configuration.accepted !== undefined) {
      void this.#configure(service);
    }
    this.feed.changed();
  }

  onMessage(_service: SupervisedService, { origin, body }: WatchResponse): void {
    if (origin === undefined || body === undefined || body.$case === 'heartbeat') return;
    if (body.$case === 'state') {
      this.#relay.state(origin, body.value);
      this.feed.changed();
    } else {
      // The history tells changes: it has to see the event beside what was known before.
      this.feed.pass(origin, body.value);
      this.#relay.event(origin, body.value);
    }
    this.#pumps.kick();
  }

  onEvent(service: SupervisedService, code: SupervisedEventCode, text: string): void {
    this.feed.tell(code, text, service.name);
  }

  onProcess(service: SupervisedService): void {
    const file = this.#options.pidFiles.get(service.name);
    const pid = service.process?.pid;
    if (file === undefined || pid === undefined) return;
    try {
      writePidFile(file, pid, 0o644);
    } catch (error) {
      this.#options.logger.error({ err: error, file }, 'the pid file could not be written');
    }
  }

  successor(service: SupervisedService): Promise<ServiceProcess | undefined> | undefined {
    return this.#stopping === undefined && this.#options.respawn ? this.#succession.successor(service) : undefined;
  }

  mayRestart(service: SupervisedService): boolean {
    if (this.#stopping !== undefined) return false;
    if (this.#options.respawn) return true;
    void this.stop(`${service.name} died and -R forbids to start it again`, { code: 1 });
    return false;
  }

  #inForce(service: SupervisedService | undefined): boolean {
    return service !== undefined && service.generation > 0n && service.generation === this.#configuration.generation;
  }

  /** Services that run, or should; not those that no configuration had work for yet. */
  #awake(): SupervisedService[] {
    return [...this.#services.values()].filter(({ asleep }) => !asleep);
  }

  #begin(service: SupervisedService | undefined): void {
    if (service === undefined) return;
    if (this.#options.attach) service.begin(attachedProcess(service.name));
    else service.begin();
  }

  /** Ends services that the configuration in force has no work for. */
  async #retireIdle(): Promise<void> {
    const accepted = this.#configuration.accepted;
    if (accepted === undefined || this.#stopping !== undefined) return;
    const idle = this.#awake().filter(({ name }) => !hasWork(accepted.parts, name));
    await Promise.all(idle.map((service) => service.sleep()));
    if (idle.length > 0) this.feed.changed();
  }

  #present(parts: ConfigParts): ReturnType<ConfigurationOptions['present']> {
    const services = new Map<ServiceName, Lifecycle>();
    const missing: ServiceName[] = [];
    for (const { name, lifecycle } of this.#services.values()) {
      if (lifecycle === undefined && !hasWork(parts, name)) continue;
      if (lifecycle === undefined) missing.push(name);
      else services.set(name, lifecycle);
    }
    return { services, missing };
  }

  /** Everything connected, or as much as there is after a while: one broken service must not keep VRRP from running. */
  async #gather(parts: ConfigParts): Promise<Participants> {
    for (const service of this.#services.values()) {
      if (!service.asleep || !hasWork(parts, service.name)) continue;
      await service.fallingAsleep;
      this.#begin(service);
    }
    const services = this.#awake();
    for (const service of services) service.restartNow();
    const deadline = Date.now() + GATHER_LIMIT_MS;
    const missing = (): SupervisedService[] => services.filter(({ clients }) => clients === undefined);
    while (missing().length > 0 && this.#stopping === undefined && Date.now() < deadline) await pause(5);
    for (const { name } of missing()) {
      this.#options.logger.error(
        { about: name },
        'does not answer: going on without it, it is configured when it comes',
      );
    }
    const participants = new Map<ServiceName, Lifecycle>();
    let newestGeneration = 0n;
    for (const { name, lifecycle, generation } of services) {
      if (lifecycle === undefined) continue;
      participants.set(name, lifecycle);
      if (generation > newestGeneration) newestGeneration = generation;
    }
    return { services: participants, newestGeneration };
  }

  /** Services that were not there, or failed, when the configuration in force was committed. */
  async #configureStragglers(): Promise<void> {
    const stragglers = [...this.#services.values()].filter(
      (service) => service.clients !== undefined && !this.#inForce(service),
    );
    await Promise.all(stragglers.map((service) => this.#configure(service)));
    await this.#retireIdle();
    await Promise.all(
      [...this.#services.values()]
        .filter((service) => this.#inForce(service) && service.phase === 'connected')
        .map((service) => this.#nowConfigured(service)),
    );
  }

  /** Gives one service its part of the configuration in force. */
  async #configure(service: SupervisedService): Promise<void> {
    const accepted = this.#configuration.accepted;
    const { lifecycle } = service;
    if (lifecycle === undefined || accepted === undefined || this.#stopping !== undefined) return;
    const refusals = await configureOne(lifecycle, service.name, accepted.parts, accepted.generation);
    const first = refusals[0];
    if (first === undefined) {
      if (accepted.generation === this.#configuration.generation) await this.#nowConfigured(service);
      return;
    }
    service.notConfigured(`refuses the configuration: ${first.message}`);
    this.feed.tell(
      'service-refused',
      `${service.name} refuses the configuration in force: ${first.message}`,
      service.name,
    );
  }

  /** A service has the configuration in force: its state counts now, and it hears what it missed. */
  async #nowConfigured(service: SupervisedService): Promise<void> {
    const { clients } = service;
    if (clients === undefined) return;
    try {
      const [description, { origin, state }] = await Promise.all([
        clients.lifecycle.describe({}, { deadlineMs: 5_000 }),
        clients.lifecycle.snapshot({}, { deadlineMs: 5_000 }),
      ]);
      if (service.clients !== clients || origin === undefined || state === undefined) return;
      this.#relay.state(origin, state);
      service.describedAgain(description);
      // Only now: who reads that it is ready shall find its state too. What it says counts, not what it was told: it may
      // have been started anew in between.
      service.configured(origin.generation);
    } catch (error) {
      this.#options.logger.warn({ about: service.name, reason: describeRpcError(error) }, 'did not tell its state');
      if (service.clients === clients) service.reconnect();
      return;
    }
    this.#relay.connected(service.name);
    this.#pumps.retryNow();
    this.feed.changed();
    if (service.name === 'vrrpd') void this.#succession.configured();
  }

  async #refreshOne(service: SupervisedService): Promise<void> {
    const { clients } = service;
    if (clients === undefined || service.phase !== 'ready') return;
    try {
      const [description, { origin, state }] = await Promise.all([
        clients.lifecycle.describe({}, { deadlineMs: REFRESH_DEADLINE_MS }),
        clients.lifecycle.snapshot({}, { deadlineMs: REFRESH_DEADLINE_MS }),
      ]);
      service.describedAgain(description);
      if (origin !== undefined && state !== undefined) this.#relay.refresh(origin, state);
      if (state?.state?.$case === 'ipvs') await this.#refreshStatistics(clients, state.state.value.available);
    } catch {
      // Silence is what the watchdog and the status measure; a refresh that fails says nothing more.
    }
  }

  /** The kernel's counters, where there is IPVS; none rather than old ones where they cannot be had. */
  async #refreshStatistics({ ipvs }: ServiceClients, available: boolean): Promise<void> {
    const none = { services: [] };
    const asked = available ? ipvs.getStatistics({}, { deadlineMs: REFRESH_DEADLINE_MS }).catch(() => none) : none;
    this.#ipvsStatistics = (await asked).services;
  }

  #startWatchdog(): void {
    const { clock } = this.#options;
    let last = clock.now();
    this.#watchdog = setInterval(() => {
      const now = clock.now();
      const stall = elapsed(last, now) - millis(WATCHDOG_INTERVAL_MS);
      last = now;
      this.command.expire();
      for (const service of this.#services.values()) {
        if (stall > STALL_TOLERANCE) service.forgive(stall as Micros);
        else service.watchdog(now);
      }
      if (stall > STALL_TOLERANCE) this.#succession.forgive(stall as Micros);
      else this.#succession.watchdog(now);
    }, WATCHDOG_INTERVAL_MS);
  }

  async #stop(reason: string, detach: boolean, code: number): Promise<void> {
    this.feed.tell('stopping', `stopping: ${reason}`);
    const { keepVrrp, keepIpvs, pidFiles, runDir } = this.#options;
    this.#trial.close();
    if (detach) {
      for (const service of this.#services.values()) service.detach();
    } else {
      await this.#succession.close();
      await this.#services.get('vrrpd')?.stop(keepVrrp);
      await this.#services.get('healthcheckerd')?.stop(false);
      // After those who follow its sessions: the end of one is no news for them now.
      await this.#services.get('bfdd')?.stop(false);
      await this.#services.get('ipvsd')?.stop(keepIpvs);
      const deadline = Date.now() + LAST_WORDS_MS;
      while (this.#relay.notifications.size > 0 && Date.now() < deadline) await pause(10);
      await this.#services.get('notifierd')?.stop(false);
      if (this.#configuration.accepted !== undefined) await this.#options.atEnd(this.#configuration.accepted.parts);
      for (const file of pidFiles.values()) removeIfThere(file);
      for (const file of RECORDS) removeIfThere(join(runDir, file));
    }
    clearInterval(this.#watchdog);
    this.#pumps.close();
    this.feed.close();
    await this.#options.history.flushed();
    this.#finish(code);
  }
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

const factsOf = (service: SupervisedService): ServiceFacts => ({
  name: service.name,
  phase: service.phase,
  pid: service.process?.pid ?? service.description?.pid,
  version: service.description?.version ?? '',
  incarnation: service.description?.origin?.incarnation ?? '',
  restarts: service.restarts,
  startedAt: service.process?.startedAt,
  silence: service.silence,
  generation: service.generation,
  impairments: service.description?.impairments ?? [],
  detail: service.detail,
  looping: service.looping,
  origin: service.process?.origin ?? '',
});
