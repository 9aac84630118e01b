/** The kernel's IPVS as ipvsd sees it: one narrow interface with a real adapter (`genlKernel.ts`) and a fake (`fakeIpvs.ts`). */
import type { KernelError } from '../shared/kernel/ports.js';
import type { IpvsOperation } from './reconcile.js';
import type { Service, ServiceKey } from './table.js';

/** How one operation ended. */
export type OperationResult = { readonly ok: true } | { readonly ok: false; readonly error: KernelError };

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
  close(): void;
}

/** Opens the way to the kernel, loading the module only where that is wanted. Throws {@link IpvsUnavailable}. */
export type OpenIpvs = (options: { readonly loadModule: boolean }) => Promise<IpvsKernel>;

/** There is no IPVS to talk to. The message says why and what to do. */
export class IpvsUnavailable extends Error {
  override readonly name = 'IpvsUnavailable';
}
