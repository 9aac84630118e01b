/**
 * Keeps the kernel's table as it was last asked for: applies differences one request after another, reads again what turned
 * out different from its picture, audits the whole now and then, and waits for IPVS where there is none yet.
 */
import type { Logger } from '../shared/log/logger.js';
import { adviceFor } from './advice.js';
import type { ControlOutcome, Controls } from './controls.js';
import {
  type IpvsKernel,
  IpvsUnavailable,
  type OpenIpvs,
  type OperationResult,
  type ServiceStatistics,
} from './kernel.js';
import type { OwnershipRecord } from './ownershipRecord.js';
import {
  adopted,
  applied,
  claim,
  claimAll,
  describeOperation,
  type IpvsOperation,
  type OwnedService,
  type Ownership,
  reconcile,
  sameOwnership,
  type Table,
  tableOf,
  within,
} from './reconcile.js';
import { type Service, type ServiceKey, serviceName } from './table.js';
import { portionsOf, turn } from './turns.js';

/** How long after a failed attempt IPVS, or a refused operation, is tried again. */
const RETRY_MS = 10_000;
/** How often the whole table is compared with the kernel, to repair what others changed. */
const AUDIT_MS = 60_000;
/** Rounds of read again and reconcile before an operation that keeps failing is reported. */
const ROUNDS = 3;
/** errno codes that mean: the kernel's table is not what we thought. */
const STALE_CODES = new Set(['EEXIST', 'ENOENT', 'ESRCH']);

const NO_CONTROLS: ControlOutcome = { operations: 0, errors: [] };

/** What an Apply did. */
export interface ApplyOutcome {
  readonly operations: number;
  /** What was refused and why, in words; empty when the kernel agrees now. */
  readonly errors: readonly string[];
}

/** A change of what the table shall hold. */
export interface TableChange {
  readonly services: readonly Service[];
  /** The services are the whole table. */
  readonly complete: boolean;
  readonly removed: readonly ServiceKey[];
  /** Services that belong to a complete table and stay as they were asked for before. */
  readonly others?: readonly ServiceKey[];
}

/** What is known about the table. */
export interface KeeperStatus {
  readonly available: boolean;
  readonly unavailableReason: string;
  readonly kernelVersion: string;
  readonly converged: boolean;
  readonly errors: readonly string[];
  readonly operations: number;
}

export interface TableKeeperOptions {
  readonly open: OpenIpvs;
  readonly record: OwnershipRecord;
  readonly logger: Logger;
  /** What IPVS has beside its table. */
  readonly controls: Controls;
  /** Called after every change of the status, with a line about it. */
  readonly onChange: (note: string) => void;
  readonly retryMs?: number;
  readonly auditMs?: number;
}

export class TableKeeper {
  readonly #options: TableKeeperOptions;
  #kernel: IpvsKernel | undefined;
  /** Our picture of the kernel's table; absent when it has to be read. */
  #picture: Map<string, Service> | undefined;
  #desired: Table = new Map();
  /** A whole table was asked for, or none at all by a stop. Until then what an earlier run left is not to be judged. */
  #told = false;
  #owned: Ownership;
  #unavailableReason = 'not tried yet';
  #errors: readonly string[] = [];
  #converged = true;
  #operations = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Work goes one piece after another. */
  #tail: Promise<unknown> = Promise.resolve();
  #stopped = false;
  /** `lvs_flush`: with the first whole table everything else goes. */
  #flushPending = false;

  constructor(options: TableKeeperOptions) {
    this.#options = options;
    this.#owned = options.record.load();
  }

  get status(): KeeperStatus {
    return {
      available: this.#kernel !== undefined,
      unavailableReason: this.#kernel === undefined ? this.#unavailableReason : '',
      kernelVersion: this.#kernel?.version ?? '',
      converged: this.#converged,
      errors: this.#errors,
      operations: this.#operations,
    };
  }

  /** IPVS is needed: something is wanted of it, or something of ours may be in it. */
  get needed(): boolean {
    return this.#desired.size > 0 || this.#owned.size > 0 || this.#options.controls.needed;
  }

  /**
   * Looks whether there is IPVS, and continues with what an earlier run left. `flush`: what others left goes with the first
   * whole table, unless an earlier run of ours already had its turn: a restart must not cost a connection.
   */
  begin(options: { readonly flush: boolean }): Promise<ApplyOutcome> {
    this.#flushPending = options.flush && this.#owned.size === 0;
    return this.#enqueue(() => this.#converge());
  }

  /** The configuration or the role of the sync daemons changed. Never rejects. */
  controlsChanged(): Promise<ApplyOutcome> {
    return this.#enqueue(() => this.#converge());
  }

  /** What the kernel has counted; undefined without IPVS. */
  async statistics(): Promise<readonly ServiceStatistics[] | undefined> {
    return this.#kernel?.statistics();
  }

