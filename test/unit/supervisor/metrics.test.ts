import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ServiceHealth, SuiteStatus } from '../../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { IpvsProtocol } from '../../../services/shared/rpc/generated/keepwatch/v1/ipvs.js';
import { VrrpStateName } from '../../../services/shared/rpc/generated/keepwatch/v1/vrrp.js';
import { familyLines, type Sample } from '../../../services/supervisor/metricsFamily.js';
import { metricsPage } from '../../../services/supervisor/metricsPage.js';
import { unreadyReasons } from '../../../services/supervisor/metricsReadiness.js';
import { parseExposition, sampleValue } from '../../e2e/support/exposition.js';

const SERVICES = ['notifierd', 'ipvsd', 'healthcheckerd', 'vrrpd'];

type PartialStatus = Parameters<typeof SuiteStatus.fromPartial>[0];
type Service = NonNullable<PartialStatus['services']>[number];
type Instance = NonNullable<NonNullable<PartialStatus['vrrp']>['instances']>[number];

const service = (name: string, changes: Service = {}): Service => ({
  name,
  health: ServiceHealth.SERVICE_HEALTH_READY,
  silenceMs: 250n,
  generation: 3n,
  ...changes,
});

const MASTER: Instance = {
  name: 'VI_1',
  interface: 'eth0',
  vrid: 51,
  state: VrrpStateName.VRRP_STATE_NAME_MASTER,
  effectivePriority: 150,
  addresses: [
    { address: '192.0.2.1/24', interface: 'eth0', present: true },
    { address: '192.0.2.2/32', interface: 'eth1', present: true },
  ],
  lastTransition: { at: new Date(1_700_000_000_500) },
  advertsSent: 18_446_744_073_709_551_615n,
  advertsReceived: 7n,
  priorityZeroSent: 1n,
  priorityZeroReceived: 2n,
  becameMaster: 3n,
  releasedMaster: 4n,
  drops: [
    { reason: 'auth-data', count: 5n },
    { reason: 'ttl', count: 6n },
  ],
};
const BACKUP: Instance = {
  name: 'V6',
  interface: 'eth0',
  vrid: 6,
  state: VrrpStateName.VRRP_STATE_NAME_BACKUP,
  effectivePriority: 100,
  addresses: [{ address: 'fe80::1/128', interface: 'eth0', present: false }],
};

const statusOf = (changes: PartialStatus = {}): SuiteStatus =>
  SuiteStatus.fromPartial({
    origin: { generation: 3n },
    version: '1.2.3',
    configuredAt: new Date(1_600_000_000_000),
    services: SERVICES.map((name) => service(name)),
    vrrp: {
      instances: [MASTER, BACKUP],
      interfaceDrops: [{ interface: 'eth0', drops: [{ reason: 'vrid', count: 9n }] }],
    },
    health: {
      virtualServers: [
        {
          name: '[10.0.0.1]:tcp:80',
          quorumUp: true,
          weightUp: 2,
          sorryServer: { name: '[10.0.0.9]:tcp:80' },
          realServers: [
            { name: '[10.0.0.2]:tcp:80', up: true, weight: 2, inTable: true },
            { name: '[10.0.0.3]:tcp:80', up: false, weight: 0, inTable: false },
          ],
        },
      ],
      durations: [
        {
          kind: 'TCP_CHECK',
          checks: 3n,
          totalUs: 1_500_000n,
          classes: [
            { upToUs: 500n, count: 1n },
            { upToUs: 1_000_000n, count: 2n },
            { upToUs: 0n, count: 0n },
          ],
        },
      ],
    },
    ipvs: { available: true, converged: true, operations: 12n },
    notify: {
      queued: 1,
      running: 2,
      oldestAgeMs: 1500n,
      scriptsOk: 3n,
      scriptsFailed: 4n,
      mailsOk: 5n,
      mailsFailed: 6n,
      fifoLines: 7n,
    },
    ...changes,
  });

const pageText = (status: SuiteStatus): string => [...metricsPage(status)].join('');
/** The samples as written, without comments. */
const sampleLines = (text: string): string[] => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

