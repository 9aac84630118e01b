/**
 * Runs the checkers and draws the conclusions: verdicts → pools → desired table, transitions and notifications.
 *
 * Synchronous and without timers of its own: the shell calls `runDue` when `nextDeadline` has come. A new configuration keeps
 * what it does not change: unchanged checkers do not even lose a running check, a changed checker starts from its old verdict.
 */
import { formatPosition } from '../shared/config/position.js';
import type { Logger } from '../shared/log/logger.js';
import type { HealthEvent, HealthState } from '../shared/rpc/generated/keepwatch/v1/health.js';
import type { IpvsServiceKey } from '../shared/rpc/generated/keepwatch/v1/ipvs.js';
import type { Notification } from '../shared/rpc/generated/keepwatch/v1/notify.js';
import type { Clock } from '../shared/time/clock.js';
import { DeadlineQueue } from '../shared/time/deadlineQueue.js';
import { after, type Instant, type Micros, millis, seconds } from '../shared/time/duration.js';
import { type CheckerAction, type CheckerEvent, type CheckResult, initialChecker, nextDue, step } from './checker.js';
import { checkerKeyword, checkerText, verdictMailBody } from './checkerText.js';
import type { CheckerConfig, HealthConfig, VirtualServerGroupConfig } from './config/model.js';
import { desiredServices, serviceKeys, serviceKeyText } from './desiredTable.js';
import { nameVirtualServers, realServerName } from './names.js';
import { NotificationBuilder, type QuorumChange, type RealServerChange } from './notifications.js';
import { sameMeaning } from './planChanges.js';
import { quorumLimits, viewPool } from './pool.js';
import type { Prober } from './probe.js';
import {
  type CheckerRuntime,
  type RunningChecker,
  type ServerRuntime,
  type VirtualRuntime,
  verdictOf,
} from './runtime.js';
import { virtualServerWire } from './stateWire.js';

/** Changes that are no transitions (a first check, a failure with retries left) are told together, this late at most. */
const QUIET_DELAY: Micros = millis(250);
/** How often it is looked whether the address of a virtual server under `ha_suspend` is here. */
const PRESENCE_INTERVAL: Micros = seconds(1);
/** Successive multiples of the golden ratio fill an interval evenly, however many there are. */
const GOLDEN_RATIO = 0.618_033_988_749_895;

/** What the engine tells. */
export interface EngineReport {
  readonly event: HealthEvent;
  readonly notifications: Notification[];
}

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
}

