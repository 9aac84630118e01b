/** From a status to what the page shows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BfdStateName } from '../../../../services/shared/rpc/generated/keepwatch/v1/bfd.js';
import {
  HistoryEntry,
  ServiceHealth,
  SuiteStatus,
} from '../../../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { VrrpStateName } from '../../../../services/shared/rpc/generated/keepwatch/v1/vrrp.js';
import { asKnown, silentServices } from '../../../../services/supervisor/dashboard/known.js';
import { suiteView } from '../../../../services/supervisor/dashboard/suiteView.js';
import { timelineEntry } from '../../../../services/supervisor/dashboard/timeline.js';

type PartialStatus = Parameters<typeof SuiteStatus.fromPartial>[0];

const PLACE = { host: 'router-1', script: 'page-1.js' };
const AT = new Date(1_700_000_000_000);

const service = (name: string, changes: object = {}) => ({
  name,
  health: ServiceHealth.SERVICE_HEALTH_READY,
  silenceMs: 250n,
  generation: 3n,
  pid: 42,
  version: '1.2.3',
  ...changes,
});

const STATUS: NonNullable<PartialStatus> = {
  origin: { generation: 3n, at: AT },
  version: '1.2.3',
  configFile: '/etc/keepwatch/keepwatch.conf',
  services: ['notifierd', 'ipvsd', 'healthcheckerd', 'bfdd', 'vrrpd'].map((name) => service(name)),
  vrrp: {
    groups: [{ name: 'VG', state: VrrpStateName.VRRP_STATE_NAME_MASTER, members: ['VI_1'] }],
    instances: [
      {
        name: 'VI_1',
        group: 'VG',
        interface: 'eth0',
        vrid: 51,
        family: 4,
        version: 2,
        state: VrrpStateName.VRRP_STATE_NAME_MASTER,
        effectivePriority: 90,
        priorityTerms: [
          { reason: 'configured', value: 150 },
          { reason: 'script chk', value: -60 },
        ],
        addresses: [{ address: '10.0.0.1/24', interface: 'eth0', present: true }],
        trackers: [{ kind: 'script', name: 'chk', up: false, condition: 'bad', weight: -60, detail: 'exit 1' }],
        lastTransition: { at: AT, cause: { text: 'no advertisement for 3.6 s' } },
        masterAddress: '10.0.0.9',
        masterPriority: 80,
      },
      {
        name: 'VI_2',
        interface: 'eth1',
        state: VrrpStateName.VRRP_STATE_NAME_BACKUP,
        masterAddress: '10.0.0.9',
        masterPriority: 200,
        lastAdvertAgeMs: 400n,
      },
    ],
  },
  health: {
    virtualServers: [
      {
        name: '[10.0.0.1]:tcp:80',
        quorum: 1,
        quorumUp: true,
        weightUp: 3,
        sorryServer: { name: '[10.0.0.7]:tcp:80' },
        realServers: [
          {
            name: '[10.0.0.2]:tcp:80',
            up: true,
            weight: 3,
            configuredWeight: 3,
            inTable: true,
            order: 'weight by root: new disk',
            checkers: [{ kind: 'TCP_CHECK', target: '10.0.0.2:80', up: true, checked: true, lastDurationUs: 1_500n }],
          },
          {
            name: '[10.0.0.3]:tcp:80',
            configuredWeight: 2,
            checkers: [
              { kind: 'TCP_CHECK', target: '10.0.0.3:80', checked: true, lastError: 'connection refused' },
              { kind: 'TCP_CHECK', target: '10.0.0.3:81', up: true, checked: true },
            ],
          },
          { name: '[10.0.0.4]:tcp:80', checkers: [{ kind: 'TCP_CHECK', target: '10.0.0.4:80' }] },
        ],
      },
    ],
  },
  bfd: { sessions: [{ name: 'B', state: BfdStateName.BFD_STATE_NAME_UP, settled: true, peerAddress: '10.0.0.9' }] },
  orders: [
    { id: 'a', action: { $case: 'standDown', value: { instance: 'VI_1' } }, text: 'ordered by root', givenAt: AT },
  ],
};

const viewOf = (changes: Partial<NonNullable<PartialStatus>> = {}) =>
  suiteView(SuiteStatus.fromPartial({ ...STATUS, ...changes }), PLACE);

/** With one service changed. */
const withService = (name: string, changes: object) =>
  viewOf({ services: (STATUS.services ?? []).map((one) => (one.name === name ? { ...one, ...changes } : one)) });

