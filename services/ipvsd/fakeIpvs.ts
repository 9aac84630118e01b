/** An IPVS table in memory that answers as the kernel does, for tests. */
import { KernelError } from '../shared/kernel/ports.js';
import type { IpvsKernel, OperationResult } from './kernel.js';
import { applied, describeOperation, type IpvsOperation, tableOf } from './reconcile.js';
import { destinationName, type Service, type ServiceKey, serviceName } from './table.js';

/** A table in memory. Records the operations it was given; can be told to refuse some. */
export class FakeIpvs implements IpvsKernel {
  readonly version = '1.2.1';
  /** Every operation it was asked for, in words, in order. */
  readonly log: string[] = [];
  readonly table: Map<string, Service>;
  /** Answers an errno code to refuse an operation with. */
  refuse: (operation: IpvsOperation) => string | undefined = () => undefined;
  closed = false;

  constructor(services: readonly Service[] = []) {
    this.table = new Map(tableOf(services));
  }

  async list(): Promise<Service[]> {
    return [...this.table.values()];
  }

  async find(key: ServiceKey): Promise<Service | undefined> {
    return this.table.get(serviceName(key));
  }

  async execute(operations: readonly IpvsOperation[]): Promise<OperationResult[]> {
    return operations.map((operation) => {
      this.log.push(describeOperation(operation));
      const code = this.refuse(operation) ?? this.#objection(operation);
      if (code !== undefined) {
        return { ok: false, error: new KernelError(operation.kind, 1, code, describeOperation(operation)) };
      }
      applied(this.table, [operation]);
      return { ok: true };
    });
  }

  close(): void {
    this.closed = true;
  }

  /** What ip_vs_ctl.c answers: EEXIST for what is there, ESRCH without the service, ENOENT without the destination. */
  #objection(operation: IpvsOperation): string | undefined {
    const service = this.table.get(serviceName(operation.key));
    if (operation.kind === 'new-service') return service === undefined ? undefined : 'EEXIST';
    if (service === undefined) return 'ESRCH';
    if (operation.kind === 'set-service' || operation.kind === 'delete-service') return undefined;
    const name = destinationName(operation.destination);
    const there = service.destinations.some((destination) => destinationName(destination) === name);
    if (operation.kind === 'new-destination') return there ? 'EEXIST' : undefined;
    return there ? undefined : 'ENOENT';
  }
}
