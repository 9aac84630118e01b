/** Metrics of the VRRP instances. While vrrpd is silent nothing is told of them but that they are unknown. Pure. */
import type { SuiteStatus } from '../shared/rpc/generated/keepwatch/v1/control.js';
import { type VrrpInstance, type VrrpPace, VrrpStateName } from '../shared/rpc/generated/keepwatch/v1/vrrp.js';
import {
  familyOf,
  histogramSamples,
  type MetricFamily,
  type Sample,
  type SampleValue,
  singleValue,
} from './metricsFamily.js';
import { isServiceHeard } from './metricsHeard.js';

/** Values of `keepalived_vrrp_state`. An instance that is leaving (STOP) has none. */
const STATE_VALUES: ReadonlyMap<VrrpStateName, number> = new Map([
  [VrrpStateName.VRRP_STATE_NAME_INIT, 0],
  [VrrpStateName.VRRP_STATE_NAME_BACKUP, 1],
  [VrrpStateName.VRRP_STATE_NAME_MASTER, 2],
  [VrrpStateName.VRRP_STATE_NAME_FAULT, 3],
]);

/** Counters of every instance, under the names dashboards know. */
const COUNTERS: readonly (readonly [name: string, help: string, read: (instance: VrrpInstance) => bigint])[] = [
  ['keepalived_advertisements_received_total', 'Advertisements taken.', ({ advertsReceived }) => advertsReceived],
  ['keepalived_advertisements_sent_total', 'Advertisements sent.', ({ advertsSent }) => advertsSent],
  ['keepalived_become_master_total', 'Times the instance became master.', ({ becameMaster }) => becameMaster],
  ['keepalived_release_master_total', 'Times the instance left master.', ({ releasedMaster }) => releasedMaster],
  [
    'keepalived_priority_zero_received_total',
    'Advertisements of a master that leaves, taken.',
    ({ priorityZeroReceived }) => priorityZeroReceived,
  ],
  [
    'keepalived_priority_zero_sent_total',
    'Advertisements with priority 0 sent.',
    ({ priorityZeroSent }) => priorityZeroSent,
  ],
  ...(
    [
      ['packet_length_errors', 'length', 'Packets of a wrong length, dropped.'],
      ['advertisements_interval_errors', 'interval', 'Advertisements with another interval than ours, dropped.'],
      ['ip_ttl_errors', 'ttl', 'Packets with a TTL or hop limit other than 255, dropped.'],
      ['invalid_type_received', 'type', 'Packets of another type than advertisement, dropped.'],
      ['address_list_errors', 'address-list', 'Advertisements for other addresses than ours.'],
      ['authentication_mismatch', 'auth-type', 'Advertisements with another authentication type than ours, dropped.'],
      ['authentication_failure', 'auth-data', 'Advertisements with a wrong password, dropped.'],
    ] as const
  ).map(
    ([name, reason, help]) =>
      [`keepalived_${name}_total`, help, (instance: VrrpInstance) => dropsFor(instance, reason)] as const,
  ),
];

export function vrrpFamilies(status: SuiteStatus): MetricFamily[] {
  const { vrrp } = status;
  if (vrrp === undefined) return [];
  const all = vrrp.instances;
  const heard = isServiceHeard(status, 'vrrpd');
  const isKnown = ({ state }: VrrpInstance): boolean => heard && state !== VrrpStateName.VRRP_STATE_NAME_UNSPECIFIED;
  const known = all.filter(isKnown);
  const perInstance = (
    type: MetricFamily['type'],
    name: string,
    help: string,
    read: (instance: VrrpInstance) => SampleValue | undefined,
  ): MetricFamily =>
    familyOf(type, name, help, known, (instance) => {
      const value = read(instance);
      return value === undefined ? undefined : { labels: instanceLabels(instance), value };
    });
  return [
    familyOf(
      'gauge',
      'keepalived_vrrp_state',
      'State of the instance for each of its addresses: 0 INIT, 1 BACKUP, 2 MASTER, 3 FAULT.',
      known,
      (instance) => {
        const value = STATE_VALUES.get(instance.state);
        if (value === undefined) return undefined;
        const addresses = instance.addresses.length > 0 ? instance.addresses : [{ ...instance, address: '' }];
        return addresses.map(({ address, interface: on }) => ({
          labels: { ...instanceLabels(instance), intf: on, ip_address: hostText(address) },
          value,
        }));
      },
    ),
    ...COUNTERS.map(([name, help, read]) => perInstance('counter', name, help, read)),
    familyOf(
      'gauge',
      'keepwatch_vrrp_state_known',
      'The state of the instance is known now; 0 while vrrpd is silent.',
      all,
      (instance) => ({ labels: instanceLabels(instance), value: isKnown(instance) }),
    ),
    perInstance('gauge', 'keepwatch_vrrp_priority', 'Priority in force.', (instance) => instance.effectivePriority),
    perInstance(
      'gauge',
      'keepwatch_vrrp_last_transition_timestamp_seconds',
      'When the state last changed.',
      ({ lastTransition }) => (lastTransition?.at === undefined ? undefined : lastTransition.at.getTime() / 1000),
    ),
    familyOf('gauge', 'keepwatch_vrrp_address_present', 'The kernel has the virtual address.', known, (instance) =>
      instance.addresses.map(({ address, interface: on, present }) => ({
        labels: { ...instanceLabels(instance), intf: on, ip_address: hostText(address) },
        value: present,
      })),
    ),
    familyOf('counter', 'keepwatch_vrrp_drops_total', 'Packets dropped, by reason.', known, ({ name, drops }) =>
      drops.map(({ reason, count }) => ({ labels: { iname: name, reason }, value: count })),
    ),
    familyOf(
      'histogram',
      'keepwatch_vrrp_lateness_seconds',
      'Time from a deadline until vrrpd served it.',
      heard && vrrp.pace !== undefined ? [vrrp.pace] : [],
      latenessSamples,
    ),
    singleValue(
      'gauge',
      'keepwatch_vrrp_realtime_priority',
      'SCHED_RR priority of vrrpd; 0: ordinary scheduling.',
      heard ? vrrp.pace?.realtimePriority : undefined,
    ),
    familyOf(
      'counter',
      'keepwatch_vrrp_interface_drops_total',
      'Packets dropped that could not be given to an instance, by reason.',
      heard ? vrrp.interfaceDrops : [],
      ({ interface: on, drops }) => drops.map(({ reason, count }) => ({ labels: { intf: on, reason }, value: count })),
    ),
  ];
}

/** Lateness as a histogram, in seconds. */
const latenessSamples = ({ lateness, latenessTotalUs, deadlinesServed }: VrrpPace): Sample[] =>
  histogramSamples({}, lateness, latenessTotalUs, deadlinesServed);

const instanceLabels = ({ name, interface: on, vrid }: VrrpInstance) => ({ iname: name, intf: on, vrid: String(vrid) });

const dropsFor = ({ drops }: VrrpInstance, wanted: string): bigint =>
  drops.find(({ reason }) => reason === wanted)?.count ?? 0n;

/** As keepalived writes addresses: the prefix length stands only where it is not that of a host. */
const hostText = (address: string): string => address.replace(/(?<=^[0-9.]+)\/32$|(?<=:.*)\/128$/, '');