test('the page of a suite in full', () => {
  const text = pageText(statusOf());
  assert.ok(
    text.startsWith(`# HELP keepalived_up All services of the suite are there and heard.
# TYPE keepalived_up gauge
keepalived_up 1
# HELP keepwatch_info Always 1; the version of the suite.
# TYPE keepwatch_info gauge
keepwatch_info{version="1.2.3"} 1
`),
    text.slice(0, 400),
  );
  const perInstance = (name: string, master: string, backup: string): string =>
    `${name}{iname="VI_1",intf="eth0",vrid="51"} ${master}\n${name}{iname="V6",intf="eth0",vrid="6"} ${backup}`;
  const perService = (name: string, value: string): string =>
    SERVICES.map((each) => `${name}{service="${each}"} ${value}`).join('\n');
  const expected = `
keepalived_up 1
keepwatch_info{version="1.2.3"} 1
keepwatch_config_generation 3
keepwatch_config_timestamp_seconds 1600000000
keepwatch_config_reload_refused 0
${perService('keepwatch_service_up', '1')}
${perService('keepwatch_service_ready', '1')}
${perService('keepwatch_service_restarts_total', '0')}
${perService('keepwatch_service_silence_seconds', '0.25')}
keepalived_vrrp_state{iname="VI_1",intf="eth0",vrid="51",ip_address="192.0.2.1/24"} 2
keepalived_vrrp_state{iname="VI_1",intf="eth1",vrid="51",ip_address="192.0.2.2"} 2
keepalived_vrrp_state{iname="V6",intf="eth0",vrid="6",ip_address="fe80::1"} 1
${perInstance('keepalived_advertisements_received_total', '7', '0')}
${perInstance('keepalived_advertisements_sent_total', '18446744073709551615', '0')}
${perInstance('keepalived_become_master_total', '3', '0')}
${perInstance('keepalived_release_master_total', '4', '0')}
${perInstance('keepalived_priority_zero_received_total', '2', '0')}
${perInstance('keepalived_priority_zero_sent_total', '1', '0')}
${perInstance('keepalived_packet_length_errors_total', '0', '0')}
${perInstance('keepalived_advertisements_interval_errors_total', '0', '0')}
${perInstance('keepalived_ip_ttl_errors_total', '6', '0')}
${perInstance('keepalived_invalid_type_received_total', '0', '0')}
${perInstance('keepalived_address_list_errors_total', '0', '0')}
${perInstance('keepalived_authentication_mismatch_total', '0', '0')}
${perInstance('keepalived_authentication_failure_total', '5', '0')}
${perInstance('keepwatch_vrrp_state_known', '1', '1')}
${perInstance('keepwatch_vrrp_priority', '150', '100')}
keepwatch_vrrp_last_transition_timestamp_seconds{iname="VI_1",intf="eth0",vrid="51"} 1700000000.5
keepwatch_vrrp_address_present{iname="VI_1",intf="eth0",vrid="51",ip_address="192.0.2.1/24"} 1
keepwatch_vrrp_address_present{iname="VI_1",intf="eth1",vrid="51",ip_address="192.0.2.2"} 1
keepwatch_vrrp_address_present{iname="V6",intf="eth0",vrid="6",ip_address="fe80::1"} 0
keepwatch_vrrp_drops_total{iname="VI_1",reason="auth-data"} 5
keepwatch_vrrp_drops_total{iname="VI_1",reason="ttl"} 6
keepwatch_vrrp_interface_drops_total{intf="eth0",reason="vrid"} 9
keepwatch_quorum_up{virtual_server="[10.0.0.1]:tcp:80"} 1
keepwatch_virtual_server_weight_up{virtual_server="[10.0.0.1]:tcp:80"} 2
keepwatch_sorry_server_active{virtual_server="[10.0.0.1]:tcp:80"} 0
keepwatch_real_server_up{virtual_server="[10.0.0.1]:tcp:80",real_server="[10.0.0.2]:tcp:80"} 1
keepwatch_real_server_up{virtual_server="[10.0.0.1]:tcp:80",real_server="[10.0.0.3]:tcp:80"} 0
keepwatch_real_server_weight{virtual_server="[10.0.0.1]:tcp:80",real_server="[10.0.0.2]:tcp:80"} 2
keepwatch_real_server_weight{virtual_server="[10.0.0.1]:tcp:80",real_server="[10.0.0.3]:tcp:80"} 0
keepwatch_real_server_in_table{virtual_server="[10.0.0.1]:tcp:80",real_server="[10.0.0.2]:tcp:80"} 1
keepwatch_real_server_in_table{virtual_server="[10.0.0.1]:tcp:80",real_server="[10.0.0.3]:tcp:80"} 0
keepwatch_check_duration_seconds_bucket{checker="TCP_CHECK",le="0.0005"} 1
keepwatch_check_duration_seconds_bucket{checker="TCP_CHECK",le="1"} 3
keepwatch_check_duration_seconds_bucket{checker="TCP_CHECK",le="+Inf"} 3
keepwatch_check_duration_seconds_sum{checker="TCP_CHECK"} 1.5
keepwatch_check_duration_seconds_count{checker="TCP_CHECK"} 3
keepwatch_ipvs_available 1
keepwatch_ipvs_converged 1
keepwatch_ipvs_errors 0
keepwatch_ipvs_operations_total 12
keepwatch_notify_queue 1
keepwatch_notify_running 2
keepwatch_notify_oldest_seconds 1.5
keepwatch_notify_total{kind="script",result="ok"} 3
keepwatch_notify_total{kind="script",result="failed"} 4
keepwatch_notify_total{kind="mail",result="ok"} 5
keepwatch_notify_total{kind="mail",result="failed"} 6
keepwatch_notify_total{kind="fifo",result="ok"} 7
`;
  assert.deepEqual(sampleLines(text), expected.trim().split('\n'));
  assert.equal(parseExposition(text).length, sampleLines(text).length);
});

