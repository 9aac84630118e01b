import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SchedulingConfig } from '../../../services/shared/config/scheduling.js';
import { silentLogger } from '../../../services/shared/log/logger.js';
import { micros, millis, seconds } from '../../../services/shared/time/duration.js';
import type { VrrpConfig } from '../../../services/vrrpd/config/model.js';
import { automaticPriority, LATENESS_BOUNDS, Pace } from '../../../services/vrrpd/pace.js';
import { config, instance } from './support.js';

type Global = Partial<VrrpConfig['global']>;

const configured = (interval: number, global: Global = {}): VrrpConfig => {
  const base = config([instance({ advertInterval: millis(interval) })]);
  return { ...base, global: { ...base.global, ...global } };
};

describe('the priority a configuration calls for', () => {
  const cases: readonly (readonly [string, VrrpConfig, number | undefined])[] = [
    ['more than a second needs none', configured(1010), undefined],
    ['a second does', configured(1000), 10],
    ['and less', configured(10), 10],
    [
      'at a second one that is allowed is taken when there is need',
      configured(1000, { automaticPriority: { highest: 20 } }),
      undefined,
    ],
    ['no instances need none', { ...config([]) }, undefined],
    ['a configured priority is not touched', configured(10, { scheduling: { realtimePriority: 50 } }), undefined],
    ['a nice value is a decision against it', configured(10, { scheduling: { nice: -5 } }), undefined],
    ['max_auto_priority lowers it', configured(10, { automaticPriority: { highest: 3 } }), 3],
    ['but does not raise it', configured(10, { automaticPriority: { highest: 99 } }), 10],
    ['0 forbids it', configured(10, { automaticPriority: { highest: 0 } }), undefined],
  ];
  for (const [title, given, priority] of cases) it(title, () => assert.equal(automaticPriority(given), priority));
});

/** A pace whose wishes are recorded and answered with `problems`. */
function pace(problems: readonly string[] = []) {
  const wishes: SchedulingConfig[] = [];
  const made = new Pace(silentLogger(), (wanted) => {
    wishes.push(wanted);
    return problems;
  });
  return { pace: made, wishes };
}

describe('the pace of the loop', () => {
  it('counts lateness in classes, with sum and maximum', () => {
    const { pace: measured } = pace();
    for (const late of [0, 100, 101, 1_000, 9_000_000]) measured.late(micros(late));
    assert.equal(measured.counts[0], 2);
    assert.equal(measured.counts[1], 1);
    assert.equal(measured.counts[2], 1);
    assert.equal(measured.counts[LATENESS_BOUNDS.length], 1);
    assert.equal(measured.worst, 9_000_000);
    assert.equal(measured.total, 9_001_201);
  });

  it('takes real time where intervals call for it; a refusal nobody asked for breaks nothing', () => {
    const allowed = pace();
    allowed.pace.apply(configured(10));
    assert.deepEqual(allowed.wishes, [{ realtimePriority: 10 }]);
    assert.equal(allowed.pace.realtimePriority, 10);
    const refused = pace(['vrrp_rt_priority: EPERM']);
    refused.pace.apply(configured(10));
    assert.equal(refused.pace.realtimePriority, undefined);
    assert.deepEqual(refused.pace.problems, []);
    refused.pace.apply(configured(2000, { scheduling: { realtimePriority: 50 } }));
    assert.deepEqual(refused.pace.problems, ['vrrp_rt_priority: EPERM'], 'what is configured and refused is told');
  });

  it('lets whoever speaks go before one that stands by', () => {
    const { pace: standing, wishes } = pace();
    standing.apply(configured(10), true);
    standing.apply(configured(10, { scheduling: { realtimePriority: 1 } }), true);
    standing.apply(configured(10));
    const asked = wishes.map(({ realtimePriority }) => realtimePriority);
    assert.deepEqual(asked, [8, 1, 10]);
  });

  it('raises the priority once when it is late and max_auto_priority allows it', () => {
    const { pace: raised, wishes } = pace();
    raised.apply(configured(1000, { automaticPriority: { highest: 20, lateness: millis(50) } }));
    raised.late(millis(49));
    assert.deepEqual(wishes, [{}]);
    raised.late(millis(50));
    raised.late(seconds(2));
    assert.deepEqual(wishes, [{}, { realtimePriority: 20 }]);
    const { pace: still, wishes: none } = pace();
    still.apply(configured(2000));
    still.late(seconds(10));
    assert.deepEqual(none, [{}], 'nobody allowed it');
  });
});
