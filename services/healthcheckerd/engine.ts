/**
 * Runs the checkers and draws the conclusions: verdicts → pools → desired table, transitions and notifications.
 *
 * Synchronous and without timers of its own: the shell calls `runDue` when `nextDeadline` has come. A new configuration keeps
 * what it does not change: unchanged checkers do not even lose a running check, a changed checker starts from its old verdict.
 */
import type { Logger } from '../shared/log/logger.js';
import type { HealthState } from '../shared/rpc/generated/keepwatch/v1/health.js';
import type { IpvsServiceKey } from '../shared/rpc/generated/keepwatch/v1/ipvs.js';
import type { Notification } from '../shared/rpc/generated/keepwatch/v1/notify.js';
import type { Order } from '../shared/rpc/generated/keepwatch/v1/order.js';
import { HeldOrders } from '../shared/rpc/heldOrders.js';
import type { Clock } from '../shared/time/clock.js';
import type { Instant } from '../shared/time/duration.js';
import type { CheckerAction } from './checker.js';
import { CheckerBook } from './checkerBook.js';
import { checkerKeyword, checkerText, verdictMailBody } from './checkerText.js';
import type { HealthConfig, VirtualServerGroupConfig } from './config/model.js';
import { serviceKeyText, serviceTargets } from './desiredTable.js';
import { GroupMarks } from './groupMarks.js';
import { nameVirtualServers, realServerName } from './names.js';
import { NotificationBuilder, type RealServerChange } from './notifications.js';
import { farewell, firstNews, lookAtPool, REMOVING } from './poolKeeper.js';
import { Presence } from './presence.js';
import type { Prober } from './probe.js';
import { type EngineReport, HealthReporter } from './reporter.js';
import { NO_RESUME, type ResumeRecord } from './resumeRecord.js';
import { type RunningChecker, type ServerRuntime, type VirtualRuntime, verdictOf, weightOf } from './runtime.js';
import { sameMeaning } from './sameMeaning.js';
import { virtualServerWire } from './stateWire.js';
import { steeredConfig } from './steeredConfig.js';

export interface EngineOptions {
  readonly clock: Clock;
  readonly prober: Prober;
  readonly logger: Logger;
  readonly report: (report: EngineReport) => void;
  /** The next deadline may have changed. */
  readonly rearm: () => void;
  /** Addresses this machine has, as text. */
  readonly localAddresses: () => ReadonlySet<string>;
  /** 0..1: where the spread of the first checks begins; differs between machines so that they do not check in step. */
  readonly spreadStart: number;
  /** What a killed predecessor left. */
  readonly resume?: ResumeRecord;
}

