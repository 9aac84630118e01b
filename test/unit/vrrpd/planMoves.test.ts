import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileAccess } from '../../../services/shared/config/fileAccess.js';
import { loadConfig } from '../../../services/shared/config/load.js';
import { interpretVrrpConfig } from '../../../services/vrrpd/config/interpret.js';
import type { VrrpConfig } from '../../../services/vrrpd/config/model.js';
import { diffConfigs } from '../../../services/vrrpd/configDiff.js';
import { planChanges, planMoves, type Standing } from '../../../services/vrrpd/planChanges.js';

function config(text: string): VrrpConfig {
  const access: FileAccess = {
    read: () => ({ ok: true, bytes: new TextEncoder().encode(text) }),
    list: () => undefined,
  };
  const { tree } = loadConfig({ file: 'a', access, configId: '' });
  const { model, diagnostics } = interpretVrrpConfig(tree ?? assert.fail(), { hostname: 'h' });
  return model ?? assert.fail(JSON.stringify(diagnostics));
}

const instance = (name: string, settings = ''): string =>
  `vrrp_instance ${name} {\ninterface eth0\nvirtual_router_id ${name.charCodeAt(0) % 200}\n${settings}\nvirtual_ipaddress {\n192.0.2.${name.charCodeAt(0) % 200}\n}\n}\n`;

const standing = (state: Standing['state'], effectivePriority: number, heardPriority?: number): Standing => ({
  state,
  effectivePriority,
  heardPriority,
});

function moves(before: string, after: string, standings: Record<string, Standing>): string[] {
  const diff = diffConfigs(config(before), config(after));
  return planMoves(diff, new Map(Object.entries(standings))).map(
    ({ subject, from, to, reason }) => `${subject} ${from}>${to}: ${reason}`,
  );
}

test('a plan tells which states would move and why, and nothing of those that stay', () => {
  assert.deepEqual(
    moves(
      ['a', 'b', 'c', 'd', 'e'].map((name) => instance(name, 'priority 100')).join(''),
      instance('a', 'priority 150') +
        instance('c', 'priority 100\nversion 3') +
        instance('d', 'priority 90') +
        instance('e', 'priority 100') +
        instance('f'),
      {
        a: standing('backup', 80, 120),
        b: standing('master', 100),
        c: standing('master', 100),
        d: standing('master', 100),
        e: standing('backup', 100, 120),
      },
    ),
    [
      'vrrp_instance b MASTER>: removed: sends priority 0 and gives its addresses up',
      "vrrp_instance a BACKUP>MASTER: its priority 130 is above the master's 120",
      'vrrp_instance c MASTER>BACKUP: cannot be changed in place: sends priority 0 and gives its addresses up, then starts anew',
      'vrrp_instance d MASTER>BACKUP: only if a backup that preempts has more than priority 90',
      'vrrp_instance f >BACKUP: listens for a master first',
    ],
  );
});

test('a backup that does not preempt, or is still below the master, stays', () => {
  const raised = (extra: string, heard: number): string[] =>
    moves(instance('a', `priority 100${extra}`), instance('a', `priority 150${extra}`), {
      a: standing('backup', 100, heard),
    });
  assert.deepEqual(raised('\nnopreempt', 120), []);
  assert.deepEqual(raised('', 150), []);
  assert.equal(raised('', 149).length, 1);
});

test('changes name what is changed in place and what has to start anew', () => {
  const changes = planChanges(
    config(instance('a') + instance('b')),
    config(instance('a', 'priority 9') + instance('c')),
  );
  assert.deepEqual(
    changes.map(({ kind, subject, details }) => [kind, subject, details]),
    [
      [2, 'vrrp_instance b', []],
      [3, 'vrrp_instance a', ['priority 100 -> 9']],
      [1, 'vrrp_instance c', []],
    ],
  );
});

test("changes name the routes and rules that come and go, an instance's own and static ones", () => {
  const routed = (routes: string): string =>
    instance(
      'a',
      `virtual_routes {\n10.1.0.0/16 via 192.0.2.9\n${routes}\n}\nvirtual_rules {\nfrom 10.1.0.0/16 table 100\n}`,
    );
  const before = `static_routes {\n10.8.0.0/16 via 192.0.2.9 dev eth0\n}\n${routed('10.2.0.0/16 via 192.0.2.9')}`;
  const after = `static_rules {\nfrom 10.8.0.0/16 table 8\n}\n${routed('10.3.0.0/16 via 192.0.2.9')}`;
  assert.deepEqual(
    planChanges(config(before), config(after)).map(({ subject, details }) => [subject, details]),
    [
      ['vrrp_instance a', ['virtual_routes - 10.2.0.0/16 via 192.0.2.9', 'virtual_routes + 10.3.0.0/16 via 192.0.2.9']],
      [
        'static blocks',
        ['static_routes - 10.8.0.0/16 via 192.0.2.9 dev eth0', 'static_rules + from 10.8.0.0/16 table 8'],
      ],
    ],
  );
  assert.deepEqual(planChanges(config(before), config(`\n\n${before}`)), []);
});
