import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Origin } from '../../../services/shared/rpc/generated/keepwatch/v1/common.js';
import { ServiceHealth } from '../../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { VrrpState, VrrpStateName } from '../../../services/shared/rpc/generated/keepwatch/v1/vrrp.js';
import { millis } from '../../../services/shared/time/duration.js';
import { type ServiceFacts, suiteStatus } from '../../../services/supervisor/status.js';

const facts = (changes: Partial<ServiceFacts> = {}): ServiceFacts => ({
  name: 'vrrpd',
  phase: 'ready',
  pid: 42,
  version: '1',
  incarnation: 'a',
  restarts: 0,
  startedAt: new Date(0),
  silence: millis(100),
  generation: 1n,
  impairments: [],
  detail: '',
  looping: false,
  origin: 'spawned',
  ...changes,
});
const status = (service: ServiceFacts) =>
  suiteStatus({
    origin: Origin.fromPartial({}),
    version: '1',
    configFile: 'x',
    configuredAt: undefined,
    services: [service],
    mirror: {
      vrrp: VrrpState.fromPartial({ instances: [{ name: 'VI_1', state: VrrpStateName.VRRP_STATE_NAME_MASTER }] }),
    },
    refusedReload: [],
    orders: [],
    spare: undefined,
    upgrade: undefined,
    trial: undefined,
    appliedFrom: '',
    ipvsStatistics: [],
    modules: [],
  });

for (const [what, changes, health, state] of [
  ['all is well', {}, ServiceHealth.SERVICE_HEALTH_READY, VrrpStateName.VRRP_STATE_NAME_MASTER],
  [
    '2 s of silence are still good',
    { silence: millis(2000) },
    ServiceHealth.SERVICE_HEALTH_READY,
    VrrpStateName.VRRP_STATE_NAME_MASTER,
  ],
  [
    'a moment more is not',
    { silence: millis(2001) },
    ServiceHealth.SERVICE_HEALTH_DEGRADED,
    VrrpStateName.VRRP_STATE_NAME_UNSPECIFIED,
  ],
  [
    'never heard',
    { silence: undefined, phase: 'starting', detail: 'starting' },
    ServiceHealth.SERVICE_HEALTH_STARTING,
    VrrpStateName.VRRP_STATE_NAME_UNSPECIFIED,
  ],
  [
    'dead',
    { phase: 'restarting', detail: 'died' },
    ServiceHealth.SERVICE_HEALTH_RESTARTING,
    VrrpStateName.VRRP_STATE_NAME_UNSPECIFIED,
  ],
  [
    'without its configuration',
    { phase: 'connected', detail: 'refuses' },
    ServiceHealth.SERVICE_HEALTH_DEGRADED,
    VrrpStateName.VRRP_STATE_NAME_UNSPECIFIED,
  ],
  [
    'impaired',
    { impairments: ['no SCHED_RR'] },
    ServiceHealth.SERVICE_HEALTH_DEGRADED,
    VrrpStateName.VRRP_STATE_NAME_MASTER,
  ],
  ['in a crash loop', { looping: true }, ServiceHealth.SERVICE_HEALTH_DEGRADED, VrrpStateName.VRRP_STATE_NAME_MASTER],
  ['stopped', { phase: 'stopped' }, ServiceHealth.SERVICE_HEALTH_STOPPED, VrrpStateName.VRRP_STATE_NAME_UNSPECIFIED],
] as const) {
  test(`status: ${what}`, () => {
    const shown = status(facts(changes));
    assert.equal(shown.services[0]?.health, health);
    assert.equal(shown.vrrp?.instances[0]?.state, state);
    assert.equal(shown.vrrp?.instances[0]?.name, 'VI_1');
  });
}

test('silence is told with its length', () => {
  const shown = status(facts({ silence: millis(2600) }));
  assert.equal(shown.services[0]?.silenceMs, 2600n);
  assert.match(shown.services[0]?.detail ?? '', /not heard for 2\.6 s/);
});