export class HealthEngine {
  readonly #options: EngineOptions;
  readonly #resume: ResumeRecord;
  readonly #checkers: CheckerBook;
  readonly #presence: Presence;
  readonly #reporter: HealthReporter;
  /** As configured. */
  #given: HealthConfig | undefined;
  /** As it is with the orders of operators. */
  #config: HealthConfig | undefined;
  readonly #orders = new HeldOrders();
  readonly #marks: GroupMarks;
  #virtuals = new Map<string, VirtualRuntime>();
  #notify = new NotificationBuilder({
    routerId: '',
    mailConfigured: false,
    initNotifies: false,
    noCheckerEmails: false,
    scheduling: {},
  });

  constructor(options: EngineOptions) {
    this.#options = options;
    const { clock, prober, logger, rearm, spreadStart } = options;
    this.#resume = options.resume ?? NO_RESUME;
    this.#marks = new GroupMarks(this.#resume);
    this.#presence = new Presence(options.localAddresses, logger);
    this.#reporter = new HealthReporter(clock, options.report);
    const listener = {
      verdict: (checker: RunningChecker, verdict: Verdict, now: Instant) => {
        for (const server of checker.servers) this.#verdict(server, checker, verdict, now);
      },
      weight: (checker: RunningChecker) => {
        for (const server of checker.servers) this.#weight(server);
      },
      changed: (checker: RunningChecker, now: Instant) => {
        for (const { virtual } of checker.servers) this.#reporter.quietly(virtual, now);
      },
    };
    this.#checkers = new CheckerBook({ clock, prober, logger, listener, rearm, spreadStart, resume: this.#resume });
  }

  /** The configuration in force, without orders. */
  get config(): HealthConfig | undefined {
    return this.#given;
  }

  /** Takes all orders of operators in place of those before; they may come before the first configuration. */
  steer(orders: readonly Order[]): void {
    const ids = (list: readonly Order[]): string => list.map(({ id }) => id).join(' ');
    const before = ids(this.#orders.all);
    const own = orders.filter(({ action }) => action !== undefined && 'virtualServer' in action.value);
    this.#orders.replace(own, this.#options.clock.now());
    // Told again with every connection: the same ones change nothing.
    if (ids(own) !== before && this.#given !== undefined) this.apply(this.#given);
    this.#options.rearm();
  }

  /** Puts a configuration in force. */
  apply(given: HealthConfig): void {
    this.#given = given;
    const config = steeredConfig(given, this.#orders.all);
    const now = this.#options.clock.now();
    const previous = this.#virtuals;
    const groups = new Map(config.groups.map((group) => [group.name, group]));
    const starting = this.#config === undefined;
    const sameAround =
      sameMeaning(this.#config?.groups, config.groups) && sameMeaning(this.#config?.global, config.global);
    this.#config = config;
    this.#notify = new NotificationBuilder(config.global);
    this.#virtuals = new Map();
    this.#checkers.release();

    const notifications: Notification[] = [];
    const changed: VirtualRuntime[] = [];
    let quorate = 0;
    const removedDesired = new Map<string, IpvsServiceKey>();
    for (const virtual of previous.values()) {
      for (const key of virtual.targets.keys) removedDesired.set(serviceKeyText(key), key);
    }
    // A virtual server without real servers balances nothing: keepalived drops it, and so do we.
    const kept = config.virtualServers.filter((virtual) => virtual.realServers.length > 0);
    const named = nameVirtualServers(kept);
    this.#marks.give(config, named);
    for (const { name, config: virtualConfig } of named) {
      const old = previous.get(name);
      previous.delete(name);
      const virtual = old ?? newVirtual(name, virtualConfig);
      this.#virtuals.set(name, virtual);
      // What a group stands for, and its mark, may be another.
      const mayStay = sameAround && virtualConfig.target.kind !== 'group';
      if (old !== undefined && mayStay && sameMeaning(old.config, virtualConfig)) {
        this.#keepVirtual(old, virtualConfig);
      } else {
        notifications.push(...this.#configureVirtual(virtual, virtualConfig, groups, old === undefined, now));
        changed.push(virtual);
      }
      if (old === undefined && virtual.view.quorumUp) quorate++;
      for (const key of virtual.targets.keys) removedDesired.delete(serviceKeyText(key));
    }
    if (quorate > 0) this.#options.logger.info(`new virtual servers that start with quorum: ${quorate}`);
    for (const virtual of previous.values()) {
      notifications.push(...farewell(virtual, this.#notify, this.#options.clock.wall()));
      this.#resume.forgetQuorum(virtual.name);
    }
    this.#checkers.sweep();
    this.#reporter.forgetQuiet([...changed, ...previous.values()]);
    this.#updatePresence(now);
    if (starting || notifications.length > 0 || changed.length > 0 || previous.size > 0) {
      this.#reporter.changed(changed, notifications, {
        removedVirtualServers: [...previous.keys()],
        removedDesired: [...removedDesired.values()],
      });
    }
    this.#options.rearm();
  }

  /** When `runDue` wants to be called next. */
  nextDeadline(): Instant | undefined {
    const deadlines = [
      this.#checkers.nextDeadline(),
      this.#reporter.nextDeadline(),
      this.#presence.nextDeadline(),
      this.#orders.nextExpiry(),
    ].filter((at) => at !== undefined);
    return deadlines.length === 0 ? undefined : (Math.min(...deadlines) as Instant);
  }

  /** Does everything whose time has come. */
  runDue(): void {
    const now = this.#options.clock.now();
    this.#checkers.runDue(now);
    const presenceAt = this.#presence.nextDeadline();
    if (presenceAt !== undefined && presenceAt <= now) this.#updatePresence(now);
    this.#reporter.runDue(now);
    if (this.#orders.expire(now) && this.#given !== undefined) this.apply(this.#given);
    this.#options.rearm();
  }

  /** vrrpd's addresses changed (`ha_suspend`). */
  informVrrp(addresses: ReadonlySet<string>): void {
    this.#presence.inform(addresses);
    this.#updatePresence(this.#options.clock.now());
    this.#options.rearm();
  }

  /** The whole current state. */
  state(): HealthState {
    const virtuals = [...this.#virtuals.values()];
    return {
      virtualServers: virtuals.map((virtual) => virtualServerWire(virtual, this.#options.clock)),
      desired: virtuals.flatMap((virtual) => virtual.desired),
      durations: this.#checkers.durations.wire(),
    };
  }

  /** Ends all checks; with `omega`, scripts and FIFOs hear that everything is down. */
  stop(): void {
    const at = this.#options.clock.wall();
    const told = [...this.#virtuals.values()].filter(({ config }) => config.omega);
    const notifications = told.flatMap((virtual) => farewell(virtual, this.#notify, at));
    this.#checkers.stop();
    this.#reporter.forgetQuiet();
    this.#presence.stop();
    if (notifications.length > 0) this.#reporter.changed([], notifications);
  }

  /** Leaves a virtual server as it is; only the places in the file may be others. */
  #keepVirtual(virtual: VirtualRuntime, config: VirtualRuntime['config']): void {
    virtual.config = config;
    for (const [index, server] of virtual.servers.entries()) {
      const serverConfig = config.realServers[index];
      if (serverConfig !== undefined) server.config = serverConfig;
      for (const checker of server.checkers.values()) checker.servers.add(server);
    }
  }

  /** Gives a virtual server its (new) configuration; returns what has to be told because of it. */
  #configureVirtual(
    virtual: VirtualRuntime,
    config: VirtualRuntime['config'],
    groups: ReadonlyMap<string, VirtualServerGroupConfig>,
    isNew: boolean,
    now: Instant,
  ): Notification[] {
    const resumed = isNew ? this.#resume.quorum(virtual.name) : undefined;
    if (resumed !== undefined) virtual.view = { ...virtual.view, quorumUp: resumed };
    const oldServers = new Map(virtual.servers.map((server) => [server.name, server]));
    virtual.config = config;
    virtual.targets = serviceTargets(config, groups, this.#marks.of(virtual.name));
    const at = this.#options.clock.wall();
    const notifications: Notification[] = [];
    virtual.servers = config.realServers.map((serverConfig) => {
      const name = realServerName(config, serverConfig);
      const old = oldServers.get(name);
      oldServers.delete(name);
      const server: ServerRuntime = old ?? {
        config: serverConfig,
        name,
        virtual,
        checkers: new Map(),
        up: true,
        weight: serverConfig.weight,
      };
      server.config = serverConfig;
      this.#configureCheckers(server, now);
      const before = server.up;
      server.up = verdictOf(server);
      server.weight = weightOf(server);
      let change: RealServerChange | undefined;
      if (old !== undefined) change = before === server.up ? undefined : { config: serverConfig, name, up: server.up };
      else if (resumed === undefined) change = firstNews(server, this.#config?.global.initNotifies === true);
      if (change !== undefined) notifications.push(...this.#notify.change(virtual, at, change, undefined));
      return server;
    });
    for (const gone of oldServers.values()) {
      if (!gone.up) continue;
      const change = { config: gone.config, name: gone.name, up: false, mailBody: REMOVING };
      notifications.push(...this.#notify.change(virtual, at, change, undefined));
    }
    const quorum = lookAtPool(virtual, isNew && resumed === undefined, this.#resume, this.#options.logger);
    if (quorum !== undefined) notifications.push(...this.#notify.change(virtual, at, undefined, quorum));
    return notifications;
  }

  #configureCheckers(server: ServerRuntime, now: Instant): void {
    const old = server.checkers;
    const counts = new Map<string, number>();
    server.checkers = new Map();
    for (const config of server.config.checkers) {
      const keyword = checkerKeyword(config);
      const number = counts.get(keyword) ?? 0;
      counts.set(keyword, number + 1);
      const key = `${keyword}#${number}`;
      server.checkers.set(key, this.#checkers.employ(server, config, old.get(key), now));
    }
  }

  #verdict(server: ServerRuntime, { config }: RunningChecker, verdict: Verdict, now: Instant): void {
    const { virtual } = server;
    const retries =
      verdict.retries === 0 ? '' : `, after ${verdict.retries} ${verdict.retries === 1 ? 'retry' : 'retries'}`;
    const cause = `${checkerText(config)}: ${verdict.up ? 'success' : `${verdict.reason}${retries}`}`;
    const before = server.up;
    server.up = verdictOf(server);
    const moved = this.#takeWeight(server);
    const mailBody = verdictMailBody(config, verdict.up, verdict.mail);
    if (before !== server.up) {
      this.#options.logger.info(`${server.name} of ${virtual.name} is ${server.up ? 'up' : 'down'}: ${cause}`);
      this.#transition(server, cause, { config: server.config, name: server.name, up: server.up, mailBody });
      return;
    }
    if (!verdict.up && verdict.first && !verdict.changed) {
      // An alpha server was never up; FIFO and script still hear of its first failure, as from keepalived, but no mail goes.
      this.#transition(server, cause, { config: server.config, name: server.name, up: false });
      return;
    }
    if (moved) this.#weightMoved(server);
    else this.#reporter.quietly(virtual, now);
    if (!verdict.changed) return;
    // One of several checkers changed its mind and the server did not: only people hear of it.
    this.#options.logger.info(`${server.name} of ${virtual.name} stays ${server.up ? 'up' : 'down'}: ${cause}`);
    if (this.#config?.global.noCheckerEmails === true) return;
    const change = { config: server.config, name: server.name, up: verdict.up, mailBody };
    const mails = this.#notify.checkerMail(virtual, this.#options.clock.wall(), change);
    if (mails.length > 0) this.#reporter.changed([virtual], mails);
  }

  #transition(server: ServerRuntime, cause: string, change: RealServerChange): void {
    const { virtual } = server;
    const at = this.#options.clock.wall();
    const quorum = lookAtPool(virtual, false, this.#resume, this.#options.logger);
    this.#reporter.transition(
      virtual,
      { virtualServer: virtual.name, realServer: server.name, up: change.up, cause, at },
      this.#notify.change(virtual, at, change, quorum),
    );
  }

  /** True when the weight of a server changed. */
  #takeWeight(server: ServerRuntime): boolean {
    const weight = weightOf(server);
    if (weight === server.weight) return false;
    const { name, virtual } = server;
    const state = server.up ? 'active' : 'inactive';
    this.#options.logger.info(`weight of ${state} ${name} of ${virtual.name} is now ${weight}, was ${server.weight}`);
    server.weight = weight;
    return true;
  }

  #weight(server: ServerRuntime): void {
    if (this.#takeWeight(server)) this.#weightMoved(server);
  }

  /** The table follows a weight at once, and the quorum may. */
  #weightMoved({ virtual }: ServerRuntime): void {
    const quorum = lookAtPool(virtual, false, this.#resume, this.#options.logger);
    const at = this.#options.clock.wall();
    const told = quorum === undefined ? [] : this.#notify.change(virtual, at, undefined, quorum);
    this.#reporter.changed([virtual], told);
  }

  #updatePresence(now: Instant): void {
    const changed = this.#presence.update(this.#virtuals.values(), now);
    this.#checkers.updateSuspension(now);
    for (const virtual of changed) this.#reporter.quietly(virtual, now);
  }
}

type Verdict = Extract<CheckerAction, { kind: 'verdict' }>;

function newVirtual(name: string, config: VirtualRuntime['config']): VirtualRuntime {
  return {
    name,
    config,
    targets: { keys: [], marked: new Map(), addresses: [] },
    servers: [],
    view: { quorumUp: false, weightUp: 0, members: [] },
    desired: [],
    suspended: false,
  };
}