  /** Changes what the table shall hold and makes the kernel agree. Never rejects. */
  apply(change: TableChange): Promise<ApplyOutcome> {
    return this.#enqueue(async () => {
      if (change.complete) {
        this.#told = true;
        await this.#flushOthers();
      }
      const next = new Map(change.complete ? this.#known(change.others) : this.#desired);
      const changed = tableOf(change.services);
      const removed = change.removed.map(serviceName);
      for (const name of removed) next.delete(name);
      for (const [name, service] of changed) next.set(name, service);
      this.#desired = next;
      // One verdict must not cost a look at ten thousand others.
      const partial = !change.complete && this.#converged && this.#picture !== undefined;
      return this.#converge(partial ? new Set([...changed.keys(), ...removed]) : undefined);
    });
  }

  /** Those of the services named that were asked for before. */
  #known(keys: readonly ServiceKey[] = []): Table {
    return within(this.#desired, new Set(keys.map(serviceName)));
  }

  /** Removes what is ours, or with `flush` the whole table, unless it shall stay, and lets go of the kernel. */
  async stop(options: { readonly keepKernelState: boolean; readonly flush?: boolean }): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#enqueue(async () => {
      if (!options.keepKernelState && this.#kernel !== undefined) {
        this.#desired = new Map();
        this.#told = true;
        if (options.flush) await this.#flush(this.#kernel);
        await this.#options.controls.stop(this.#kernel);
        await this.#converge();
      }
      clearTimeout(this.#timer);
      this.#kernel?.close();
      this.#kernel = undefined;
      return { operations: 0, errors: [] };
    });
  }

  /** Empties the table; what then is still there is removed piece by piece. */
  async #flush(kernel: IpvsKernel): Promise<void> {
    const result = await kernel.flush();
    this.#picture = undefined;
    if (result.ok) this.#own(new Map());
    else this.#options.logger.warn(`IPVS: ${result.error.message}`);
  }

  /** Makes everything in the kernel ours, so that the difference to what is desired removes it. */
  async #flushOthers(): Promise<void> {
    const kernel = this.#kernel;
    if (!this.#flushPending || kernel === undefined) return;
    this.#flushPending = false;
    const found = tableOf(await kernel.list());
    if (found.size > 0) this.#options.logger.info(`lvs_flush: ${found.size} services found in the table are replaced`);
    this.#picture = new Map(found);
    this.#own(claimAll(found));
  }

  #enqueue(work: () => Promise<ApplyOutcome>): Promise<ApplyOutcome> {
    const result = this.#tail.then(work).catch((error: unknown) => this.#mishap(error));
    this.#tail = result;
    return result;
  }

  /** Something besides an operation failed: the socket, a listing, the record's file. Everything is read anew next time. */
  #mishap(error: unknown): ApplyOutcome {
    const message = error instanceof Error ? error.message : String(error);
    this.#options.logger.error({ err: error }, `the IPVS table could not be brought up to date: ${message}`);
    this.#kernel?.close();
    this.#kernel = undefined;
    this.#unavailableReason = message;
    this.#picture = undefined;
    this.#settle([message], 0, message);
    return { operations: 0, errors: [message] };
  }

  /** Makes the kernel agree, for the services in `scope` or for all. */
  async #converge(scope?: ReadonlySet<string>): Promise<ApplyOutcome> {
    const kernel = this.#kernel ?? (await this.#open());
    if (kernel === undefined) {
      const errors = this.#desired.size > 0 ? [`IPVS is not available: ${this.#unavailableReason}`] : [];
      this.#settle(errors, 0, this.#unavailableReason);
      return { operations: 0, errors };
    }
    const picture = this.#picture ?? new Map(tableOf(await kernel.list()));
    this.#picture = picture;

    const portions = [...this.#portions(scope)];
    await this.#claim(picture, portions);
    let executed = 0;
    const failures: Failure[] = [];
    for (const [index, portion] of portions.entries()) {
      if (index > 0) await turn();
      const outcome = await this.#convergePortion(kernel, picture, portion);
      executed += outcome.executed;
      failures.push(...outcome.failures);
    }
    await this.#claim(picture, portions);
    // A verdict changes nothing there.
    const controls = scope === undefined ? await this.#options.controls.converge(kernel) : NO_CONTROLS;
    executed += controls.operations;
    this.#operations += executed;
    const errors = [...describeFailures(failures), ...controls.errors];
    // What was refused before and still is has been told.
    for (const error of errors) if (!this.#errors.includes(error)) this.#options.logger.error(`IPVS: ${error}`);
    this.#settle(errors, executed, executed > 0 ? `${executed} operations applied` : '');
    return { operations: executed, errors };
  }

  /** The services to look at, so many at a time: while a large table fills, others want the loop too. Those to go come last. */
  #portions(scope: ReadonlySet<string> | undefined): Iterable<ReadonlySet<string>> {
    const names = scope ?? new Set([...this.#desired.keys(), ...(this.#told ? this.#owned.keys() : [])]);
    return portionsOf(names, (name) =>
      Math.max(this.#desired.get(name)?.destinations.length ?? 0, this.#owned.get(name)?.destinations.size ?? 0),
    );
  }

  /** Makes the kernel agree for some services. */
  async #convergePortion(
    kernel: IpvsKernel,
    picture: Map<string, Service>,
    portion: ReadonlySet<string>,
  ): Promise<{ readonly executed: number; readonly failures: readonly Failure[] }> {
    let executed = 0;
    let failures: Failure[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      // What was read again may be another's, or gone.
      if (round > 1) await this.#claim(picture, [portion]);
      const operations = reconcile(within(this.#desired, portion), picture, within(this.#owned, portion));
      if (operations.length === 0) return { executed, failures: [] };
      const results = await kernel.execute(operations);
      failures = this.#absorb(operations, results, picture);
      executed += operations.length - failures.length;
      for (const { operation, error } of failures) {
        if (operation.kind === 'new-service' && error.code === 'EEXIST') this.#own(adopted(this.#owned, operation.key));
      }
      const stale = failures.filter(({ error }) => STALE_CODES.has(error.code));
      if (stale.length === 0) break;
      await this.#readAgain(kernel, picture, stale);
    }
    return { executed, failures };
  }

  async #open(): Promise<IpvsKernel | undefined> {
    const { open, logger } = this.#options;
    try {
      const kernel = await open({ loadModule: this.needed });
      this.#kernel = kernel;
      this.#picture = undefined;
      logger.info(`IPVS ${kernel.version} of the kernel is there`);
      return kernel;
    } catch (error) {
      if (!(error instanceof IpvsUnavailable)) throw error;
      if (this.#unavailableReason !== error.message) {
        // Whoever configured virtual servers must hear of it; everybody else need not be alarmed.
        if (this.needed) logger.error(`virtual servers cannot work here: ${error.message}`);
        else logger.info(error.message);
      }
      this.#unavailableReason = error.message;
      return undefined;
    }
  }

  /** Takes successes into the picture; returns the failures. */
  #absorb(
    operations: readonly IpvsOperation[],
    results: readonly OperationResult[],
    picture: Map<string, Service>,
  ): Failure[] {
    const failures: Failure[] = [];
    const done: IpvsOperation[] = [];
    for (const [index, operation] of operations.entries()) {
      const result = results[index];
      if (result === undefined) continue;
      if (result.ok) done.push(operation);
      else failures.push({ operation, error: result.error });
    }
    applied(picture, done);
    if (this.#options.logger.isLevelEnabled('debug')) {
      for (const operation of done) this.#options.logger.debug(`IPVS: ${describeOperation(operation)}`);
    }
    return failures;
  }

  async #readAgain(kernel: IpvsKernel, picture: Map<string, Service>, stale: readonly Failure[]): Promise<void> {
    const keys = new Map(stale.map(({ operation }) => [serviceName(operation.key), operation.key]));
    for (const [name, key] of keys) {
      const service = await kernel.find(key);
      if (service === undefined) picture.delete(name);
      else picture.set(name, service);
    }
  }

  /** Records what is ours now, before the kernel is changed: once, however many services it concerns. */
  async #claim(picture: Table, portions: readonly ReadonlySet<string>[]): Promise<void> {
    let next: Map<string, OwnedService> | undefined;
    for (const [index, portion] of portions.entries()) {
      if (index > 0) await turn();
      const before = within(this.#owned, portion);
      const claimed = claim(within(this.#desired, portion), picture, before);
      if (sameOwnership(before, claimed)) continue;
      next ??= new Map(this.#owned);
      for (const name of portion) next.delete(name);
      for (const [name, owned] of claimed) next.set(name, owned);
    }
    if (next !== undefined) this.#own(next);
  }

  #own(next: Ownership): void {
    this.#owned = next;
    this.#options.record.save(next);
  }

  #settle(errors: readonly string[], executed: number, note: string): void {
    const changed = executed > 0 || errors.join('\n') !== this.#errors.join('\n');
    const before = this.#converged;
    this.#errors = errors;
    this.#converged = errors.length === 0;
    this.#schedule();
    if (changed || before !== this.#converged) this.#options.onChange(note);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#stopped || !this.needed) return;
    const { retryMs = RETRY_MS, auditMs = AUDIT_MS } = this.#options;
    this.#timer = setTimeout(
      () => {
        void this.#enqueue(() => {
          this.#picture = undefined;
          return this.#converge();
        });
      },
      this.#converged ? auditMs : retryMs,
    ).unref();
  }
}

interface Failure {
  readonly operation: IpvsOperation;
  readonly error: Extract<OperationResult, { ok: false }>['error'];
}

/** One line per failure; destinations of a service that could not be made are not mentioned again. */
function describeFailures(failures: readonly Failure[]): string[] {
  const unmade = new Set(
    failures
      .filter(({ operation }) => operation.kind === 'new-service')
      .map(({ operation }) => serviceName(operation.key)),
  );
  return failures
    .filter(({ operation }) => operation.kind === 'new-service' || !unmade.has(serviceName(operation.key)))
    .map(({ operation, error }) => {
      const advice = adviceFor(operation, error.code);
      return `cannot ${describeOperation(operation)}: ${error.code}${advice === '' ? '' : `; ${advice}`}`;
    });
}
