/** Whether what the status shows of a service is what it says now, and not a memory. Pure. */
import { ServiceHealth, type ServiceStatus, type SuiteStatus } from '../shared/rpc/generated/keepwatch/v1/control.js';
import { toMillis } from '../shared/time/duration.js';
import { SILENCE_LIMIT } from './status.js';

/** True for a service that is there, has a configuration, and was heard of late. */
export const isHeard = ({ health, silenceMs, generation }: ServiceStatus): boolean =>
  (health === ServiceHealth.SERVICE_HEALTH_READY || health === ServiceHealth.SERVICE_HEALTH_DEGRADED) &&
  generation > 0n &&
  silenceMs !== undefined &&
  silenceMs <= BigInt(toMillis(SILENCE_LIMIT));

/** The same of the service with that name; false when the suite has none. */
export const isServiceHeard = ({ services }: SuiteStatus, name: string): boolean =>
  services.some((service) => service.name === name && isHeard(service));
