import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { type CallContext, ServerError, Status } from 'nice-grpc-common';
import type { ControlServiceImplementation } from '../../../services/shared/rpc/generated/keepwatch/v1/control.js';
import type { ModuleName, ModuleReport } from '../../../services/shared/rpc/moduleMain.js';
import type { Clock } from '../../../services/shared/time/clock.js';
import { type Instant, instant } from '../../../services/shared/time/duration.js';
import { moduleControl } from '../../../services/supervisor/moduleControl.js';
import { ModuleKeeper, type ModuleProcess } from '../../../services/supervisor/moduleKeeper.js';
import { configParts } from '../../../services/supervisor/parts.js';
import { wantedModules } from '../../../services/supervisor/wantedModules.js';
import { treeOf } from '../shared/config/support.js';

const wanted = (text: string, snmp = false): ModuleName[] => [...wantedModules(configParts(treeOf(text)), { snmp })];

test('the configuration or -x asks for modules', () => {
  assert.deepEqual(wanted('global_defs {\n router_id a\n}\n'), []);
  assert.deepEqual(wanted('global_defs {\n enable_snmp_rfcv2\n}\n'), ['snmp']);
  assert.deepEqual(wanted('global_defs {\n enable_snmp_checker\n}\nglobal_defs {\n enable_dbus\n}\n'), [
    'snmp',
    'dbus',
  ]);
  assert.deepEqual(wanted('global_defs {\n enable_traps\n snmp_socket unix:/x\n dbus_service_name a.b\n}\n'), []);
  assert.deepEqual(wanted('vrrp_instance A {\n}\n', true), ['snmp']);
});

test('a module may call what it needs and nothing else', async () => {
  const calls: string[] = [];
  const whole = new Proxy({} as ControlServiceImplementation, {
    ownKeys: () => ['getStatus', 'giveOrder', 'revokeOrders', 'reload', 'writeDumps', 'stopSuite', 'getConfiguration'],
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
    get: (_target, name: string) => async () => {
      calls.push(name);
      return {};
    },
  });
  const context = {} as CallContext;
  const attempt = async (name: ModuleName, method: keyof ControlServiceImplementation, request: object = {}) => {
    const call = moduleControl(name, whole)[method] as (request: object, context: CallContext) => Promise<unknown>;
    try {
      await call(request, context);
      return 'done';
    } catch (error) {
      assert.ok(error instanceof ServerError && error.code === Status.PERMISSION_DENIED, String(error));
      return 'refused';
    }
  };
  const priority = { order: { action: { $case: 'setPriority' } } };
  const standDown = { order: { action: { $case: 'standDown' } } };
  assert.equal(await attempt('snmp', 'getStatus'), 'done');
  assert.equal(await attempt('snmp', 'giveOrder', priority), 'done');
  assert.equal(await attempt('snmp', 'giveOrder', standDown), 'refused');
  assert.equal(await attempt('snmp', 'reload'), 'refused');
  assert.equal(await attempt('dbus', 'reload'), 'done');
  assert.equal(await attempt('dbus', 'giveOrder', priority), 'refused');
  assert.equal(await attempt('dbus', 'stopSuite'), 'refused');
  assert.deepEqual(calls, ['getStatus', 'giveOrder', 'reload']);
});

interface Started {
  readonly name: ModuleName;
  readonly told: (report: ModuleReport) => void;
  readonly die: (how: string) => void;
  readonly stopped: string[];
}

function keeper(t: { mock: { timers: { enable(options: { apis: ['setTimeout'] }): void; tick(ms: number): void } } }) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 0;
  const started: Started[] = [];
  const events: string[] = [];
  const clock = { now: (): Instant => instant(now), wall: () => new Date(0) } as Clock;
  const kept = new ModuleKeeper({
    clock,
    version: '1',
    start: async (name, told) => {
      const stopped: string[] = [];
      let die: (how: string) => void = () => {};
      const ended = new Promise<string>((resolve) => {
        die = resolve;
      });
      started.push({ name, told, die: (how) => die(how), stopped });
      const process: ModuleProcess = {
        pid: started.length,
        startedAt: new Date(0),
        ended,
        stop: (signal) => {
          stopped.push(signal);
          if (signal === 'SIGKILL' || name === 'dbus') die('stopped');
        },
      };
      return process;
    },
    rightsOf: () => undefined,
    tell: (code, text) => events.push(`${code} ${text}`),
    onChanged: () => {},
  });
  const tick = async (ms: number): Promise<void> => {
    now += ms * 1000;
    t.mock.timers.tick(ms);
    await turn();
  };
  return { kept, started, events, tick };
}

test('a module that dies is started again, with growing pauses; what it says is its state', async (t) => {
  const { kept, started, events, tick } = keeper(t);
  kept.follow(new Set(['snmp']));
  await turn();
  assert.deepEqual(
    kept.facts().map(({ phase, detail }) => [phase, detail]),
    [['starting', 'starting']],
  );
  started[0]?.told({ ready: false, detail: 'no snmpd' });
  assert.deepEqual(
    kept.facts().map(({ phase, impairments }) => [phase, impairments]),
    [['ready', ['no snmpd']]],
  );
  started[0]?.told({ ready: true, detail: 'serves' });
  assert.deepEqual(kept.facts()[0]?.impairments, []);
  for (const [deaths, pause] of [
    [1, 100],
    [2, 200],
    [3, 400],
  ] as const) {
    started.at(-1)?.die('exit code 1');
    await turn();
    assert.equal(kept.facts()[0]?.phase, 'restarting');
    await tick(pause - 1);
    assert.equal(started.length, deaths);
    await tick(1);
    assert.equal(started.length, deaths + 1);
  }
  assert.equal(kept.facts()[0]?.restarts, 3);
  assert.ok(events.includes('module-died snmp: exit code 1; started again in 0.1 s'), events.join('\n'));
  // The same configuration again changes nothing.
  kept.follow(new Set(['snmp']));
  assert.equal(started.length, 4);
});

test('what nobody asks for any more ends, by force if need be, and stays away', async (t) => {
  const { kept, started, events, tick } = keeper(t);
  kept.follow(new Set(['snmp', 'dbus']));
  await turn();
  kept.follow(new Set(['dbus']));
  assert.deepEqual(
    kept.facts().map(({ name }) => name),
    ['dbus'],
  );
  assert.deepEqual(started[0]?.stopped, ['SIGTERM']);
  await tick(2_000);
  assert.deepEqual(started[0]?.stopped, ['SIGTERM', 'SIGKILL']);
  await turn();
  assert.deepEqual(events, ['module-stopped snmp was stopped']);
  await kept.stop();
  kept.follow(new Set(['snmp']));
  await turn();
  assert.equal(started.length, 2);
  kept.resume(new Set(['snmp']));
  await turn();
  assert.equal(started.length, 3);
});
