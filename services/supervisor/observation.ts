/** What the suite knows of itself, for the status: gathered from events, and asked for where no event carries it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../shared/log/logger.js';
import { hasError } from '../shared/rpc/diagnostics.js';
import { SuiteStatus } from '../shared/rpc/generated/keepwatch/v1/control.js';
import type { IpvsServiceStatistics } from '../shared/rpc/generated/keepwatch/v1/ipvs.js';
import type { Clock } from '../shared/time/clock.js';
import { elapsed, type Instant, type Micros, millis, toMillis } from '../shared/time/duration.js';
import type { Command } from './command.js';
import type { Configuration } from './configuration.js';
import type { EventFeed } from './eventFeed.js';
import type { ModuleKeeper } from './moduleKeeper.js';
import { readProcessRights } from './processRights.js';
import type { Relay } from './relay.js';
import type { Roster } from './roster.js';
import type { ServiceClients } from './serviceLink.js';
import { type ServiceFacts, suiteStatus } from './status.js';
import type { Succession } from './succession.js';
import type { SupervisedService } from './supervisedService.js';
import type { Tracer } from './tracing/tracer.js';
import type { TrialKeeper } from './trial.js';

/** Youngest refresh that still serves a request for the status. */
const REFRESH_AGE: Micros = millis(500);
/** How long a service may take to answer what people wait for. */
export const REFRESH_DEADLINE_MS = 400;

export interface ObservationOptions {
  readonly version: string;
  readonly configFile: string;
  /** As {@link SuiteOptions.unconfined}. */
  readonly unconfined: () => string | undefined;
  readonly stateDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly feed: EventFeed;
  readonly roster: Roster;
  readonly relay: Relay;
  readonly configuration: Configuration;
  readonly succession: Succession;
  readonly trial: TrialKeeper;
  readonly command: Command;
  readonly tracer: Tracer | undefined;
  readonly modules: ModuleKeeper;
}

export class Observation {
  readonly #options: ObservationOptions;
  #refreshedAt: Instant | undefined;
  #refreshing: Promise<void> | undefined;
  #ipvsStatistics: readonly IpvsServiceStatistics[] = [];

  constructor(options: ObservationOptions) {
    this.#options = options;
  }

  /** The status as it is known now. */
  status(): SuiteStatus {
    const {
      feed,
      version,
      configFile,
      unconfined,
      roster,
      relay,
      configuration,
      succession,
      trial,
      command,
      tracer,
      modules,
    } = this.#options;
    const { accepted, refused, generation } = configuration;
    const { pending } = trial;
    return suiteStatus({
      origin: feed.origin(),
      version,
      configFile,
      configuredAt: accepted?.configuredAt,
      services: roster.awake().map((service) => factsOf(service, unconfined())),
      mirror: relay.mirror,
      orders: command.orders,
      refusedReload: refused.filter((diagnostic) => hasError([diagnostic])),
      spare: succession.spareFacts(),
      upgrade: succession.upgrade,
      trial:
        pending === undefined
          ? undefined
          : { source: pending.source, generation, remainingMs: BigInt(Math.ceil(toMillis(pending.remaining))) },
      appliedFrom: accepted?.appliedFrom ?? '',
      ipvsStatistics: this.#ipvsStatistics,
      tracing: tracer?.counts,
      modules: modules.facts(),
    });
  }

  /** Asks the services for their counters and ages, which no event carries; callers at the same time share one round. */
  async refresh(): Promise<void> {
    const { clock, roster } = this.#options;
    if (this.#refreshedAt !== undefined && elapsed(this.#refreshedAt, clock.now()) < REFRESH_AGE) return;
    this.#refreshing ??= Promise.all(roster.all().map((service) => this.#refreshOne(service))).then(() => {
      this.#refreshedAt = clock.now();
      this.#refreshing = undefined;
    });
    await this.#refreshing;
  }

  /** Sends a signal (USR1, USR2) on to the services and writes the status under the state directory, which it returns. */
  dump(signal: 'SIGUSR1' | 'SIGUSR2'): string {
    const { roster, stateDir, logger } = this.#options;
    for (const service of roster.all()) service.process?.signal(signal);
    const file = join(stateDir, `keepwatchd.${signal === 'SIGUSR1' ? 'data' : 'stats'}`);
    try {
      writeFileSync(file, `${JSON.stringify(SuiteStatus.toJSON(this.status()), undefined, 2)}\n`, { mode: 0o600 });
    } catch (error) {
      logger.error({ err: error, file }, 'the status could not be written');
    }
    return stateDir;
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
      if (origin !== undefined && state !== undefined) this.#options.relay.refresh(origin, state);
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
}

const factsOf = (service: SupervisedService, unconfined: string | undefined): ServiceFacts => ({
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
  rights: rightsOf(service, unconfined),
});

/** What its process may do; unknown for one of another runtime. */
function rightsOf({ process }: SupervisedService, unconfined: string | undefined): ServiceFacts['rights'] {
  const rights = process?.pid === undefined ? undefined : readProcessRights(process.pid);
  return rights === undefined ? undefined : { ...rights, unconfined: unconfined ?? '' };
}
