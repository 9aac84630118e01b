/** ipvsd as a service: configuration, Apply, state. The table itself is the business of {@link TableKeeper}. */
import type { Interpretation } from '../shared/config/diagnostic.js';
import type { ConfigTree } from '../shared/config/tree.js';
import { wireDiagnostics } from '../shared/rpc/diagnostics.js';
import { invalidArgument } from '../shared/rpc/errors.js';
import {
  type ApplyRequest,
  type ApplyResponse,
  IpvsServiceDefinition,
  type IpvsState,
  type IpvsVirtualService,
} from '../shared/rpc/generated/keepwatch/v1/ipvs.js';
import type { ServiceState } from '../shared/rpc/generated/keepwatch/v1/lifecycle.js';
import type { ServiceContext, StartedService } from '../shared/rpc/runService.js';
import { rpcService } from '../shared/rpc/server.js';
import type { ConfigureOutcome, PlanOutcome, ServiceBehaviour } from '../shared/rpc/service.js';
import type { IpvsConfig } from './config/model.js';
import { configChanges } from './configChanges.js';
import type { OpenIpvs } from './kernel.js';
import type { OwnershipRecord } from './ownershipRecord.js';
import { serviceName } from './table.js';
import { TableKeeper } from './tableKeeper.js';
import { InvalidTable, serviceFromWire, serviceKeyFromWire } from './wire.js';

export interface IpvsServiceOptions {
  readonly interpret: (tree: ConfigTree) => Interpretation<IpvsConfig>;
  readonly open: OpenIpvs;
  readonly record: OwnershipRecord;
}

/** Builds ipvsd. */
export function startIpvsService(context: ServiceContext, options: IpvsServiceOptions): StartedService {
  const behaviour = new IpvsBehaviour(context, options);
  return {
    behaviour,
    services: [rpcService(IpvsServiceDefinition, { apply: (request) => behaviour.apply(request) })],
  };
}

class IpvsBehaviour implements ServiceBehaviour {
  readonly name = 'ipvsd';
  readonly #context: ServiceContext;
  readonly #options: IpvsServiceOptions;
  readonly #keeper: TableKeeper;
  #config: IpvsConfig | undefined;
  /** What was last asked for, as it came, by service name. */
  #desired: ReadonlyMap<string, IpvsVirtualService> = new Map();

  constructor(context: ServiceContext, options: IpvsServiceOptions) {
    this.#context = context;
    this.#options = options;
    this.#keeper = new TableKeeper({
      open: options.open,
      record: options.record,
      logger: context.logger,
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
    if (model === undefined) return { accepted: false, diagnostics: wireDiagnostics(diagnostics), changes: [] };
    const changes = configChanges(this.#config, model);
    const first = this.#config === undefined;
    this.#config = model;
    if (first) await this.#keeper.begin();
    return { accepted: true, diagnostics: wireDiagnostics(diagnostics), changes };
  }

  /** Serves `IpvsService.Apply`. Refused operations are part of the answer; only a table nobody can mean is an error. */
  async apply(request: ApplyRequest): Promise<ApplyResponse> {
    const services = readTable(() => request.services.map(serviceFromWire));
    const removed = readTable(() => request.removed.map(serviceKeyFromWire));
    const desired = new Map(request.complete ? [] : this.#desired);
    for (const key of removed) desired.delete(serviceName(key));
    for (const [index, service] of services.entries()) {
      const wire = request.services[index];
      if (wire !== undefined) desired.set(serviceName(service.key), wire);
    }
    this.#desired = desired;
    const { operations, errors } = await this.#keeper.apply({ services, removed, complete: request.complete });
    return { origin: undefined, operations, errors: [...errors] };
  }

  state(): ServiceState {
    return { state: { $case: 'ipvs', value: this.#state() } };
  }

  #state(): IpvsState {
    const { available, unavailableReason, kernelVersion, converged, errors, operations } = this.#keeper.status;
    return {
      available,
      unavailableReason,
      kernelVersion,
      desired: [...this.#desired.values()],
      converged,
      errors: [...errors],
      operations: BigInt(operations),
    };
  }

  impairments(): string[] {
    const { available, unavailableReason, errors } = this.#keeper.status;
    const unavailable = this.#keeper.needed && !available ? [`IPVS is not available: ${unavailableReason}`] : [];
    return [...unavailable, ...(available ? errors : []), ...(this.#config ? unserved(this.#config) : [])];
  }

  async stop(options: { readonly keepKernelState: boolean }): Promise<void> {
    await this.#keeper.stop(options);
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

/** What the configuration asks for and this version does not do; said aloud, so that nobody counts on it. */
function unserved(config: IpvsConfig): string[] {
  const { tcp, tcpFin, udp } = config.timeouts;
  return [
    ...(config.flushOnStart ? ['lvs_flush is configured, but services of others are not flushed by this version'] : []),
    ...(config.flushOnStop === 'all' ? ['lvs_flush_on_stop is configured, but only services of ours are removed'] : []),
    ...([tcp, tcpFin, udp].some((timeout) => timeout !== undefined)
      ? ['lvs_timeouts is configured, but timeouts are not set by this version']
      : []),
    ...(config.syncDaemon ? ['lvs_sync_daemon is configured, but not run by this version'] : []),
  ];
}
