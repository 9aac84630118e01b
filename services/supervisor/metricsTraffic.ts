/** Metrics of what the kernel's IPVS has counted. The names with `keepalived_` are those of the exporters for keepalived. Pure. */
import type { SuiteStatus } from '../shared/rpc/generated/keepwatch/v1/control.js';
import {
  type IpvsCounters,
  IpvsProtocol,
  type IpvsServiceKey,
  type IpvsServiceStatistics,
} from '../shared/rpc/generated/keepwatch/v1/ipvs.js';
import { familyOf, type MetricFamily } from './metricsFamily.js';
import { isServiceHeard } from './metricsHeard.js';

const PROTOCOLS: Readonly<Partial<Record<IpvsProtocol, string>>> = {
  [IpvsProtocol.IPVS_PROTOCOL_TCP]: 'TCP',
  [IpvsProtocol.IPVS_PROTOCOL_UDP]: 'UDP',
  [IpvsProtocol.IPVS_PROTOCOL_SCTP]: 'SCTP',
};

const COUNTERS: readonly (readonly [name: string, help: string, field: keyof IpvsCounters])[] = [
  ['conn', 'Connections', 'connections'],
  ['in_packets', 'Packets from clients', 'inPackets'],
  ['out_packets', 'Packets to clients', 'outPackets'],
  ['in_bytes', 'Bytes from clients', 'inBytes'],
  ['out_bytes', 'Bytes to clients', 'outBytes'],
];

const GAUGES = [
  ['active_connections', 'Established connections', 'activeConnections'],
  ['inactive_connections', 'Connections in any other state', 'inactiveConnections'],
  ['persistent_connections', 'Persistence templates', 'persistentConnections'],
] as const;

const endpoint = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

/** A mark is its number, as ipvsadm lists it. */
const labelsOf = (key: IpvsServiceKey): { addr: string; proto: string } =>
  key.fwmark !== 0
    ? { addr: String(key.fwmark), proto: key.family === 6 ? 'FWM6' : 'FWM' }
    : { addr: endpoint(key.address, key.port), proto: PROTOCOLS[key.protocol] ?? '' };

type Known = IpvsServiceStatistics & { readonly key: IpvsServiceKey };
const isKnown = (service: IpvsServiceStatistics): service is Known => service.key !== undefined;

/** Counters of every virtual service and real server; none while ipvsd is silent. */
export function trafficFamilies(status: SuiteStatus): MetricFamily[] {
  if (!isServiceHeard(status, 'ipvsd')) return [];
  const services = status.ipvsStatistics.filter(isKnown);
  const destinations = services.flatMap(({ key, destinations: members }) => {
    const { addr: vip, proto } = labelsOf(key);
    return members.map((member) => ({ member, labels: { vip, addr: endpoint(member.address, member.port), proto } }));
  });
  return [
    ...COUNTERS.map(([name, help, field]) =>
      familyOf(
        'counter',
        `keepalived_lvs_vip_${name}`,
        `${help} of the virtual service.`,
        services,
        ({ key, counters }) => (counters === undefined ? undefined : { labels: labelsOf(key), value: counters[field] }),
      ),
    ),
    ...COUNTERS.map(([name, help, field]) =>
      familyOf(
        'counter',
        `keepalived_lvs_rs_${name}`,
        `${help} of the real server.`,
        destinations,
        ({ member, labels }) => (member.counters === undefined ? undefined : { labels, value: member.counters[field] }),
      ),
    ),
    ...GAUGES.map(([name, help, field]) =>
      familyOf(
        'gauge',
        `keepwatch_ipvs_${name}`,
        `${help} of the real server.`,
        destinations,
        ({ member, labels }) => ({
          labels,
          value: member[field],
        }),
      ),
    ),
  ];
}