export class HealthEngine {
  readonly #options: EngineOptions;
  readonly #queue = new DeadlineQueue<RunningChecker>();
  #config: HealthConfig | undefined;
  #virtuals = new Map<string, VirtualRuntime>();
  #notify = new NotificationBuilder({
    routerId: '',
    mailConfigured: false,
    initNotifies: false,
    noCheckerEmails: false,
  });
  /** Addresses vrrpd has put on this machine. */
  #vrrpAddresses: ReadonlySet<string> = new Set();
  readonly #quietlyChanged = new Set<VirtualRuntime>();
  #quietAt: Instant | undefined;
  #presenceAt: Instant | undefined;
  #spread: number;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#spread = options.spreadStart;
  }

  get config(): HealthConfig | undefined {
    return this.#config;
  }

  /** Puts a configuration in force. */
  apply(config: HealthConfig): void {
    const now = this.#options.clock.now();
    const previous = this.#virtuals;
    const groups = new Map(config.groups.map((group) => [group.name, group]));
    const starting = this.#config === undefined;
    this.#config = config;
    this.#notify = new NotificationBuilder(config.global);
    this.#virtuals = new Map();

    const notifications: Notification[] = [];
    const removedDesired = new Map<string, IpvsServiceKey>();
    for (const virtual of previous.values()) {
      for (const key of virtual.keys) removedDesired.set(serviceKeyText(key), key);
    }
    // A virtual server without real servers balances nothing: keepalived drops it, and so do we.
    const kept = config.virtualServers.filter((virtual) => virtual.realServers.length > 0);
    for (const { name, config: virtualConfig } of nameVirtualServers(kept)) {
      const old = previous.get(name);
      previous.delete(name);
      const virtual = old ?? this.#newVirtual(name, virtualConfig);
      notifications.push(...this.#configureVirtual(virtual, virtualConfig, groups, old === undefined, now));
      this.#virtuals.set(name, virtual);
      for (const key of virtual.keys) removedDesired.delete(serviceKeyText(key));
    }
    for (const virtual of previous.values()) {
      notifications.push(...this.#farewell(virtual));
      for (const server of virtual.servers) this.#dismiss(server.checkers.values());
    }
    this.#quietlyChanged.clear();
    this.#quietAt = undefined;
    this.#updatePresence(now);
    if (starting || notifications.length > 0 || this.#virtuals.size > 0 || previous.size > 0) {
      this.#options.report({
        event: {
          ...this.#eventOf([...this.#virtuals.values()]),
          removedVirtualServers: [...previous.keys()],
          removedDesired: [...removedDesired.values()],
        },
        notifications,
      });
    }
    this.#options.rearm();
  }

  /** When `runDue` wants to be called next. */
  nextDeadline(): Instant | undefined {
    const deadlines = [this.#queue.next(), this.#quietAt, this.#presenceAt].filter((at) => at !== undefined);
    return deadlines.length === 0 ? undefined : (Math.min(...deadlines) as Instant);
  }

  /** Does everything whose time has come. */
  runDue(): void {
    const now = this.#options.clock.now();
    for (let due = this.#queue.takeDue(now); due !== undefined; due = this.#queue.takeDue(now)) {
      this.#step(due.item, { kind: 'due' }, now);
    }
    if (this.#presenceAt !== undefined && this.#presenceAt <= now) this.#updatePresence(now);
    if (this.#quietAt !== undefined && this.#quietAt <= now) this.#reportQuietly();
    this.#options.rearm();
  }

  /** vrrpd's addresses changed (`ha_suspend`). */
  informVrrp(addresses: ReadonlySet<string>): void {
    this.#vrrpAddresses = addresses;
    this.#updatePresence(this.#options.clock.now());
    this.#options.rearm();
  }

  /** The whole current state. */
  state(): HealthState {
    const virtuals = [...this.#virtuals.values()];
    return {
      virtualServers: virtuals.map((virtual) => virtualServerWire(virtual, this.#options.clock)),
      desired: virtuals.flatMap((virtual) => virtual.desired),
    };
  }

  /** What the configuration asks for and is not done, in words. */
  impairments(): string[] {
    const impairments: string[] = [];
    for (const virtual of this.#virtuals.values()) {
      for (const server of virtual.servers) {
        for (const checker of server.checkers.values()) {
          const where = `${server.name} of ${virtual.name} (${formatPosition(checker.config.position)})`;
          if (checker.kind === 'idle') {
            impairments.push(
              `${checker.config.keyword} of ${where} cannot be run by this version: it is not watched by it`,
            );
          } else {
            impairments.push(...ignoredOptions(checker.config).map((option) => `${option} of ${where} is not done`));
          }
        }
      }
    }
    return impairments;
  }

  /** Ends all checks; with `omega`, scripts and FIFOs hear that everything is down. */
  stop(): void {
    const notifications: Notification[] = [];
    for (const virtual of this.#virtuals.values()) {
      notifications.push(...this.#farewell(virtual));
      for (const server of virtual.servers) this.#dismiss(server.checkers.values());
    }
    this.#quietAt = undefined;
    this.#presenceAt = undefined;
    if (notifications.length > 0) this.#options.report({ event: this.#eventOf([]), notifications });
  }

  #newVirtual(name: string, config: VirtualRuntime['config']): VirtualRuntime {
    return {
      name,
      config,
      keys: [],
      servers: [],
      view: { quorumUp: false, weightUp: 0, members: [] },
      desired: [],
      suspended: false,
    };
  }

  /** Gives a virtual server its (new) configuration; returns what has to be told because of it. */
  #configureVirtual(
    virtual: VirtualRuntime,
    config: VirtualRuntime['config'],
    groups: ReadonlyMap<string, VirtualServerGroupConfig>,
    isNew: boolean,
    now: Instant,
  ): Notification[] {
    const oldServers = new Map(virtual.servers.map((server) => [server.name, server]));
    virtual.config = config;
    virtual.keys = serviceKeys(config, groups);
    const at = this.#options.clock.wall();
    const notifications: Notification[] = [];
    virtual.servers = config.realServers.map((serverConfig) => {
      const name = realServerName(config, serverConfig);
      const old = oldServers.get(name);
      oldServers.delete(name);
      const server: ServerRuntime = old ?? { config: serverConfig, name, virtual, checkers: new Map(), up: true };
      server.config = serverConfig;
      this.#configureCheckers(server, now);
      const before = server.up;
      server.up = verdictOf(server);
      const tell = old === undefined ? server.up && this.#config?.global.initNotifies === true : before !== server.up;
      if (tell) {
        notifications.push(
          ...this.#notify.change(virtual, at, { config: serverConfig, name, up: server.up }, undefined),
        );
      }
      return server;
    });
    for (const gone of oldServers.values()) {
      if (config.omega && gone.up) {
        const change = { config: gone.config, name: gone.name, up: false, mailBody: '=> Removing <=' };
        notifications.push(...this.#notify.change(virtual, at, change, undefined));
      }
      this.#dismiss(gone.checkers.values());
    }
    const quorum = this.#lookAtPool(virtual, isNew);
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
      const earlier = old.get(key);
      old.delete(key);
      server.checkers.set(key, this.#configureChecker(server, config, earlier, now));
    }
    this.#dismiss(old.values());
  }

  #configureChecker(
    server: ServerRuntime,
    config: CheckerConfig,
    earlier: CheckerRuntime | undefined,
    now: Instant,
  ): CheckerRuntime {
    if (config.kind === 'unavailable') return { kind: 'idle', config };
    if (earlier?.kind !== 'running') {
      this.#spread = (this.#spread + GOLDEN_RATIO) % 1;
      const phase = Math.floor(this.#spread * config.timing.warmup) as Micros;
      const state = initialChecker(config.timing, now, phase);
      const checker: RunningChecker = { kind: 'running', config, state, server, phase, cancel: undefined };
      this.#queue.set(checker, nextDue(state));
      return checker;
    }
    const changed = !sameMeaning(earlier.config, config);
    earlier.config = config;
    if (changed && earlier.state.phase.kind !== 'suspended') {
      earlier.cancel?.();
      earlier.cancel = undefined;
      // The old verdict stands until the changed check has spoken, with all its retries.
      const dueAt = after(now, Math.min(earlier.phase, config.timing.warmup) as Micros);
      earlier.state = { ...earlier.state, retries: 0, phase: { kind: 'waiting', dueAt } };
      this.#queue.set(earlier, dueAt);
    }
    return earlier;
  }

  #dismiss(checkers: Iterable<CheckerRuntime>): void {
    for (const checker of checkers) {
      if (checker.kind === 'idle') continue;
      checker.cancel?.();
      checker.cancel = undefined;
      this.#queue.set(checker, undefined);
    }
  }

  /** What `omega` says about a virtual server that goes. */
  #farewell(virtual: VirtualRuntime): Notification[] {
    if (!virtual.config.omega) return [];
    const at = this.#options.clock.wall();
    const notifications = virtual.servers
      .filter((server) => server.up)
      .flatMap((server) => {
        const change = { config: server.config, name: server.name, up: false, mailBody: '=> Removing <=' };
        return this.#notify.change(virtual, at, change, undefined);
      });
    if (!virtual.view.quorumUp) return notifications;
    const limits = quorumLimits(virtual.config);
    const quorum = { up: false, starting: false, limits, weightUp: 0 };
    return [...notifications, ...this.#notify.change(virtual, at, undefined, quorum)];
  }

  /** Draws the conclusions for one pool; tells when its quorum changed. */
  #lookAtPool(virtual: VirtualRuntime, starting: boolean): QuorumChange | undefined {
    const { config, view: before } = virtual;
    const up = virtual.servers.map((server) => server.up);
    const view = viewPool(config, up, before.quorumUp);
    virtual.view = view;
    virtual.desired = desiredServices(config, virtual.keys, view);
    const limits = quorumLimits(config);
    // keepalived starts in silence where there is no quorum and nothing stands in for it.
    const tell = starting
      ? view.quorumUp || config.alpha || config.sorryServer !== undefined
      : view.quorumUp !== before.quorumUp;
    if (tell) {
      const event = starting
        ? `starts with quorum ${view.quorumUp ? 'up' : 'down'}`
        : view.quorumUp
          ? 'gained quorum'
          : 'lost quorum';
      this.#options.logger.info(
        `virtual server ${virtual.name} ${event}: weight ${view.weightUp}, quorum ${limits.quorum}, hysteresis ${limits.hysteresis}`,
      );
    }
    return tell ? { up: view.quorumUp, starting, limits, weightUp: view.weightUp } : undefined;
  }

  #step(checker: RunningChecker, event: CheckerEvent, now: Instant): void {
    const { state, actions } = step(checker.state, event, checker.config.timing, now);
    checker.state = state;
    this.#queue.set(checker, nextDue(state));
    for (const action of actions) this.#act(checker, action, now);
  }

  #act(checker: RunningChecker, action: CheckerAction, now: Instant): void {
    const { server, config } = checker;
    switch (action.kind) {
      case 'start':
        checker.cancel = this.#options.prober.start(config, (result) => this.#ended(checker, result));
        return;
      case 'cancel':
        checker.cancel?.();
        checker.cancel = undefined;
        return;
      case 'failed-once':
        if (config.timing.logAllFailures) {
          this.#options.logger.info(`${checkerText(config)}: ${action.reason}, ${action.retriesLeft} retries left`);
        }
        this.#changedQuietly(server.virtual, now);
        return;
      case 'undecided':
        this.#options.logger.warn(`${checkerText(config)} could not be done: ${action.reason}`);
        return;
      case 'verdict':
        this.#verdict(checker, action, now);
        return;
    }
  }

  #ended(checker: RunningChecker, result: CheckResult): void {
    checker.cancel = undefined;
    this.#step(checker, { kind: 'ended', result }, this.#options.clock.now());
    this.#options.rearm();
  }

  #verdict(checker: RunningChecker, verdict: Extract<CheckerAction, { kind: 'verdict' }>, now: Instant): void {
    const { server, config } = checker;
    const { virtual } = server;
    const retries =
      verdict.retries === 0 ? '' : `, after ${verdict.retries} ${verdict.retries === 1 ? 'retry' : 'retries'}`;
    const cause = `${checkerText(config)}: ${verdict.up ? 'success' : `${verdict.reason}${retries}`}`;
    const before = server.up;
    server.up = verdictOf(server);
    const mailBody = verdictMailBody(config, verdict.up);
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
    this.#changedQuietly(virtual, now);
    if (!verdict.changed) return;
    // One of several checkers changed its mind and the server did not: only people hear of it.
    this.#options.logger.info(`${server.name} of ${virtual.name} stays ${server.up ? 'up' : 'down'}: ${cause}`);
    if (this.#config?.global.noCheckerEmails === true) return;
    const change = { config: server.config, name: server.name, up: verdict.up, mailBody };
    const mails = this.#notify.checkerMail(virtual, this.#options.clock.wall(), change);
    if (mails.length > 0) this.#options.report({ event: this.#eventOf([virtual]), notifications: mails });
  }

  #transition(server: ServerRuntime, cause: string, change: RealServerChange): void {
    const { virtual } = server;
    const at = this.#options.clock.wall();
    const quorum = this.#lookAtPool(virtual, false);
    this.#quietlyChanged.delete(virtual);
    this.#options.report({
      event: {
        ...this.#eventOf([virtual]),
        transition: { virtualServer: virtual.name, realServer: server.name, up: change.up, cause, at },
      },
      notifications: this.#notify.change(virtual, at, change, quorum),
    });
  }

  #changedQuietly(virtual: VirtualRuntime, now: Instant): void {
    this.#quietlyChanged.add(virtual);
    this.#quietAt ??= after(now, QUIET_DELAY);
  }

  #reportQuietly(): void {
    const changed = [...this.#quietlyChanged];
    this.#quietlyChanged.clear();
    this.#quietAt = undefined;
    if (changed.length > 0)
      this.#options.report({ event: { ...this.#eventOf(changed), desired: [] }, notifications: [] });
  }

  #eventOf(virtuals: readonly VirtualRuntime[]): HealthEvent {
    return {
      transition: undefined,
      virtualServers: virtuals.map((virtual) => virtualServerWire(virtual, this.#options.clock)),
      removedVirtualServers: [],
      desired: virtuals.flatMap((virtual) => virtual.desired),
      removedDesired: [],
    };
  }

  /** Suspends and resumes checks by whether the address of the virtual server is here. */
  #updatePresence(now: Instant): void {
    const watched = [...this.#virtuals.values()].filter(({ config }) => config.haSuspend);
    this.#presenceAt = watched.length === 0 ? undefined : after(now, PRESENCE_INTERVAL);
    const local = watched.length === 0 ? new Set<string>() : this.#options.localAddresses();
    for (const virtual of this.#virtuals.values()) {
      const addresses = virtual.keys.map(({ address }) => address).filter((address) => address !== '');
      const here = addresses.some((address) => this.#vrrpAddresses.has(address) || local.has(address));
      this.#suspend(virtual, virtual.config.haSuspend && addresses.length > 0 && !here, now);
    }
  }

  #suspend(virtual: VirtualRuntime, suspended: boolean, now: Instant): void {
    const changed = virtual.suspended !== suspended;
    virtual.suspended = suspended;
    for (const server of virtual.servers) {
      for (const checker of server.checkers.values()) {
        if (checker.kind === 'idle') continue;
        const event: CheckerEvent = suspended ? { kind: 'suspend' } : { kind: 'resume', firstDelay: checker.phase };
        this.#step(checker, event, now);
      }
    }
    if (!changed) return;
    const why = suspended ? 'suspended: its address is not on this machine' : 'resumed: its address is here';
    this.#options.logger.info(`checks of virtual server ${virtual.name} ${why}`);
    this.#changedQuietly(virtual, now);
  }
}

/** Options of a check that are configured and not done by this version. */
function ignoredOptions(config: Extract<CheckerConfig, { kind: 'tcp' }>): string[] {
  const { fwmark, bindInterface, address } = config.endpoint;
  const zoned = address.family === 6 && address.bytes[0] === 0xfe;
  return [
    ...(fwmark === undefined ? [] : ['fwmark']),
    ...(bindInterface === undefined || zoned ? [] : [`bind_if ${bindInterface}`]),
  ];
}
