import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countOf, durationOf } from '../../../cmd/keepwatchctl/arguments.js';
import { explainInstance } from '../../../cmd/keepwatchctl/explainInstance.js';
import { HistoryEntry, SuiteStatus } from '../../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { type VrrpInstance, VrrpStateName } from '../../../services/shared/rpc/generated/keepwatch/v1/vrrp.js';

const NOW = new Date(2026, 2, 1, 12, 0, 0);
const ago = (ms: number): Date => new Date(NOW.getTime() - ms);
const { VRRP_STATE_NAME_MASTER, VRRP_STATE_NAME_BACKUP, VRRP_STATE_NAME_FAULT, VRRP_STATE_NAME_UNSPECIFIED } =
  VrrpStateName;

const BACKUP = {
  name: 'VI_1',
  interface: 'eth0',
  vrid: 51,
  family: 4,
  version: 2,
  state: VRRP_STATE_NAME_BACKUP as VrrpStateName,
  effectivePriority: 90,
  priorityTerms: [
    { reason: 'configured', value: 150 },
    { reason: 'script chk', value: -60 },
  ],
  preempt: true,
  group: 'VG',
  masterAddress: '10.0.0.3',
  masterPriority: 100,
  lastAdvertAgeMs: 400n,
  nextDeadline: 'master-down',
  nextDeadlineInMs: 3_200n,
  trackers: [
    { kind: 'script', name: 'chk', up: false, weight: -60, condition: 'bad', detail: 'exit 1', since: ago(61_000) },
  ],
  lastTransition: {
    at: ago(60_000),
    from: VRRP_STATE_NAME_MASTER as VrrpStateName,
    to: VRRP_STATE_NAME_BACKUP as VrrpStateName,
    cause: { text: '10.0.0.3 advertises priority 100' },
  },
};

function explained(instance: object, history: object[] = [], rest: object = {}): string {
  const status = SuiteStatus.fromPartial({ vrrp: { instances: [instance as VrrpInstance] }, ...rest });
  const entries = history.map((entry) => HistoryEntry.fromPartial(entry));
  return explainInstance(status, entries, 'VI_1', NOW)?.join('\n') ?? assert.fail('no explanation');
}

test('a backup: state, chain, priority, master, deadline, and what would make it master', () => {
  const text = explained(BACKUP, [
    { subject: 'vrrp_instance VI_1', change: 'too old', at: ago(3_600_000) },
    { subject: 'vrrp_instance VI_2', change: 'of another', at: ago(60_500) },
    { subject: 'track_script chk', change: 'good -> bad', cause: 'exit 1', at: ago(61_000) },
    { subject: 'vrrp_instance VI_1', change: 'MASTER -> BACKUP', cause: '10.0.0.3', at: ago(60_000) },
    { subject: 'vrrp_sync_group VG', change: 'MASTER -> BACKUP', cause: 'VI_1', at: ago(60_000) },
  ]);
  assert.equal(
    text,
    `VI_1 on eth0 (virtual router 51, IPv4, VRRP version 2) is BACKUP, since 11:59:00 (60 s ago).
Because: 10.0.0.3 advertises priority 100.

How it came to this:
  2026-03-01 11:58:59.000  track_script chk  good -> bad: exit 1
  2026-03-01 11:59:00.000  vrrp_instance VI_1  MASTER -> BACKUP: 10.0.0.3
  2026-03-01 11:59:00.000  vrrp_sync_group VG  MASTER -> BACKUP: VI_1

Priority:
  90 = 150 (configured) - 60 (script chk)
  script chk is bad (exit 1), since 11:58:59 (61 s ago)

The other router:
  10.0.0.3 with priority 100 is the master, 0.4 s ago.

What happens next:
  Unless 10.0.0.3 advertises before, it becomes MASTER in 3.2 s.

What would change it:
  With a priority above 100 it takes over; it has 90.
  script chk turned good: priority 150.`,
  );
});

test('what the opposite result of a tracker would do, by weight and reverse', () => {
  const effect = (tracker: object): string | undefined =>
    / {2}(.* turned .*)/.exec(
      explained({ ...BACKUP, effectivePriority: 100, trackers: [{ kind: 'script', name: 'chk', ...tracker }] }),
    )?.[1];
  const cases: [object, string | undefined][] = [
    [{ up: true, weight: 20 }, 'script chk turned bad: priority 80.'],
    [{ up: false, weight: 20 }, 'script chk turned good: priority 120.'],
    [{ up: true, weight: -20 }, 'script chk turned bad: priority 80.'],
    [{ up: false, weight: -20 }, 'script chk turned good: priority 120.'],
    [{ up: true, weight: 20, reverse: true }, 'script chk turned bad: priority 120.'],
    [{ up: false, weight: 20, reverse: true }, 'script chk turned good: priority 80.'],
    [{ up: true, weight: -20, reverse: true }, 'script chk turned bad: priority 120.'],
    [{ up: false, weight: 200 }, 'script chk turned good: priority 254.'],
    [{ up: true, weight: 0 }, 'script chk turned bad: FAULT.'],
    [{ up: false, weight: 0 }, 'script chk turned good: one reason for FAULT less.'],
    [{ up: true, weight: 0, reverse: true }, 'script chk turned bad: one reason for FAULT less.'],
    [{ up: true, weight: 0, condition: 'ignored' }, undefined],
  ];
  for (const [tracker, wanted] of cases) assert.equal(effect(tracker), wanted, JSON.stringify(tracker));
});

test('a master, one in FAULT, one that must not preempt, and one whose service is silent', () => {
  const master = explained({ ...BACKUP, state: VRRP_STATE_NAME_MASTER, nextDeadline: 'adver', nextDeadlineInMs: 300n });
  assert.match(master, /It sends its next advertisement in 0\.3 s\./);
  assert.match(master, /A router that advertises a priority above 90 takes over\./);
  assert.match(master, /10\.0\.0\.3 with priority 100 was the last one heard/);
  const fault = explained({ ...BACKUP, state: VRRP_STATE_NAME_FAULT, faults: ['interface eth0 is down'] });
  assert.match(fault, /It takes no part until this is over: interface eth0 is down\./);
  assert.match(explained({ ...BACKUP, preempt: false }), /It has nopreempt: it takes over only when 10\.0\.0\.3/);
  const silent = explained({ ...BACKUP, state: VRRP_STATE_NAME_UNSPECIFIED }, [], {
    services: [{ name: 'vrrpd', silenceMs: 3_100n }],
  });
  assert.match(silent, /is not known: vrrpd has not been heard for 3\.1 s\./);
  assert.doesNotMatch(silent, /MASTER in|What would change/);
});

test('no such instance: no explanation', () => {
  assert.equal(explainInstance(SuiteStatus.fromPartial({}), [], 'VI_1', NOW), undefined);
});

test('durations and counts of flags', () => {
  const cases: [string, number][] = [
    ['30', 30_000],
    ['90s', 90_000],
    ['1.5m', 90_000],
    ['12h', 43_200_000],
    ['2d', 172_800_000],
    ['500ms', 500],
  ];
  for (const [text, wanted] of cases) assert.equal(durationOf(text, '--ttl'), wanted);
  for (const text of ['', 'x', '1w', '-1s', '1 s']) {
    assert.throws(() => durationOf(text, '--ttl'), /--ttl takes a duration such as 30s/);
  }
  assert.equal(countOf('7', '--limit'), 7);
  for (const text of ['', '-1', '1.5', 'x', '99999999'])
    assert.throws(() => countOf(text, '--limit'), /takes a number/);
});
