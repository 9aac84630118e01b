/** The alert rules and the dashboard of docs/metrics ask for nothing that the page of metrics does not have. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ServiceHealth, SuiteStatus } from '../../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { IpvsProtocol } from '../../../services/shared/rpc/generated/keepwatch/v1/ipvs.js';
import { VrrpStateName } from '../../../services/shared/rpc/generated/keepwatch/v1/vrrp.js';
import { metricsPage } from '../../../services/supervisor/metricsPage.js';

/** A suite with one of everything. */
const STATUS = SuiteStatus.fromPartial({
  origin: { generation: 1n },
  version: '1.2.3',
  services: ['notifierd', 'ipvsd', 'healthcheckerd', 'vrrpd'].map((name) => ({
    name,
    health: ServiceHealth.SERVICE_HEALTH_READY,
    silenceMs: 250n,
    generation: 1n,
  })),
  vrrp: {
    instances: [
      {
        name: 'VI_1',
        interface: 'eth0',
        vrid: 51,
        state: VrrpStateName.VRRP_STATE_NAME_MASTER,
        addresses: [{ address: '192.0.2.1/24', interface: 'eth0', present: true }],
        drops: [{ reason: 'ttl', count: 1n }],
      },
    ],
    interfaceDrops: [{ interface: 'eth0', drops: [{ reason: 'vrid', count: 1n }] }],
    trackers: [{ kind: 'script', name: 'web', condition: 'good' }],
    pace: { lateness: [{ upToUs: 0n, count: 1n }], deadlinesServed: 1n },
  },
  health: {
    virtualServers: [{ name: '[10.0.0.1]:tcp:80', realServers: [{ name: '[10.0.0.2]:tcp:80', up: true }] }],
  },
  ipvs: { available: true },
  ipvsStatistics: [
    {
      key: { family: 4, protocol: IpvsProtocol.IPVS_PROTOCOL_TCP, address: '10.0.0.1', port: 80 },
      counters: {},
      destinations: [{ address: '10.0.0.2', port: 80, counters: {} }],
    },
  ],
  notify: {},
});

const EXPOSED = new Set([...metricsPage(STATUS)].join('').match(/^[a-z_]+/gm));

for (const [file, least] of [
  ['alerts.yml', 15],
  ['dashboard.json', 12],
] as const) {
  test(`every metric in docs/metrics/${file} is on the page`, () => {
    const text = readFileSync(new URL(`../../../docs/metrics/${file}`, import.meta.url), 'utf8');
    const names = new Set(text.match(/\b(?:keepwatch|keepalived)_[a-z_]+\b/g));
    assert.ok(names.size >= least, `only ${names.size} names found in ${file}`);
    assert.deepEqual(
      [...names].filter((name) => !EXPOSED.has(name)),
      [],
    );
  });
}

test('the dashboard is JSON whose panels all ask for something, each with a place of its own', () => {
  const { panels } = JSON.parse(
    readFileSync(new URL('../../../docs/metrics/dashboard.json', import.meta.url), 'utf8'),
  ) as {
    readonly panels: readonly {
      readonly id: number;
      readonly gridPos: { readonly x: number; readonly y: number };
      readonly targets: readonly { readonly expr: string }[];
    }[];
  };
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  assert.equal(new Set(panels.map(({ gridPos: { x, y } }) => `${x} ${y}`)).size, panels.length);
  for (const { targets } of panels) assert.ok(targets.length > 0 && targets.every(({ expr }) => expr !== ''));
});
