/** Metrics of virtual and real servers, and of the kernel's IPVS table. Nothing of a silent service. Pure. */
import type { SuiteStatus } from '../shared/rpc/generated/keepwatch/v1/control.js';
import type { RealServer } from '../shared/rpc/generated/keepwatch/v1/health.js';
import { familyOf, histogramSamples, type MetricFamily, singleValue } from './metricsFamily.js';
import { isServiceHeard } from './metricsHeard.js';

export function serverFamilies(status: SuiteStatus): MetricFamily[] {
  const { health } = status;
  if (health === undefined || !isServiceHeard(status, 'healthcheckerd')) return [];
  const { virtualServers } = health;
  const realServers = virtualServers.flatMap(({ name, realServers }) =>
    realServers.map((real): RealServer & { readonly virtual: string } => ({ ...real, virtual: name })),
  );
  const labels = ({ virtual, name }: { virtual: string; name: string }) => ({
    virtual_server: virtual,
    real_server: name,
  });
  return [
    familyOf('gauge', 'keepwatch_quorum_up', 'The virtual server has its quorum.', virtualServers, (server) => ({
      labels: { virtual_server: server.name },
      value: server.quorumUp,
    })),
    familyOf(
      'gauge',
      'keepwatch_virtual_server_weight_up',
      'Sum of the weights of the real servers that are up.',
      virtualServers,
      ({ name, weightUp }) => ({ labels: { virtual_server: name }, value: weightUp }),
    ),
    familyOf(
      'gauge',
      'keepwatch_sorry_server_active',
      'The sorry server takes the traffic; no sample where none is configured.',
      virtualServers,
      ({ name, sorryServer, sorryServerActive }) =>
        sorryServer === undefined ? undefined : { labels: { virtual_server: name }, value: sorryServerActive },
    ),
    familyOf('gauge', 'keepwatch_real_server_up', 'The checkers hold the real server for up.', realServers, (real) => ({
      labels: labels(real),
      value: real.up,
    })),
    familyOf(
      'gauge',
      'keepwatch_real_server_weight',
      'Weight of the real server in the table wanted.',
      realServers,
      (real) => ({ labels: labels(real), value: real.weight }),
    ),
    familyOf(
      'gauge',
      'keepwatch_real_server_in_table',
      'The real server is in the table wanted.',
      realServers,
      (real) => ({ labels: labels(real), value: real.inTable }),
    ),
    familyOf(
      'histogram',
      'keepwatch_check_duration_seconds',
      'Time a check took, well or not, by kind of checker.',
      health.durations,
      ({ kind, classes, totalUs, checks }) => histogramSamples({ checker: kind }, classes, totalUs, checks),
    ),
  ];
}

export function ipvsFamilies(status: SuiteStatus): MetricFamily[] {
  const { ipvs } = status;
  if (ipvs === undefined || !isServiceHeard(status, 'ipvsd')) return [];
  return [
    singleValue('gauge', 'keepwatch_ipvs_available', 'The kernel has IPVS and lets us use it.', ipvs.available),
    singleValue('gauge', 'keepwatch_ipvs_converged', 'The kernel holds the table wanted.', ipvs.converged),
    singleValue('gauge', 'keepwatch_ipvs_errors', 'Changes the kernel refused last time.', ipvs.errors.length),
    singleValue('counter', 'keepwatch_ipvs_operations_total', 'Changes made to the table.', ipvs.operations),
  ];
}
