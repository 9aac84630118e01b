/**
 * Standard gRPC health (`grpc.health.v1.Health`).
 *
 * `""` and `keepwatch.v1.LifecycleService` serve as long as the process can be talked to, so that an orchestrator does
 * not restart a process that is alive but impaired. The service's own interface (`keepwatch.v1.IpvsService`, …) serves
 * only while the process can do that work: an ipvsd without IPVS in the kernel answers NOT_SERVING for it.
 */
import { EventEmitter } from 'node:events';
import type { HealthState, HealthStatus } from 'nice-grpc-server-health';

/** Asked at every check: whether the named gRPC service can do its work now. */
export type ServingProbe = () => boolean;

/** Health that is computed when asked for, so that it is never out of date. */
export class LiveHealth {
  readonly state: HealthState;
  readonly #probes = new Map<string, ServingProbe>();
  #stopping = false;

  constructor() {
    this.state = Object.assign(new EventEmitter().setMaxListeners(0), {
      // Statuses follow from the probes alone.
      setStatus: (): void => {},
      getStatus: (service = ''): HealthStatus => this.#status(service),
    }) as unknown as HealthState;
  }

  /** Registers a gRPC service. */
  add(service: string, probe: ServingProbe): void {
    this.#probes.set(service, probe);
  }

  /** From now on nothing serves: the process is leaving. */
  stopping(): void {
    this.#stopping = true;
    this.changed();
  }

  /** Wakes the health watchers, who then ask again. */
  changed(): void {
    this.state.emit('change', { status: this.#status(''), service: '' });
  }

  #status(service: string): HealthStatus {
    const probe = service === '' ? () => true : this.#probes.get(service);
    if (probe === undefined) return 'unknown';
    return !this.#stopping && probe() ? 'healthy' : 'unhealthy';
  }
}
