/** The whole suite: services under supervision, one configuration in force, the relay between them. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { hideSecrets } from '../shared/config/secrets.js';
import { describeRpcError } from '../shared/rpc/errors.js';
import type { ConfigTree } from '../shared/rpc/generated/keepwatch/v1/common.js';
import type { GetConfigurationResponse, SuiteStatus } from '../shared/rpc/generated/keepwatch/v1/control.js';
import type { WatchResponse } from '../shared/rpc/generated/keepwatch/v1/lifecycle.js';
import { removeIfThere, writePidFile } from '../shared/rpc/pidFile.js';
import type { ServiceName } from '../shared/rpc/service.js';
import { readAccepted, writeAccepted } from './acceptedConfig.js';
import { type FoundService, findRunning, killStrays } from './adopt.js';
import { Command } from './command.js';
import { Configuration, type LoadedParts, type ReloadOutcome } from './configuration.js';
import { Deployment } from './deployment.js';
import { EventFeed } from './eventFeed.js';
import type { History } from './history.js';
import { historyEntries } from './historyEntries.js';
import { setLogLevel } from './logLevels.js';
import { ModuleKeeper } from './moduleKeeper.js';
import { Observation } from './observation.js';
import type { ConfigParts } from './parts.js';
import { readProcessRights } from './processRights.js';
import { Relay } from './relay.js';
import { RelayPumps } from './relayPumps.js';
import { Reloads } from './reloads.js';
import { Roster } from './roster.js';
import { pause, type ServiceClients } from './serviceLink.js';
import type { ServiceProcess } from './serviceProcess.js';
import { Succession } from './succession.js';
import type { SuiteOptions } from './suiteOptions.js';
import { SuiteWatchdog } from './suiteWatchdog.js';
import type { SupervisedEventCode, SupervisedListener } from './supervisedListener.js';
import { SupervisedService } from './supervisedService.js';
import { removeUpgrade, writeUpgrade } from './upgrade.js';

/** How long notifications may take to reach notifierd at the end. */
const LAST_WORDS_MS = 3_000;
/** Time for the answer to a request that ends this program. */
const UPGRADE_DELAY_MS = 50;
/** What a supervisor keeps for its successor; a suite that ended has none. */
const RECORDS = ['keepwatchd.accepted', 'keepwatchd.trial', 'keepwatchd.upgrade', 'trackd.permits'];

export class Suite implements SupervisedListener<SupervisedService> {
  readonly feed: EventFeed;
  /** Exit code, once the suite has ended by itself or by {@link stop}. */
  readonly ended: Promise<number>;
  /** Configurations that people put in force. */
  readonly reloads: Reloads;
  readonly command: Command;
  readonly #options: SuiteOptions;
  readonly #roster: Roster;
  readonly #relay = new Relay();
  readonly #pumps: RelayPumps;
  readonly #configuration: Configuration;
  readonly #deployment: Deployment;
  readonly #succession: Succession;
  readonly #observation: Observation;
  readonly #watchdog: SuiteWatchdog;
  readonly #modules: ModuleKeeper;
  /** The connection over which each service last got a configuration. */
  readonly #configuredOver = new Map<ServiceName, ServiceClients | undefined>();
  #stopping: Promise<void> | undefined;
  #finish: (code: number) => void = () => {};

