/** An IPVS table in memory that answers as the kernel does, for tests. */
import { KernelError } from '../shared/kernel/ports.js';
import type { ConnectionTimeouts } from './config/model.js';
import type { IpvsKernel, OperationResult, ServiceStatistics } from './kernel.js';
import { applied, describeOperation, type IpvsOperation, tableOf } from './reconcile.js';
import { type DaemonOperation, describeDaemonOperation, type SyncDaemon } from './syncDaemon.js';
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
  /** The sync daemons that run. */
  running: SyncDaemon[] = [];
  /** The timeouts in force: the kernel's defaults. */
  inForce: ConnectionTimeouts = { tcp: 900, tcpFin: 120, udp: 300 };

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

  async flush(): Promise<OperationResult> {
    this.log.push('flush');
    this.table.clear();
    return { ok: true };
  }

  async timeouts(): Promise<ConnectionTimeouts> {
    return this.inForce;
  }

  async setTimeouts(timeouts: ConnectionTimeouts): Promise<OperationResult> {
    this.log.push(`timeouts ${JSON.stringify(timeouts)}`);
    this.inForce = { ...this.inForce, ...timeouts };
    return { ok: true };
  }

  async daemons(): Promise<SyncDaemon[]> {
    return [...this.running];
  }

  /** As ip_vs_sync.c: EEXIST for a second daemon of a kind, ESRCH where none runs. */
  async runDaemon(operation: DaemonOperation): Promise<OperationResult> {
    const about = describeDaemonOperation(operation);
    this.log.push(about);
    const others = this.running.filter(({ state }) => state !== operation.daemon.state);
    const running = others.length < this.running.length;
    const code = operation.kind === 'start' ? (running ? 'EEXIST' : undefined) : running ? undefined : 'ESRCH';
    if (code !== undefined) return { ok: false, error: new KernelError(operation.kind, 1, code, about) };
    this.running = operation.kind === 'start' ? [...others, operation.daemon] : others;
    return { ok: true };
  }

  async statistics(): Promise<ServiceStatistics[]> {
    const none = { connections: 0n, inPackets: 0n, outPackets: 0n, inBytes: 0n, outBytes: 0n };
    const idle = { ...none, activeConnections: 0, inactiveConnections: 0, persistentConnections: 0 };
    return [...this.table.values()].map(({ key, destinations }) => ({
      key,
      counters: none,
      destinations: destinations.map((destination) => ({ destination, counters: idle })),
    }));
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