test('an instance with its reasons: state, cause, terms of the priority, trackers, addresses', () => {
  const { instances, groups, host, script, at } = viewOf();
  assert.deepEqual({ host, script, at }, { ...PLACE, at: AT.getTime() });
  const [first, second] = instances;
  assert.equal(first?.state, 'MASTER');
  assert.equal(first.why, 'no advertisement for 3.6 s');
  assert.equal(first.priority, 90);
  assert.deepEqual(first.terms, [
    { reason: 'configured', value: 150 },
    { reason: 'script chk', value: -60 },
  ]);
  assert.deepEqual(
    first.trackers.map(({ name, condition, tone, detail }) => [name, condition, tone, detail]),
    [['chk', 'bad', 'bad', 'exit 1']],
  );
  assert.deepEqual(first.addresses, [{ address: '10.0.0.1/24', interface: 'eth0', present: true, excluded: false }]);
  assert.equal(first.master, undefined, 'a master shows no other one');
  assert.deepEqual(second?.master, { address: '10.0.0.9', priority: 200, heardAt: AT.getTime() - 400 });
  assert.deepEqual(
    groups.map(({ name, state, members }) => [name, state, members]),
    [['VG', 'MASTER', ['VI_1']]],
  );
});

test('a pool: who takes traffic, why another does not, what was not checked yet, and whose address it is', () => {
  const [pool] = viewOf().pools;
  assert.ok(pool);
  assert.deepEqual(
    pool.servers.map(({ state, why }) => [state, why]),
    [
      ['UP', 'weight by root: new disk'],
      ['DOWN', 'TCP_CHECK to 10.0.0.3:80: connection refused'],
      ['UNCHECKED', ''],
    ],
  );
  assert.deepEqual([pool.weightUp, pool.weightAll, pool.quorum, pool.sorryActive], [3, 5, 1, false]);
  assert.deepEqual(pool.heldBy, ['VI_1']);
  assert.equal(pool.sorry?.name, '[10.0.0.7]:tcp:80');
  assert.equal(pool.servers[0]?.checks[0]?.durationMs, 1.5);
  assert.deepEqual(
    pool.servers[1]?.checks.map(({ state }) => state),
    ['DOWN', 'UP'],
  );
});

test('orders and problems in the words keepwatchctl has for them', () => {
  const { orders, problems } = viewOf({ refusedReload: [{ message: 'made up' }] });
  assert.deepEqual(
    orders.map(({ text, by, expiresAt }) => [text, by, expiresAt]),
    [['VI_1 stands down', 'ordered by root', undefined]],
  );
  assert.deepEqual(problems, ['the last reload was refused; the configuration before it runs on']);
});

