/** Who comes after whom: the spare that stands by for vrrpd, and the replacement of every process by the installed version. */
import type { Logger } from '../shared/log/logger.js';
import type { Order } from '../shared/rpc/generated/keepwatch/v1/order.js';
import type { ServiceName } from '../shared/rpc/service.js';
import type { Clock } from '../shared/time/clock.js';
import { type Instant, type Micros, millis } from '../shared/time/duration.js';
import { findSpare } from './adopt.js';
import type { ConfigParts } from './parts.js';
import { pause } from './serviceLink.js';
import type { ServiceProcess } from './serviceProcess.js';
import type { SparePolicy } from './sparePolicy.js';
import type { ServiceFacts } from './status.js';
import type { SupervisedService } from './supervisedService.js';
import {
  type PlannedReplacement,
  REPLACEMENT_LIMIT_MS,
  readUpgrade,
  removeUpgrade,
  runUpgrade,
  type UpgradeState,
} from './upgrade.js';
import { WarmSpare } from './warmSpare.js';

/** The service that can have a spare. */
const SPARED: ServiceName = 'vrrpd';
/** What a restart takes at most on a machine that is not starved: to notice, to load, to configure. */
export const RESTART_NEEDS: Micros = millis(2_500);

export interface SuccessionOptions {
  readonly policy: SparePolicy;
  readonly runDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly services: ReadonlyMap<ServiceName, SupervisedService>;
  /** Orders of operators in force. */
  readonly orders: () => Order[];
  readonly inForce: () => { readonly parts: ConfigParts; readonly generation: bigint } | undefined;
  readonly startProcess: (name: ServiceName) => ServiceProcess;
  readonly startSpare: (name: ServiceName) => ServiceProcess;
  readonly tell: (code: SuccessionEventCode, text: string, service?: string) => void;
}

export type SuccessionEventCode =
  | 'spare-ready'
  | 'spare-died'
  | 'spare-hung'
  | 'upgraded'
  | 'upgrade-failed'
  | 'replaced';

export class Succession {
  readonly #options: SuccessionOptions;
  readonly #spare: WarmSpare;
  #upgrade: UpgradeState | undefined;
  /** Wanted by the upgrade only, while that runs. */
  #needed = false;
  #closed = false;

  constructor(options: SuccessionOptions) {
    this.#options = options;
    this.#spare = new WarmSpare({
      name: SPARED,
      runDir: options.runDir,
      clock: options.clock,
      logger: options.logger,
      start: () => options.startSpare(SPARED),
      inForce: options.inForce,
      orders: options.orders,
      onEvent: (code, text) => options.tell(code, text, SPARED),
    });
  }

  get upgrade(): UpgradeState | undefined {
    return this.#upgrade;
  }

  spareFacts(): ServiceFacts | undefined {
    return this.#spare.facts();
  }

  /** Takes over a spare that an earlier supervisor started. */
  async adopt(): Promise<void> {
    const { runDir, logger } = this.#options;
    const found = await findSpare(runDir, SPARED, logger);
    if (found !== undefined) this.#spare.adopt(found.process);
  }

  /** A configuration is in force in vrrpd: whether it needs a spare may be another question now. */
  async configured(): Promise<void> {
    if (this.#closed || this.#upgrade?.running === true) return;
    this.#decide();
    await this.#spare.configure();
  }

  /** The process that takes the place of a service that died; undefined when that has to be started. */
  successor(service: SupervisedService): Promise<ServiceProcess | undefined> | undefined {
    return service.name === SPARED && this.#spare.ready ? this.#spare.promote() : undefined;
  }

  watchdog(now: Instant): void {
    this.#spare.watchdog(now);
  }

  forgive(stall: Micros): void {
    this.#spare.forgive(stall);
  }

  /** The spare first: it would take the place of a vrrpd that stops. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#spare.stop();
  }

  /** What is to be replaced when an upgrade begins now. */
  plan(): PlannedReplacement[] {
    return [...this.#options.services.values()].flatMap(({ name, process, asleep }) =>
      asleep || process?.pid === undefined || process.origin === 'attached' ? [] : [{ name, pid: process.pid }],
    );
  }

  /** Goes on with an upgrade that this supervisor is the first part of, if there is one. */
  async resumeUpgrade(): Promise<void> {
    const { runDir, services, tell } = this.#options;
    const planned = readUpgrade(runDir);
    if (planned === undefined) return;
    const state = await runUpgrade(planned, {
      pidOf: (name) => services.get(name)?.process?.pid,
      replace: (name) => this.#replace(name),
      onProgress: (progress) => {
        this.#upgrade = progress;
      },
    });
    removeUpgrade(runDir);
    this.#needed = false;
    if (state.error === '') tell('upgraded', `every process was replaced: ${state.replaced.join(', ')}`);
    else tell('upgrade-failed', state.error);
    await this.configured();
  }

  #decide(): void {
    const { policy, services } = this.#options;
    const patience = services.get(SPARED)?.patience;
    const wanted = policy === 'always' || (policy === 'auto' && patience !== undefined && patience < RESTART_NEEDS);
    this.#spare.want(wanted || this.#needed);
  }

  async #replace(name: ServiceName): Promise<void> {
    const { services, startProcess, tell } = this.#options;
    const service = services.get(name);
    if (service === undefined) return;
    await ready(service);
    const before = service.process?.pid;
    if (name === SPARED) {
      this.#needed = true;
      this.#spare.want(true);
      if (!(await this.#spare.renew(REPLACEMENT_LIMIT_MS))) throw new Error('its successor did not get ready');
      await service.replace(() => this.#spare.promote(), 'at-once');
    } else {
      await service.replace(async () => startProcess(name), 'afterwards');
    }
    await ready(service);
    tell('replaced', `${name} was replaced: pid ${before} -> ${service.process?.pid}`, name);
  }
}

async function ready(service: SupervisedService): Promise<void> {
  const deadline = Date.now() + REPLACEMENT_LIMIT_MS;
  while (service.phase !== 'ready') {
    if (Date.now() > deadline) throw new Error(`not ready after ${REPLACEMENT_LIMIT_MS / 1000} s: ${service.detail}`);
    await pause(10);
  }
}
