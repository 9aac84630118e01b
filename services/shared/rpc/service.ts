/**
 * What a service has to bring; everything else (socket, health, reflection, watch streams, heartbeats,
 * retention of unacknowledged events) is the same for all and lives in this folder.
 */

import type { Micros } from '../time/duration.js';
import type { ConfigTree, Diagnostic } from './generated/keepwatch/v1/common.js';
import type { PlannedChange, PlannedMove, ServiceEvent, ServiceState } from './generated/keepwatch/v1/lifecycle.js';
import type { Order } from './generated/keepwatch/v1/order.js';

/** The services a supervisor looks after, in the order in which they are configured. */
export const SERVICE_NAMES = ['notifierd', 'ipvsd', 'healthcheckerd', 'bfdd', 'vrrpd'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

/** Outcome of planning a configuration. */
export interface PlanOutcome {
  readonly diagnostics: Diagnostic[];
  readonly changes: PlannedChange[];
  /** States that would change; absent: none, or not to be told. */
  readonly moves?: PlannedMove[];
}

/** Outcome of putting a configuration in force. */
export interface ConfigureOutcome extends PlanOutcome {
  readonly accepted: boolean;
}

/** The part of a service that differs from the others. None of its methods may throw on bad input. */
export interface ServiceBehaviour {
  readonly name: ServiceName;
  validate(tree: ConfigTree): Diagnostic[] | Promise<Diagnostic[]>;
  plan(tree: ConfigTree): PlanOutcome | Promise<PlanOutcome>;
  /** All or nothing: a refused tree leaves the running configuration untouched. */
  configure(tree: ConfigTree, generation: bigint): Promise<ConfigureOutcome>;
  /** All orders of operators in force, in place of those before; absent: none concern this service. */
  steer?(orders: readonly Order[]): void;
  /** The whole current state. */
  state(): ServiceState;
  /** What this process cannot do here and why; empty when all is well. */
  impairments(): string[];
  /** How long it may be away before others act on it: for VRRP the shortest master-down interval. Absent: nobody would. */
  patience?(): Micros | undefined;
  /**
   * Only where {@link ServiceContext.standby} is understood: begins what `configure` has only prepared, because the
   * process that served is gone. Resolves once it serves; throws when another process still does.
   */
  activate?(): Promise<void>;
  /** Leaves in good order; the process ends afterwards. */
  stop(options: { readonly keepKernelState: boolean }): Promise<void>;
  /** Called with every SIGUSR1/SIGUSR2: text for the dump file. */
  dump?(kind: 'data' | 'statistics'): string;
}

/** Where a service publishes what happens. The log numbers events and keeps them until they are acknowledged. */
export interface EventSink {
  publish(event: ServiceEvent): void;
}
