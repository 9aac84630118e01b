/** Metrics of the suite itself: configuration and services. Pure. */
import { ServiceHealth, type SuiteStatus } from '../shared/rpc/generated/keepwatch/v1/control.js';
import { familyOf, type MetricFamily, singleValue } from './metricsFamily.js';
import { isHeard } from './metricsHeard.js';

export function suiteFamilies(status: SuiteStatus): MetricFamily[] {
  const { services, origin, configuredAt, refusedReload, version } = status;
  return [
    singleValue(
      'gauge',
      'keepalived_up',
      'All services of the suite are there and heard.',
      services.length > 0 && services.every(isHeard),
    ),
    familyOf('gauge', 'keepwatch_info', 'Always 1; the version of the suite.', [version], (text) => ({
      labels: { version: text },
      value: 1,
    })),
    singleValue(
      'gauge',
      'keepwatch_config_generation',
      'Generation of the configuration in force; 0 before the first.',
      origin?.generation ?? 0n,
    ),
    singleValue(
      'gauge',
      'keepwatch_config_timestamp_seconds',
      'When the configuration in force was accepted.',
      configuredAt === undefined ? undefined : configuredAt.getTime() / 1000,
    ),
    singleValue(
      'gauge',
      'keepwatch_config_reload_refused',
      'The last reload was refused and none was accepted since.',
      refusedReload.length > 0,
    ),
    familyOf('gauge', 'keepwatch_service_up', 'The service is there, configured and heard.', services, (service) => ({
      labels: { service: service.name },
      value: isHeard(service),
    })),
    familyOf(
      'gauge',
      'keepwatch_service_ready',
      'The service is up and nothing impairs it.',
      services,
      ({ name, health }) => ({ labels: { service: name }, value: health === ServiceHealth.SERVICE_HEALTH_READY }),
    ),
    familyOf(
      'counter',
      'keepwatch_service_restarts_total',
      'Times this supervisor started the service again.',
      services,
      ({ name, restarts }) => ({ labels: { service: name }, value: restarts }),
    ),
    familyOf(
      'gauge',
      'keepwatch_service_silence_seconds',
      'Time since the service was last heard.',
      services,
      ({ name, silenceMs }) =>
        silenceMs === undefined ? undefined : { labels: { service: name }, value: Number(silenceMs) / 1000 },
    ),
  ];
}
