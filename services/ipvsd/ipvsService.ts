/** ipvsd as a service: configuration, Apply, state. The table itself is the business of {@link TableKeeper}. */
import type { Interpretation } from '../shared/config/diagnostic.js';
import type { ConfigTree } from '../shared/config/tree.js';
import type { BootText, Firewall } from '../shared/kernel/linkPorts.js';
import { wireDiagnostics } from '../shared/rpc/diagnostics.js';
import { invalidArgument, unavailable } from '../shared/rpc/errors.js';
import {
  type ApplyRequest,
  type ApplyResponse,
  type GetStatisticsResponse,
  IpvsServiceDefinition,
  type IpvsState,
  type IpvsVirtualService,
  type SetSyncRoleRequest,
  type SetSyncRoleResponse,
} from '../shared/rpc/generated/keepwatch/v1/ipvs.js';
import type { ServiceState } from '../shared/rpc/generated/keepwatch/v1/lifecycle.js';
import { refused } from '../shared/rpc/refusal.js';
import type { ServiceContext, StartedService } from '../shared/rpc/runService.js';
import { rpcService } from '../shared/rpc/server.js';
import type { ConfigureOutcome, PlanOutcome, ServiceBehaviour } from '../shared/rpc/service.js';
import type { IpvsConfig } from './config/model.js';
import { configChanges } from './configChanges.js';
import { Controls } from './controls.js';
import type { OpenIpvs } from './kernel.js';
import { MarkTable } from './markTable.js';
import type { OwnershipRecord } from './ownershipRecord.js';
import { type Service, type ServiceKey, serviceName } from './table.js';
import { TableKeeper } from './tableKeeper.js';
import { PORTION, turn } from './turns.js';
import { InvalidTable, serviceFromWire, serviceKeyFromWire, statisticsToWire } from './wire.js';

export interface IpvsServiceOptions {
  readonly interpret: (tree: ConfigTree) => Interpretation<IpvsConfig>;
  readonly open: OpenIpvs;
  readonly record: OwnershipRecord;
  /** Where packets get their marks (`nftables_ipvs`). */
  readonly firewall: Firewall;
  /** Name of the nftables table that is ours. */
  readonly markRecord: BootText;
  /** Connection timeouts that were changed, for a successor. */
  readonly timeoutRecord: BootText;
}

/** Builds ipvsd. */
export function startIpvsService(context: ServiceContext, options: IpvsServiceOptions): StartedService {
  const behaviour = new IpvsBehaviour(context, options);
  return {
    behaviour,
    services: [
      rpcService(IpvsServiceDefinition, {
        apply: (request) => behaviour.apply(request),
        setSyncRole: (request) => behaviour.setSyncRole(request),
        getStatistics: () => behaviour.statistics(),
      }),
    ],
  };
}

class IpvsBehaviour implements ServiceBehaviour {
  readonly name = 'ipvsd';
  readonly #context: ServiceContext;
  readonly #options: IpvsServiceOptions;
  readonly #controls: Controls;
  readonly #keeper: TableKeeper;
  readonly #marks: MarkTable;
  #config: IpvsConfig | undefined;
  /** What was last asked for, as it came, by service name. */
  #desired: ReadonlyMap<string, IpvsVirtualService> = new Map();
  /** Tables come one after another, also those that take many turns to be understood. */
  #applying: Promise<unknown> = Promise.resolve();