test('every state has its number, the state is never a label; one that leaves has none', () => {
  for (const [name, value] of [
    ['INIT', 0],
    ['BACKUP', 1],
    ['MASTER', 2],
    ['FAULT', 3],
    ['STOP', undefined],
  ] as const) {
    const instances = [{ ...BACKUP, state: VrrpStateName[`VRRP_STATE_NAME_${name}`] }];
    const text = pageText(statusOf({ vrrp: { instances } }));
    assert.equal(sampleValue(parseExposition(text), 'keepalived_vrrp_state'), value, name);
    assert.doesNotMatch(text.replaceAll(/^#.*$/gm, ''), /BACKUP|MASTER|FAULT/);
  }
});

test('an instance without addresses has its state all the same', () => {
  const text = pageText(statusOf({ vrrp: { instances: [{ ...MASTER, addresses: [] }] } }));
  assert.match(text, /^keepalived_vrrp_state\{iname="VI_1",intf="eth0",vrid="51",ip_address=""\} 2$/m);
});

test('the counters of the kernel are told under the names of the exporters for keepalived', () => {
  const counters = {
    connections: 3n,
    inPackets: 30n,
    outPackets: 29n,
    inBytes: 18_446_744_073_709_551_615n,
    outBytes: 5n,
  };
  const destination = { address: '10.0.0.2', port: 8080, weight: 1, activeConnections: 2, inactiveConnections: 1 };
  const ipvsStatistics = [
    {
      key: { family: 4, protocol: IpvsProtocol.IPVS_PROTOCOL_TCP, address: '10.0.0.1', port: 80 },
      counters,
      destinations: [{ ...destination, counters }],
    },
    { key: { family: 6, fwmark: 42 }, counters, destinations: [{ address: 'fd00::2', port: 0, counters }] },
  ];
  const lines = sampleLines(pageText(statusOf({ ipvsStatistics })));
  const told = lines.filter((line) => line.startsWith('keepalived_lvs_') || line.includes('_connections{'));
  assert.equal(told.length, 2 * 5 + 2 * 5 + 2 * 3);
  for (const line of [
    'keepalived_lvs_vip_conn{addr="10.0.0.1:80",proto="TCP"} 3',
    'keepalived_lvs_vip_in_bytes{addr="42",proto="FWM6"} 18446744073709551615',
    'keepalived_lvs_rs_out_packets{vip="10.0.0.1:80",addr="10.0.0.2:8080",proto="TCP"} 29',
    'keepalived_lvs_rs_in_packets{vip="42",addr="[fd00::2]:0",proto="FWM6"} 30',
    'keepwatch_ipvs_active_connections{vip="10.0.0.1:80",addr="10.0.0.2:8080",proto="TCP"} 2',
  ]) {
    assert.ok(told.includes(line), `${line} in\n${told.join('\n')}`);
  }
  const services = SERVICES.map((each) => service(each, each === 'ipvsd' ? silent : {}));
  assert.doesNotMatch(pageText(statusOf({ ipvsStatistics, services })), /keepalived_lvs_/);
});

const silent: Service = { health: ServiceHealth.SERVICE_HEALTH_DEGRADED, silenceMs: 2001n };
for (const [what, changes] of [
  ['silent for more than 2 s', silent],
  ['dead', { health: ServiceHealth.SERVICE_HEALTH_RESTARTING, generation: 0n }],
  ['not heard since it was started', { health: ServiceHealth.SERVICE_HEALTH_DEGRADED, silenceMs: undefined }],
  ['without a configuration', { health: ServiceHealth.SERVICE_HEALTH_DEGRADED, generation: 0n }],
  ['stopped', { health: ServiceHealth.SERVICE_HEALTH_STOPPED }],
] as const) {
  for (const [name, prefixes] of [
    ['vrrpd', /^(keepalived_(?!up)|keepwatch_vrrp_(?!state_known))/],
    ['healthcheckerd', /^keepwatch_(quorum|virtual_server|sorry|real_server|check_duration)/],
    ['ipvsd', /^keepwatch_ipvs/],
    ['notifierd', /^keepwatch_notify/],
  ] as const) {
    test(`${name} ${what}: nothing stale is told, everything of the others is`, () => {
      const before = parseExposition(pageText(statusOf()));
      const services = SERVICES.map((each) => service(each, each === name ? { ...changes } : {}));
      const after = parseExposition(pageText(statusOf({ services })));
      assert.deepEqual(
        after.filter((sample) => prefixes.test(sample.name)),
        [],
      );
      const kept = (samples: typeof before) =>
        samples.filter((sample) => !prefixes.test(sample.name) && !/_up$|service_|state_known/.test(sample.name));
      assert.deepEqual(kept(after), kept(before));
      assert.equal(sampleValue(after, 'keepalived_up'), 0);
      for (const each of SERVICES) {
        assert.equal(sampleValue(after, 'keepwatch_service_up', { service: each }), each === name ? 0 : 1);
      }
      assert.equal(sampleValue(after, 'keepwatch_vrrp_state_known', { iname: 'VI_1' }), name === 'vrrpd' ? 0 : 1);
      assert.ok(unreadyReasons(statusOf({ services })).some((reason) => reason.startsWith(`${name} is `)));
    });
  }
}

test('an unknown state is left out even when vrrpd is heard', () => {
  const unknown = { ...MASTER, state: VrrpStateName.VRRP_STATE_NAME_UNSPECIFIED };
  const samples = parseExposition(pageText(statusOf({ vrrp: { instances: [unknown, BACKUP] } })));
  assert.deepEqual(
    samples.filter(({ labels }) => labels.iname === 'VI_1').map(({ name, value }) => [name, value]),
    [['keepwatch_vrrp_state_known', 0]],
  );
  assert.equal(sampleValue(samples, 'keepalived_vrrp_state', { iname: 'V6' }), 1);
});

test('a status that knows nothing yet', () => {
  const samples = parseExposition(pageText(SuiteStatus.fromPartial({ version: '1' })));
  assert.deepEqual(
    samples.map(({ name, value }) => [name, value]),
    [
      ['keepalived_up', 0],
      ['keepwatch_info', 1],
      ['keepwatch_config_generation', 0],
      ['keepwatch_config_reload_refused', 0],
    ],
  );
});

const linesOf = (samples: readonly Sample[], help = 'x'): string =>
  [...familyLines({ name: 'a', type: 'gauge', help, samples })].join('');

test('escapes in labels and help; a double is written once; no sample, no line', () => {
  assert.equal(
    linesOf([{ labels: { l: 'back\\slash "quoted"\nnext \ud800' }, value: 0.5 }], 'a "b" \\ c\nd'),
    '# HELP a a "b" \\\\ c\\nd\n# TYPE a gauge\na{l="back\\\\slash \\"quoted\\"\\nnext \ufffd"} 0.5\n',
  );
  const twice = [1, 2].map((value) => ({ labels: { l: 'same' }, value }));
  assert.equal(linesOf(twice), '# HELP a x\n# TYPE a gauge\na{l="same"} 1\n');
  assert.equal(linesOf([]), '');
  assert.equal(
    linesOf([
      { labels: { l: '1' }, value: Number.POSITIVE_INFINITY },
      { labels: { l: '2' }, value: Number.NaN },
      { labels: { l: '3' }, value: 1e21 },
    ]),
    '# HELP a x\n# TYPE a gauge\na{l="1"} +Inf\na{l="2"} NaN\na{l="3"} 1e+21\n',
  );
});

test('whatever stands in a name, a parser reads it back', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: fc.constantFrom('\\', '"', '\n', 'n', '}', ',') }),
      (one, two) => {
        const samples = parseExposition(
          pageText(statusOf({ vrrp: { instances: [{ ...MASTER, name: one, interface: two, addresses: [] }] } })),
        );
        assert.equal(sampleValue(samples, 'keepalived_vrrp_state', { iname: one, intf: two }), 2);
      },
    ),
    { numRuns: 50 },
  );
});

