/** The services of a suite: who is there, who is awake, and bringing those together that a configuration has work for. */
import type { Logger } from '../shared/log/logger.js';
import type { ServiceName } from '../shared/rpc/service.js';
import type { ConfigurationOptions, Participants } from './configuration.js';
import type { ConfigParts, HasWork } from './parts.js';
import { pause } from './serviceLink.js';
import { attachedProcess } from './serviceProcess.js';
import type { SupervisedService } from './supervisedService.js';
import type { Lifecycle } from './transaction.js';

/** How long the first configuration and a reload wait for a service that does not come up. */
const GATHER_LIMIT_MS = 10_000;

export interface RosterOptions {
  readonly logger: Logger;
  /** Sockets another runtime keeps alive: nothing is started. */
  readonly attach: boolean;
  readonly stopping: () => boolean;
  readonly hasWork: HasWork;
  /** As {@link SuiteOptions.outgrown}. */
  readonly outgrown: (name: ServiceName, pid: number) => boolean;
}

export class Roster {
  readonly #options: RosterOptions;
  readonly #services = new Map<ServiceName, SupervisedService>();

  constructor(options: RosterOptions) {
    this.#options = options;
  }

  get services(): ReadonlyMap<ServiceName, SupervisedService> {
    return this.#services;
  }

  add(service: SupervisedService): void {
    this.#services.set(service.name, service);
  }

  get(name: ServiceName): SupervisedService | undefined {
    return this.#services.get(name);
  }

  all(): SupervisedService[] {
    return [...this.#services.values()];
  }

  /** Services that run, or should; not those that no configuration had work for yet. */
  awake(): SupervisedService[] {
    return this.all().filter(({ asleep }) => !asleep);
  }

  /** Starts a service, or begins to follow the one that another runtime keeps alive. */
  begin(service: SupervisedService | undefined): void {
    if (service === undefined) return;
    if (this.#options.attach) service.begin(attachedProcess(service.name));
    else service.begin();
  }

  /** Ends services that a configuration has no work for; false when there are none. */
  async retireIdle(parts: ConfigParts): Promise<boolean> {
    const idle = this.awake().filter(({ name }) => !this.#options.hasWork(parts, name));
    await Promise.all(idle.map((service) => service.sleep()));
    return idle.length > 0;
  }

  /** The services that are connected, and those with work that are not. */
  present(parts: ConfigParts): ReturnType<ConfigurationOptions['present']> {
    const services = new Map<ServiceName, Lifecycle>();
    const missing: ServiceName[] = [];
    for (const { name, lifecycle } of this.#services.values()) {
      if (lifecycle === undefined && !this.#options.hasWork(parts, name)) continue;
      if (lifecycle === undefined) missing.push(name);
      else services.set(name, lifecycle);
    }
    return { services, missing };
  }

  /** Everything connected, or as much as there is after a while: one broken service must not keep VRRP from running. */
  async gather(parts: ConfigParts): Promise<Participants> {
    for (const service of this.#services.values()) {
      if (!service.asleep || !this.#options.hasWork(parts, service.name)) continue;
      await service.fallingAsleep;
      this.begin(service);
    }
    const services = this.awake();
    for (const service of services) service.restartNow();
    await Promise.all(services.map((service) => this.#outfit(service)));
    const deadline = Date.now() + GATHER_LIMIT_MS;
    const missing = (): SupervisedService[] => services.filter(({ clients }) => clients === undefined);
    while (missing().length > 0 && !this.#options.stopping() && Date.now() < deadline) await pause(5);
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

  /** A service that needs more rights than its process has gets another process: no process can be given any. */
  async #outfit(service: SupervisedService): Promise<void> {
    const pid = service.process?.origin === 'attached' ? undefined : service.process?.pid;
    if (pid === undefined || service.clients === undefined || !this.#options.outgrown(service.name, pid)) return;
    this.#options.logger.info(
      { about: service.name },
      'the configuration needs more rights: another process takes over',
    );
    await service.replace(async () => undefined, 'afterwards');
  }
}