  constructor(context: ServiceContext, options: IpvsServiceOptions) {
    this.#context = context;
    this.#options = options;
    this.#controls = new Controls(context.logger, options.timeoutRecord);
    this.#marks = new MarkTable({
      firewall: options.firewall,
      record: options.markRecord,
      logger: context.logger,
      onChange: () => this.#publish('marks of virtual server groups'),
    });
    this.#keeper = new TableKeeper({
      open: options.open,
      record: options.record,
      logger: context.logger,
      controls: this.#controls,
      onChange: (note) => this.#publish(note),
    });
  }

  validate(tree: ConfigTree) {
    return wireDiagnostics(this.#options.interpret(tree).diagnostics);
  }

  plan(tree: ConfigTree): PlanOutcome {
    const { model, diagnostics } = this.#options.interpret(tree);
    return {
      diagnostics: wireDiagnostics(diagnostics),
      changes: model === undefined ? [] : configChanges(this.#config, model),
    };
  }

  async configure(tree: ConfigTree): Promise<ConfigureOutcome> {
    const { model, diagnostics } = this.#options.interpret(tree);
    if (model === undefined) return refused(diagnostics);
    const changes = configChanges(this.#config, model);
    const first = this.#config === undefined;
    this.#config = model;
    this.#controls.configure(model);
    this.#marks.configure(model.marks);
    if (first) await this.#keeper.begin({ flush: model.flushOnStart });
    else if (changes.length > 0) await this.#keeper.controlsChanged();
    // The relay must know which instance to tell about.
    if (first || changes.length > 0) this.#publish('configuration in force');
    return { accepted: true, diagnostics: wireDiagnostics(diagnostics), changes };
  }

  /** Serves `IpvsService.Apply`. Refused operations are part of the answer; only a table nobody can mean is an error. */
  apply(request: ApplyRequest): Promise<ApplyResponse> {
    const outcome = this.#applying.then(() => this.#apply(request));
    this.#applying = outcome.catch(() => undefined);
    return outcome;
  }

  async #apply(request: ApplyRequest): Promise<ApplyResponse> {
    const complete = request.complete || request.others.length > 0;
    const services = await this.#read(request.services);
    const [removed, others] = readTable(() => [
      request.removed.map(serviceKeyFromWire),
      request.others.map(serviceKeyFromWire),
    ]);
    const desired = new Map(complete ? this.#known(others) : this.#desired);
    for (const key of removed) desired.delete(serviceName(key));
    for (const [index, service] of services.entries()) {
      const wire = request.services[index];
      if (wire !== undefined) desired.set(serviceName(service.key), wire);
    }
    this.#desired = desired;
    const { operations, errors } = await this.#keeper.apply({ services, removed, complete, others });
    const before = this.#marks.problem;
    this.#marks.apply(this.#desired.values());
    if (this.#marks.problem !== before) this.#publish('marks of virtual server groups');
    return { origin: undefined, operations, errors: [...errors, ...this.#markProblems()] };
  }

  /** Understands services, some at a time. */
  async #read(wires: readonly IpvsVirtualService[]): Promise<Service[]> {
    const services: Service[] = [];
    let read = 0;
    for (const wire of wires) {
      if (read > PORTION) {
        await turn();
        read = 0;
      }
      services.push(readTable(() => serviceFromWire(wire)));
      read += wire.destinations.length;
    }
    return services;
  }

  /** What was asked for under these keys. Throws INVALID_ARGUMENT for one that was not. */
  #known(keys: readonly ServiceKey[]): [string, IpvsVirtualService][] {
    return keys.map((key) => {
      const name = serviceName(key);
      const wire = this.#desired.get(name);
      if (wire === undefined) throw invalidArgument(`${name} was not told before`);
      return [name, wire];
    });
  }

  /** Serves `IpvsService.SetSyncRole`. */
  async setSyncRole({ instance, master, virtualRouterId }: SetSyncRoleRequest): Promise<SetSyncRoleResponse> {
    if (this.#controls.follow({ instance, master, virtualRouterId })) await this.#keeper.controlsChanged();
    return {};
  }

  /** Serves `IpvsService.GetStatistics`. */
  async statistics(): Promise<GetStatisticsResponse> {
    const services = await this.#keeper.statistics();
    if (services === undefined) throw unavailable(`IPVS is not available: ${this.#keeper.status.unavailableReason}`);
    return { services: services.map(statisticsToWire) };
  }

  state(): ServiceState {
    return { state: { $case: 'ipvs', value: { ...this.#state(), desired: [...this.#desired.values()] } } };
  }

  /** Without the table, which may have ten thousand destinations: whoever asked for it knows it. */
  #state(): IpvsState {
    const { available, unavailableReason, kernelVersion, converged, errors, operations } = this.#keeper.status;
    return {
      available,
      unavailableReason,
      kernelVersion,
      desired: [],
      converged,
      errors: [...errors, ...this.#markProblems()],
      operations: BigInt(operations),
      syncInstance: this.#controls.instance ?? '',
      syncDaemons: this.#controls.running.map(({ state, interface: name, syncId }) => ({
        master: state === 'master',
        interface: name,
        syncId,
      })),
    };
  }

  impairments(): string[] {
    const { available, unavailableReason, errors } = this.#keeper.status;
    const unavailable = this.#keeper.needed && !available ? [`IPVS is not available: ${unavailableReason}`] : [];
    return [...unavailable, ...(available ? errors : []), ...this.#markProblems()];
  }

  #markProblems(): string[] {
    return this.#marks.problem === undefined ? [] : [this.#marks.problem];
  }

  async stop(options: { readonly keepKernelState: boolean }): Promise<void> {
    this.#marks.stop(options.keepKernelState);
    await this.#keeper.stop({ ...options, flush: this.#config?.flushOnStop === 'all' });
  }

  #publish(note: string): void {
    this.#context.impairmentsChanged();
    this.#context.events.publish({
      event: { $case: 'ipvs', value: { state: this.#state(), note } },
      notifications: [],
    });
  }
}

function readTable<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof InvalidTable) throw invalidArgument(error.message);
    throw error;
  }
}