for (const [why, changes] of [
  ['silent', { silenceMs: 2_001n }],
  ['never heard', { silenceMs: undefined }],
  ['restarting', { health: ServiceHealth.SERVICE_HEALTH_RESTARTING, silenceMs: 0n }],
  ['without a configuration', { generation: 0n }],
] as const) {
  test(`of a service that is ${why} nothing is told as true`, () => {
    const vrrp = withService('vrrpd', changes);
    assert.deepEqual(
      vrrp.instances.map(({ state }) => state),
      ['UNKNOWN', 'UNKNOWN'],
    );
    assert.deepEqual(
      vrrp.groups.map(({ state }) => state),
      ['UNKNOWN'],
    );
    assert.deepEqual(
      vrrp.instances[0]?.addresses.map(({ present }) => present),
      [undefined],
    );
    assert.deepEqual(
      vrrp.instances[0]?.trackers.map(({ condition }) => condition),
      ['unknown'],
    );
    assert.ok(vrrp.instances.every(({ master }) => master === undefined));
    assert.equal(vrrp.pools[0]?.state, 'UP', 'other services are heard');

    const health = withService('healthcheckerd', changes);
    assert.equal(health.pools[0]?.state, 'UNKNOWN');
    assert.ok(
      health.pools[0]?.servers.every(
        ({ state, checks }) => state === 'UNKNOWN' && checks.every((check) => check.state === 'UNKNOWN'),
      ),
    );
    assert.equal(health.instances[0]?.state, 'MASTER');

    assert.deepEqual(
      withService('bfdd', changes).sessions.map(({ state, tone }) => [state, tone]),
      [['UNKNOWN', 'unknown']],
    );
  });
}

test('a service the suite does not have makes nothing known', () => {
  const view = viewOf({ services: [] });
  assert.ok([...view.instances, ...view.pools, ...view.sessions].every(({ state }) => state === 'UNKNOWN'));
});

test('a page that hears nothing more finds everything unknown when the limit of silence is over', () => {
  const view = viewOf();
  assert.deepEqual(silentServices(view, 1_750), []);
  assert.equal(asKnown(view, 1_750).instances[0]?.state, 'MASTER');
  assert.equal(silentServices(view, 1_751).length, 5);
  const after = asKnown(view, 1_751);
  assert.ok([...after.instances, ...after.groups, ...after.pools].every(({ state }) => state === 'UNKNOWN'));
  assert.ok(after.services.every(({ health, heard }) => health === 'SILENT' && !heard));
  assert.equal(asKnown(view, Number.POSITIVE_INFINITY).instances[1]?.state, 'UNKNOWN');
});

test('what is too much for a page is counted, not sent', () => {
  const view = viewOf({
    vrrp: { instances: Array.from({ length: 300 }, (_, index) => ({ name: `VI_${index}` })) },
    health: {
      virtualServers: Array.from({ length: 200 }, (_, pool) => ({
        name: `v${pool}`,
        realServers: Array.from({ length: 100 }, (_, real) => ({ name: `r${real}` })),
      })),
    },
  });
  assert.deepEqual(view.leftOut, ['72 virtual servers', '11776 real servers', '468 problems', '44 instances']);
  assert.equal(
    view.pools.reduce((sum, { servers }) => sum + servers.length, 0),
    1_024,
  );
  assert.ok(JSON.stringify(view).length < 1_000_000);
});

for (const [change, code, tone] of [
  ['BACKUP -> MASTER', 'master-down-timer', 'master'],
  ['MASTER -> BACKUP', 'higher-priority-advert', 'backup'],
  ['BACKUP -> FAULT', 'interface-down', 'bad'],
  ['DOWN', 'real-server', 'bad'],
  ['quorum UP', 'quorum', 'good'],
  ['Up -> Down', 'detection-expired', 'bad'],
  ['good -> bad', 'tracker-bad', 'bad'],
  ['priority 150 -> 90', 'priority', 'busy'],
  ['service-died', 'service-died', 'bad'],
  ['order-given', 'order-given', 'busy'],
  ['address 10.0.0.1/24 put back', 'note', 'calm'],
] as const) {
  test(`${change} is shown as ${tone}`, () => {
    const entry = HistoryEntry.fromPartial({ at: AT, subject: 's', change, code, cause: 'c' });
    assert.deepEqual(timelineEntry(entry, 7), { number: 7, at: AT.getTime(), subject: 's', change, cause: 'c', tone });
  });
}
