/** org.keepalived.Vrrp1 on a real message bus: what dbus-send and gdbus see, which signals come, and what happens when either ends. */
import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { MessageBusDaemon } from './support/messageBus.js';
import { missingPrograms } from './support/program.js';
import { bundleWithDoubles, exitOf, TestSuite, until } from './support/suite.js';

const skip = missingPrograms('dbus-daemon', 'dbus-send', 'dbus-monitor', 'gdbus');
const ROOT = '/org/keepalived/Vrrp1';
const WHOLE = `${ROOT}/Vrrp`;
const INSTANCE = `${ROOT}/Instance/lo/1/IPv4`;
const VRRP_INTERFACE = 'org.keepalived.Vrrp1.Vrrp';
const INSTANCE_INTERFACE = 'org.keepalived.Vrrp1.Instance';
const READY = 2;
const DEGRADED = 3;

const CONFIG = `
global_defs {
  enable_dbus
}
vrrp_instance VI_1 {
}
`;

let bundle: string;
let suite: TestSuite;
let bus: MessageBusDaemon;
before(async () => {
  bundle = await bundleWithDoubles();
});
after(() => rmSync(bundle, { recursive: true, force: true }));
beforeEach(() => {
  suite = new TestSuite(bundle, CONFIG);
  bus = new MessageBusDaemon(suite.directory);
  process.env.DBUS_SYSTEM_BUS_ADDRESS = bus.address;
});
afterEach(async () => {
  delete process.env.DBUS_SYSTEM_BUS_ADDRESS;
  await bus.stop();
  await suite.clean();
});

const moduleIs = (health: number, detail: RegExp) =>
  suite.untilStatus(`the module is ${health}: ${detail}`, ({ modules: [module] }) => {
    const said = [module?.detail, ...(module?.impairments ?? [])].join(' ');
    return module?.health === health && detail.test(said);
  });

test('objects, properties, methods and signals are those of keepalived', { skip }, async () => {
  await bus.start();
  const monitor = bus.monitor();
  try {
    await suite.startReady();
    await moduleIs(READY, /^ ?$/);
    const seen = bus.introspect(ROOT);
    for (const part of [
      INSTANCE,
      WHOLE,
      'SendGarp()',
      'VrrpStatusChange(u status)',
      'readonly (us) State',
      'VrrpReloaded()',
    ])
      assert.ok(seen.includes(part), `${part} in\n${seen}`);
    assert.equal(bus.property(INSTANCE, INSTANCE_INTERFACE, 'Name'), 'variant struct { string "VI_1" }');
    assert.equal(bus.property(INSTANCE, INSTANCE_INTERFACE, 'State'), 'variant struct { uint32 1 string "Backup" }');
    suite.tell('vrrpd', { instance: { name: 'VI_1', state: 'MASTER' } });
    await until(
      'the property tells the master',
      () => bus.property(INSTANCE, INSTANCE_INTERFACE, 'State').includes('uint32 2 string "Master"') || undefined,
    );
    const all = bus.send(INSTANCE, 'org.freedesktop.DBus.Properties.GetAll', `string:${INSTANCE_INTERFACE}`);
    assert.match(all.stdout, /"Name"[\s\S]*"VI_1"[\s\S]*"State"/);

    assert.equal(bus.send(WHOLE, `${VRRP_INTERFACE}.PrintData`).code, 0);
    assert.ok(existsSync(join(suite.stateDir, 'keepwatchd.data')));
    assert.equal(bus.send(WHOLE, `${VRRP_INTERFACE}.PrintStats`).code, 0);
    assert.ok(existsSync(join(suite.stateDir, 'keepwatchd.stats')));
    assert.match(bus.send(WHOLE, `${VRRP_INTERFACE}.PrintStatsClear`).stderr, /NotSupported: .*difference/);
    assert.match(bus.send(INSTANCE, `${INSTANCE_INTERFACE}.SendGarp`).stderr, /NotSupported: .*garp_master_refresh/);
    assert.match(bus.send(INSTANCE, `${INSTANCE_INTERFACE}.Other`).stderr, /UnknownMethod/);
    assert.match(bus.send(`${ROOT}/Instance/lo/2/IPv4`, `${INSTANCE_INTERFACE}.SendGarp`).stderr, /UnknownObject/);

    suite.writeConfig(CONFIG.replace('VI_1', 'VI_2'));
    assert.equal(bus.send(WHOLE, `${VRRP_INTERFACE}.ReloadConfig`).code, 0);
    await until('VrrpReloaded comes', () => monitor.said.includes('member=VrrpReloaded') || undefined);
    assert.equal(bus.property(INSTANCE, INSTANCE_INTERFACE, 'Name'), 'variant struct { string "VI_2" }');
    suite.writeConfig(CONFIG.replace('VI_1', 'REFUSE'));
    assert.match(bus.send(WHOLE, `${VRRP_INTERFACE}.ReloadConfig`).stderr, /Failed: the configuration was refused/);

    suite.supervisor?.kill('SIGTERM');
    if (suite.supervisor !== undefined) await exitOf(suite.supervisor);
    await until('VrrpStopped comes', () => monitor.said.includes('member=VrrpStopped') || undefined);
    assert.ok(monitor.said.includes('member=VrrpStarted'), monitor.said);
    assert.ok(monitor.said.includes('member=VrrpStatusChange'), monitor.said);
  } finally {
    await monitor.end();
  }
});

test('without a bus the module waits and says why; it comes back with the bus', { skip }, async () => {
  await suite.startReady();
  await moduleIs(DEGRADED, /the bus at unix:path=.* cannot be used as org\.keepalived\.Vrrp1: .*ENOENT/);
  await bus.start();
  await moduleIs(READY, /^ ?$/);
  await bus.stop();
  await moduleIs(DEGRADED, /bus/);
  await bus.start();
  await moduleIs(READY, /^ ?$/);
  assert.equal(bus.property(INSTANCE, INSTANCE_INTERFACE, 'Name'), 'variant struct { string "VI_1" }');
});