const withAddresses = (instance: Instance, ...present: boolean[]): Instance => ({
  ...instance,
  addresses: present.map((here, index) => ({ address: `192.0.2.${index + 1}/24`, interface: 'eth0', present: here })),
});
const inState = (instance: Instance, name: 'INIT' | 'FAULT' | 'MASTER'): Instance => ({
  ...instance,
  state: VrrpStateName[`VRRP_STATE_NAME_${name}`],
});
for (const [what, changes, reasons] of [
  ['all is well', {}, []],
  [
    'an impairment is known and no reason',
    {
      services: SERVICES.map((name) =>
        service(name, { health: ServiceHealth.SERVICE_HEALTH_DEGRADED, impairments: ['no IPVS'] }),
      ),
    },
    [],
  ],
  [
    'a service starts',
    {
      services: [
        service('vrrpd'),
        service('ipvsd', { health: ServiceHealth.SERVICE_HEALTH_STARTING, detail: 'starting' }),
      ],
    },
    ['ipvsd is starting: starting'],
  ],
  [
    'a service is silent',
    { services: [service('vrrpd'), service('notifierd', { ...silent, detail: 'not heard for 2.0 s' })] },
    ['notifierd is degraded: not heard for 2.0 s'],
  ],
  ['no configuration yet', { origin: { generation: 0n } }, ['no configuration is in force yet']],
  ['vrrpd has told nothing', { vrrp: undefined }, ['vrrpd has not told its instances yet']],
  ['no VRRP wanted (-C)', { vrrp: undefined, services: [service('healthcheckerd'), service('notifierd')] }, []],
  [
    'a master without one of its addresses',
    { vrrp: { instances: [withAddresses(MASTER, true, false)] } },
    ['VI_1 is MASTER without 192.0.2.2/24 on eth0'],
  ],
  [
    'a backup that holds an address',
    { vrrp: { instances: [withAddresses(BACKUP, false, true)] } },
    ['V6 is BACKUP and has 192.0.2.2/24 on eth0'],
  ],
  [
    'an instance in FAULT that holds addresses',
    { vrrp: { instances: [withAddresses(inState(BACKUP, 'FAULT'), true, true)] } },
    ['V6 is FAULT and has 192.0.2.1/24 on eth0, 192.0.2.2/24 on eth0'],
  ],
  ['FAULT without addresses agrees', { vrrp: { instances: [withAddresses(inState(BACKUP, 'FAULT'), false)] } }, []],
  [
    'INIT with an address',
    { vrrp: { instances: [withAddresses(inState(BACKUP, 'INIT'), true)] } },
    ['V6 is INIT and has 192.0.2.1/24 on eth0'],
  ],
  [
    'the address of a backup is here for another instance that is master',
    { vrrp: { instances: [withAddresses(BACKUP, true), withAddresses(MASTER, true)] } },
    [],
  ],
  [
    'an unknown state',
    { vrrp: { instances: [{ ...MASTER, state: VrrpStateName.VRRP_STATE_NAME_UNSPECIFIED }] } },
    ['the state of VI_1 is unknown'],
  ],
] satisfies [string, PartialStatus, string[]][]) {
  test(`readiness: ${what}`, () => assert.deepEqual(unreadyReasons(statusOf(changes)), reasons));
}
