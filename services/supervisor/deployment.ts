/** Gives each service its part of the configuration in force, and hears from it what it then is. */
import type { Logger } from '../shared/log/logger.js';
import { describeRpcError } from '../shared/rpc/errors.js';
import type { ServiceName } from '../shared/rpc/service.js';
import type { Configuration } from './configuration.js';
import type { Relay } from './relay.js';
import type { Roster } from './roster.js';
import type { SupervisedService } from './supervisedService.js';
import { configureOne } from './transaction.js';

/** For a description and a state; a machine that boots is slow. */
const STATE_DEADLINE_MS = 5_000;

/** Those whose events carry everything that a configuration changes of their state. */
const TELL_ALL: ReadonlySet<ServiceName> = new Set(['healthcheckerd', 'ipvsd']);

export interface DeploymentOptions {
  readonly roster: Roster;
  readonly configuration: Configuration;
  readonly relay: Relay;
  readonly logger: Logger;
  readonly stopping: () => boolean;
  /** A service has the configuration in force, and its state is known. */
  readonly onConfigured: (service: SupervisedService) => void;
  /** What the status shows has changed. */
  readonly onChanged: () => void;
  readonly tell: (code: 'service-refused', text: string, service: string) => void;
}

export class Deployment {
  readonly #options: DeploymentOptions;

  constructor(options: DeploymentOptions) {
    this.#options = options;
  }

  /** Whether a service has the configuration in force. */
  inForce(service: SupervisedService | undefined): boolean {
    return (
      service !== undefined && service.generation > 0n && service.generation === this.#options.configuration.generation
    );
  }

  /** A service can be talked to: it gets its part, unless it has it or a transaction is about to give it. */
  onConnected(service: SupervisedService): void {
    const { configuration } = this.#options;
    if (this.inForce(service)) void this.nowConfigured(service);
    else if (!configuration.busy && configuration.accepted !== undefined) void this.#configure(service);
  }

  /** Services that were not there, or failed, when the configuration in force was committed. */
  async configureStragglers(): Promise<void> {
    const { roster } = this.#options;
    const stragglers = roster.all().filter((service) => service.clients !== undefined && !this.inForce(service));
    await Promise.all(stragglers.map((service) => this.#configure(service)));
    await this.#retireIdle();
    await Promise.all(
      roster
        .all()
        .filter((service) => this.inForce(service) && service.phase === 'connected')
        .map((service) => this.nowConfigured(service)),
    );
  }

  /** A service has the configuration in force: its state counts now, and it hears what it missed. */
  async nowConfigured(service: SupervisedService): Promise<void> {
    const { relay, logger, onConfigured } = this.#options;
    const { clients } = service;
    if (clients === undefined) return;
    try {
      const description = await clients.lifecycle.describe({}, { deadlineMs: STATE_DEADLINE_MS });
      let { origin } = description;
      if (origin === undefined) return;
      // Thousands of real servers are not told again because ten of them changed.
      if (!TELL_ALL.has(service.name) || !relay.follow(origin)) {
        const snapshot = await clients.lifecycle.snapshot({}, { deadlineMs: STATE_DEADLINE_MS });
        origin = snapshot.origin;
        if (service.clients !== clients || origin === undefined || snapshot.state === undefined) return;
        relay.state(origin, snapshot.state);
      }
      if (service.clients !== clients) return;
      service.describedAgain(description);
      // Only now: who reads that it is ready shall find its state too. What it says counts, not what it was told: it may
      // have been started anew in between.
      service.configured(origin.generation);
    } catch (error) {
      logger.warn({ about: service.name, reason: describeRpcError(error) }, 'did not tell its state');
      if (service.clients === clients) service.reconnect();
      return;
    }
    onConfigured(service);
  }

  /** Ends services that the configuration in force has no work for. */
  async #retireIdle(): Promise<void> {
    const { configuration, roster, stopping, onChanged } = this.#options;
    if (configuration.accepted === undefined || stopping()) return;
    if (await roster.retireIdle(configuration.accepted.parts)) onChanged();
  }

  /** Gives one service its part of the configuration in force. */
  async #configure(service: SupervisedService): Promise<void> {
    const { configuration, stopping, tell } = this.#options;
    const { accepted } = configuration;
    const { lifecycle } = service;
    if (lifecycle === undefined || accepted === undefined || stopping()) return;
    const refusals = await configureOne(lifecycle, service.name, accepted.parts, accepted.generation);
    const first = refusals[0];
    if (first === undefined) {
      if (accepted.generation === configuration.generation) await this.nowConfigured(service);
      return;
    }
    service.notConfigured(`refuses the configuration: ${first.message}`);
    tell('service-refused', `${service.name} refuses the configuration in force: ${first.message}`, service.name);
  }
}
