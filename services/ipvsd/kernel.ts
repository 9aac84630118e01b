/** The kernel's IPVS as ipvsd sees it: one narrow interface with a real adapter (`genlKernel.ts`) and a fake (`fakeIpvs.ts`). */
import type { KernelError } from '../shared/kernel/ports.js';
import type { ConnectionTimeouts } from './config/model.js';
import type { Counters, DestinationCounters } from './controlCodec.js';
import type { IpvsOperation } from './reconcile.js';
import type { DaemonOperation, SyncDaemon } from './syncDaemon.js';
import type { Destination, Service, ServiceKey } from './table.js';

/** How one operation ended. */
export type OperationResult = { readonly ok: true } | { readonly ok: false; readonly error: KernelError };

/** What the kernel has counted for one service. */
export interface ServiceStatistics {
  readonly key: ServiceKey;
  readonly counters: Counters;
  readonly destinations: readonly { readonly destination: Destination; readonly counters: DestinationCounters }[];
}

/** An open way to the kernel's table. */
export interface IpvsKernel {
  /** Version of IPVS: `1.2.1`. */
  readonly version: string;
  /** The whole table. */
  list(): Promise<Service[]>;
  /** One service with its destinations, undefined when the kernel has none of that key. */
  find(key: ServiceKey): Promise<Service | undefined>;
  /** Executes in order; a failed operation does not stop the later ones. One result each. */
  execute(operations: readonly IpvsOperation[]): Promise<OperationResult[]>;
  /** Empties the whole table, whoever made it. */
  flush(): Promise<OperationResult>;
  /** The connection timeouts in force. */
  timeouts(): Promise<ConnectionTimeouts>;
  /** Changes the timeouts that are given. */
  setTimeouts(timeouts: ConnectionTimeouts): Promise<OperationResult>;
  /** The sync daemons that run, at most one of each kind. */
  daemons(): Promise<SyncDaemon[]>;
  runDaemon(operation: DaemonOperation): Promise<OperationResult>;
  statistics(): Promise<ServiceStatistics[]>;
  close(): void;
}

/** Opens the way to the kernel, loading the module only where that is wanted. Throws {@link IpvsUnavailable}. */
export type OpenIpvs = (options: { readonly loadModule: boolean }) => Promise<IpvsKernel>;

/** There is no IPVS to talk to. The message says why and what to do. */
export class IpvsUnavailable extends Error {
  override readonly name = 'IpvsUnavailable';
}
