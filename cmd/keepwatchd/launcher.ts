/** Starts the services of a suite, each with the rights that the configuration gives it. */
import { realpathSync } from 'node:fs';
import type { Placement } from '../../services/shared/config/placement.js';
import type { ServiceName } from '../../services/shared/rpc/service.js';
import { confinedCommand, type Situation, situationOf, unconfinable } from '../../services/supervisor/confinement.js';
import type { ConfigParts } from '../../services/supervisor/parts.js';
import {
  findNsenter,
  missingNamespace,
  namespaceFor,
  namespacePath,
  placedCommand,
} from '../../services/supervisor/placement.js';
import { readProcessRights } from '../../services/supervisor/processRights.js';
import { rightsOf, suffices } from '../../services/supervisor/rights.js';
import {
  CONFINED_SERVICES,
  closedAbove,
  giveFiles,
  homeOf,
  prepareHome,
  type ServiceUser,
  serviceUsers,
  userNameOf,
} from '../../services/supervisor/serviceHome.js';
import {
  type ServiceCommand,
  type ServiceProcess,
  spawnService,
  unstartable,
} from '../../services/supervisor/serviceProcess.js';
import type { Flags } from './flags.js';
import { commandOf, NO_NSENTER } from './installed.js';

export class Launcher {
  readonly #flags: Flags;
  readonly #placement: Placement;
  #configurations: readonly ConfigParts[];

  /** Begins with what the file says, if that could be read. */
  constructor(flags: Flags, placement: Placement, initial: ConfigParts | undefined) {
    this.#flags = flags;
    this.#placement = placement;
    this.#configurations = initial === undefined ? [] : [initial];
  }

  /** From now on services need what any of these configurations needs. */
  allow(configurations: readonly ConfigParts[]): void {
    this.#configurations = configurations;
  }

  /** Starts a service; `more` are further arguments for it. */
  start(name: ServiceName, more: readonly string[] = []): ServiceProcess {
    const situation = this.#situation();
    const rights = rightsOf(name, this.#configurations, situation.ipvsLoaded);
    const home = homeOf(this.#flags, name);
    if (home === undefined) return this.#spawn(name, commandOf(name, this.#flags, rights, situation, more));
    const { runDir, stateDir, user } = home;
    const confined = rights !== 'everything';
    if (confined) giveFiles(home);
    const places = { ...this.#flags, runDir, stateDir };
    return this.#spawn(name, commandOf(name, places, rights, situation, more, confined ? user : undefined));
  }

  /**
   * The command of an optional process: without any capability, in the namespace of vrrpd, and as `user`. The reason when
   * there is no such place.
   */
  module(command: ServiceCommand, user: ServiceUser | undefined): ServiceCommand | { readonly problem: string } {
    return this.placed('vrrpd', confinedCommand([], command, this.#situation(), user));
  }

  /** A command where a service runs: in its network namespace. The reason when there is no such place. */
  placed(name: ServiceName, command: ServiceCommand): ServiceCommand | { readonly problem: string } {
    const namespace = namespaceFor(name, this.#placement);
    if (namespace === undefined) return command;
    const nsenter = findNsenter();
    // A namespace that is gone is said as such: nsenter only exits.
    const problem = nsenter === undefined ? NO_NSENTER : missingNamespace(namespacePath(namespace.name));
    if (nsenter === undefined || problem !== undefined) return { problem: problem ?? NO_NSENTER };
    return placedCommand(name, command, this.#placement, nsenter);
  }

  /**
   * Decides who services run as, while none of them runs: each as its own user where that exists and can get to what it needs.
   * Throws the file system's error.
   */
  chooseUsers(): void {
    const users = this.obstacle === undefined ? serviceUsers() : new Map<ServiceName, ServiceUser>();
    for (const name of CONFINED_SERVICES) prepareHome(this.#flags, name, users.get(name));
  }

  /** Why services run as root, in words; undefined when those that can be are somebody else. */
  get asRoot(): string | undefined {
    const missing = CONFINED_SERVICES.filter((name) => homeOf(this.#flags, name) === undefined);
    if (missing.length === 0) return undefined;
    const obstacle = this.obstacle ?? `there are no users ${missing.map(userNameOf).join(', ')} or they came later`;
    return `${missing.join(', ')} run as root: ${obstacle}`;
  }

  #spawn(name: ServiceName, command: ServiceCommand): ServiceProcess {
    const placed = this.placed(name, command);
    return 'problem' in placed ? unstartable(name, placed.problem) : spawnService(name, placed);
  }

  /** Why nothing here can be somebody else than root, in words. */
  get obstacle(): string | undefined {
    const { runDir, stateDir, log } = this.#flags;
    const { unconfinable: reason } = this;
    if (reason !== undefined) return reason;
    if (log.file !== undefined) return 'their log file (-g) is root’s: log to syslog or the journal instead';
    const closed = [runDir, stateDir, process.execPath, realpathSync(process.argv[1] ?? '/')].map(closedAbove);
    const first = closed.find((directory) => directory !== undefined);
    return first === undefined ? undefined : `other users cannot pass ${first}: chmod o+x ${first}`;
  }

  /** A running process was started with less than its service needs now, and another one would have it. */
  outgrown(name: ServiceName, pid: number): boolean {
    const process = readProcessRights(pid);
    const { uid, effective, ipvsLoaded } = this.#situation();
    if (process === undefined || uid !== 0) return false;
    const rights = rightsOf(name, this.#configurations, ipvsLoaded);
    return !suffices(process.permitted, rights) && suffices(effective, rights);
  }

  /** Why services cannot be confined here; undefined when they are. */
  get unconfinable(): string | undefined {
    return unconfinable(this.#situation());
  }

  #situation(): Situation {
    const { runDir, stateDir, log } = this.#flags;
    return situationOf([runDir, stateDir, ...(log.file === undefined ? [] : [log.file])]);
  }
}