  constructor(options: SuiteOptions) {
    this.#options = options;
    const { clock, logger, runDir, stateDir, configFile, version, attach, judge } = options;
    const stopping = (): boolean => this.#stopping !== undefined;
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
    const roster = new Roster({ logger, attach, stopping, hasWork: options.hasWork, outgrown: options.outgrown });
    this.#roster = roster;
    const configuration = new Configuration({
      load: options.load,
      gather: (parts) => {
        const { accepted } = configuration;
        options.allow(accepted === undefined ? [parts] : [accepted.parts, parts]);
        return roster.gather(parts);
      },
      present: (parts) => roster.present(parts),
      wall: () => clock.wall(),
      onCommitted: async () => {
        const { accepted } = configuration;
        if (accepted !== undefined) {
          writeAccepted(runDir, accepted);
          options.allow([accepted.parts]);
          this.#modules.follow(options.modules.wanted(accepted.parts));
        }
        await Promise.all(roster.all().map((service) => this.#deployment.nowConfigured(service)));
      },
    });
    this.#configuration = configuration;
    this.#deployment = new Deployment({
      roster,
      configuration,
      relay: this.#relay,
      logger,
      stopping,
      onConfigured: (service) => this.#onConfigured(service),
      onChanged: () => this.feed.changed(),
      tell: (code, text, service) => this.feed.tell(code, text, service),
    });
    this.#succession = new Succession({
      policy: attach || !options.names.includes('vrrpd') ? 'never' : options.spare,
      runDir,
      clock,
      logger,
      services: roster.services,
      inForce: () => configuration.accepted,
      orders: () => this.command.orders,
      startProcess: options.startProcess,
      startSpare: options.startSpare,
      tell: (code, text, service) => this.feed.tell(code, text, service),
    });
    this.reloads = new Reloads({
      runDir,
      configFile,
      clock,
      judge,
      configuration,
      deployment: this.#deployment,
      roster,
      onBegin: () => options.told?.({ code: 'reloading', text: 'reloading' }),
      tell: (code, text) => this.feed.tell(code, text),
    });
    this.command = new Command({
      book: options.orders,
      logger,
      services: roster.services,
      mirror: () => this.#relay.mirror,
      tell: (code, text) => this.feed.tell(code, text),
    });
    this.#modules = new ModuleKeeper({
      clock,
      version,
      start: options.modules.start,
      rightsOf: readProcessRights,
      tell: (code, text, name) => this.feed.tell(code, text, name),
      onChanged: () => this.feed.changed(),
    });
    this.#observation = new Observation({
      version,
      configFile,
      stateDir,
      clock,
      logger,
      unconfined: options.unconfined,
      feed: this.feed,
      roster,
      relay: this.#relay,
      configuration,
      succession: this.#succession,
      trial: this.reloads.trial,
      command: this.command,
      tracer: options.tracer,
      modules: this.#modules,
    });
    this.#watchdog = new SuiteWatchdog(
      clock,
      () => this.command.expire(),
      () => [...roster.all(), this.#succession],
    );
    for (const name of options.names) {
      roster.add(
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
        if (stopping() && name !== 'notifierd') return undefined;
        const service = roster.get(name);
        return this.#deployment.inForce(service) ? service?.clients : undefined;
      },
      connected: (name) => roster.get(name)?.clients,
      watchAgain: (name) => roster.get(name as ServiceName)?.watchAgain(),
      observer: options.tracer,
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
    if (record !== undefined) this.#options.allow([record.parts]);
    const wanted = initial.parts ?? record?.parts ?? new Map();
    let newest = 0n;
    const running = new Map<ServiceName, FoundService>();
    if (!attach) {
      await Promise.all(
        names.map(async (name) => {
          const found = started.has(name) ? undefined : await findRunning(runDir, name, logger);
          if (found !== undefined) running.set(name, found);
        }),
      );
      killStrays(runDir, names, [...started.values(), ...[...running.values()].map((found) => found.process)], logger);
    }
    await Promise.all(
      names.map(async (name) => {
        const service = this.#roster.get(name);
        const ready = started.get(name);
        if (ready !== undefined) return service?.begin(ready);
        const found = running.get(name);
        if (found === undefined) return this.#options.hasWork(wanted, name) ? this.#roster.begin(service) : undefined;
        if (found.generation > newest) newest = found.generation;
        this.feed.tell('adopted', `${name} runs already (pid ${found.process.pid}): taken over`, name);
        return service?.begin(found.process);
      }),
    );
    if (!attach) await this.#succession.adopt();
    this.#watchdog.start();
    const outcome = await this.reloads.first(initial, record, newest);
    if (outcome.accepted) {
      if (this.parts !== undefined) this.#modules.follow(this.#options.modules.wanted(this.parts));
      this.reloads.trial.resume();
      void this.#succession.resumeUpgrade();
    }
    return outcome;
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
    setTimeout(() => void this.#replaceSupervisor(), UPGRADE_DELAY_MS);
    return undefined;
  }

  /** The configuration in force; undefined before the first. */
  get parts(): ConfigParts | undefined {
    return this.#configuration.accepted?.parts;
  }

  /** The status as it is known now. */
  status(): SuiteStatus {
    return this.#observation.status();
  }

  /** Asks the services for their counters and ages, which no event carries. */
  async refresh(): Promise<void> {
    await this.#observation.refresh();
  }

  /** As {@link Observation.dump}. */
  dump(signal: 'SIGUSR1' | 'SIGUSR2'): string {
    return this.#observation.dump(signal);
  }

  /** The configuration in force without its secrets; nothing before the first. */
  configuration(): Omit<GetConfigurationResponse, 'origin'> {
    const { parts, placement } = this.#configuration.accepted ?? {
      parts: new Map<ServiceName, ConfigTree>(),
      placement: {},
    };
    return {
      services: [...parts].map(([service, tree]) => ({ service, tree: hideSecrets(tree) as ConfigTree })),
      networkNamespace: placement.netNamespace?.name ?? '',
      instanceName: placement.instance?.name ?? '',
    };
  }

  get history(): History {
    return this.#options.history;
  }

  /** As {@link setLogLevel}, for the services of this suite. */
  async setLogLevel(service: string, level: string): Promise<string[]> {
    return await setLogLevel(this.#roster.all(), this.#options.logger, service, level);
  }

  /**
   * Stops everything in good order: the addresses go first, so that traffic moves; then the checkers and the table; who
   * tells people last. With `detach`, services of another runtime go on.
   */
  stop(reason: string, { detach = false, code = 0 } = {}): Promise<void> {
    this.#stopping ??= this.#stop(reason, detach, code);
    return this.#stopping;
  }

  onConnected(service: SupervisedService): void {
    void this.command.tellService(service);
    this.#deployment.onConnected(service);
    this.feed.changed();
  }

  onMessage(_service: SupervisedService, { origin, body }: WatchResponse): void {
    if (origin === undefined || body === undefined || body.$case === 'heartbeat') return;
    if (body.$case === 'state') {
      this.#relay.state(origin, body.value);
      this.feed.changed();
    } else {
      this.#options.tracer?.event(origin, body.value);
      // Traffic goes to a dead server until the table says otherwise: people and the history can wait that long.
      const tableFirst = body.value.event?.$case === 'health';
      if (tableFirst) {
        this.#relay.event(origin, body.value);
        this.#pumps.kickTable();
      }
      this.#relay.notify(origin, body.value);
      this.#pumps.kickNotifications();
      // The history tells changes: it has to see the event beside what was known before.
      this.feed.pass(origin, body.value);
      if (!tableFirst) this.#relay.event(origin, body.value);
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

  #onConfigured(service: SupervisedService): void {
    const { name, clients } = service;
    if (this.#configuredOver.get(name) === clients) this.#relay.configured(name);
    else this.#relay.connected(name);
    this.#configuredOver.set(name, clients);
    this.#pumps.retryNow();
    this.feed.changed();
    if (service.name === 'vrrpd') void this.#succession.configured();
    if (service.name === 'notifierd') this.#pumps.rehearse();
  }

  async #replaceSupervisor(): Promise<void> {
    // They are tied to this program; the next one starts its own.
    await this.#modules.stop();
    try {
      this.#options.replaceSupervisor();
    } catch (error) {
      if (this.parts !== undefined) this.#modules.resume(this.#options.modules.wanted(this.parts));
      removeUpgrade(this.#options.runDir);
      this.feed.tell('upgrade-failed', `the supervisor goes on as it is: ${describeRpcError(error)}`);
    }
  }

  async #stop(reason: string, detach: boolean, code: number): Promise<void> {
    this.feed.tell('stopping', `stopping: ${reason}`);
    const { keepVrrp, keepIpvs, pidFiles, runDir } = this.#options;
    this.reloads.trial.close();
    if (detach) {
      for (const service of this.#roster.all()) service.detach();
    } else {
      await this.#succession.close();
      await this.#roster.get('vrrpd')?.stop(keepVrrp);
      await this.#roster.get('healthcheckerd')?.stop(false);
      // After those who follow its sessions: the end of one is no news for them now.
      await this.#roster.get('bfdd')?.stop(false);
      await this.#roster.get('ipvsd')?.stop(keepIpvs);
      const deadline = Date.now() + LAST_WORDS_MS;
      while (this.#relay.notifications.size > 0 && Date.now() < deadline) await pause(10);
      await this.#roster.get('notifierd')?.stop(false);
      if (this.#configuration.accepted !== undefined) await this.#options.atEnd(this.#configuration.accepted);
      for (const file of pidFiles.values()) removeIfThere(file);
      for (const file of RECORDS) removeIfThere(join(runDir, file));
    }
    await this.#modules.stop();
    this.#watchdog.close();
    this.#pumps.close();
    this.feed.close();
    await this.#options.history.flushed();
    await this.#options.tracer?.close();
    this.#finish(code);
  }
}
