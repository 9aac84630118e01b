/** SNMP through Debian's snmpd: what snmpwalk shows of a suite, what it may write, which traps come, and what happens when either ends. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { missingPrograms } from './support/program.js';
import { SnmpMaster } from './support/snmpMaster.js';
import { bundleWithDoubles, TestSuite, until } from './support/suite.js';

const skip = missingPrograms('snmpd', 'snmpwalk', 'snmpget', 'snmpset');
const KEEPALIVED = '1.3.6.1.4.1.9586.100.5';
const INSTANCE = `${KEEPALIVED}.2.3.1`;
const READY = 2;
const DEGRADED = 3;

const config = (socket: string, ...more: readonly string[]): string => `
global_defs {
  router_id R1
  snmp_socket unix:${socket}
  enable_traps
  ${more.join('\n  ')}
}
vrrp_instance VI_1 {
}
`;

let bundle: string;
let suite: TestSuite;
let master: SnmpMaster;
before(async () => {
  bundle = await bundleWithDoubles();
});
after(() => rmSync(bundle, { recursive: true, force: true }));
beforeEach(async () => {
  suite = new TestSuite(bundle, '');
  master = await SnmpMaster.create(suite.directory);
});
afterEach(async () => {
  await master.close();
  await suite.clean();
});

const moduleIs = (health: number, detail: RegExp) =>
  suite.untilStatus(`the module is ${health}: ${detail}`, ({ modules: [module] }) => {
    const said = [module?.detail, ...(module?.impairments ?? [])].join(' ');
    return module?.health === health && detail.test(said);
  });

test('snmpwalk shows the suite and follows it, traps come, and a priority can be set', { skip }, async () => {
  await master.start();
  suite.writeConfig(config(master.socket, 'enable_snmp_vrrp', 'enable_snmp_rfc'));
  await suite.startReady();
  await moduleIs(READY, /^ ?$/);
  const walk = master.walk(KEEPALIVED);
  assert.equal(walk.get(`${KEEPALIVED}.1.2.0`), 'STRING: "R1"');
  assert.equal(walk.get(`${INSTANCE}.2.1`), 'STRING: "VI_1"');
  assert.equal(walk.get(`${INSTANCE}.4.1`), 'INTEGER: 1');
  assert.equal([...walk.keys()].filter((oid) => oid.startsWith(`${KEEPALIVED}.3.`)).length, 0, 'nothing of checkers');
  const names = [...walk.keys()];
  assert.deepEqual([...(await master.bulk(KEEPALIVED)).keys()], names, 'GetBulk finds what GetNext does');
  assert.deepEqual([...(await master.bulk(KEEPALIVED, 3)).keys()], names);
  assert.equal(master.walk('1.3.6.1.2.1.68').get('1.3.6.1.2.1.68.1.1.0'), 'INTEGER: 2');
  assert.ok(master.walk('1.3.6.1.2.1.207').size > 10);

  suite.tell('vrrpd', { instance: { name: 'VI_1', state: 'MASTER' } });
  await until('snmpget shows the master', () => master.get(`${INSTANCE}.4.1`) === 'INTEGER: 2' || undefined);

  assert.equal(master.set(`${INSTANCE}.7.1`, 42), '');
  const { orders } = await suite.untilStatus('the order is there', ({ orders: given }) => given.length > 0);
  assert.deepEqual(orders[0]?.action, { $case: 'setPriority', value: { instance: 'VI_1', priority: 42 } });
  assert.match(master.set(`${INSTANCE}.7.1`, 255), /wrongValue/);
  assert.match(master.set(`${INSTANCE}.7.9`, 42), /noCreation/);
  assert.match(master.set(`${INSTANCE}.13.1`, 2), /notWritable/);
});

test('without snmpd the module waits and says why; it comes back with snmpd, and after a crash', { skip }, async () => {
  suite.writeConfig(config(master.socket, 'enable_snmp_vrrp'));
  await suite.startReady();
  await moduleIs(DEGRADED, /ENOENT.*is snmpd running/);
  await master.start();
  const { modules } = await moduleIs(READY, /^ ?$/);
  assert.equal(modules[0]?.rights?.capabilities, process.getuid?.() === 0 ? 'none' : modules[0]?.rights?.capabilities);
  assert.equal(master.get(`${INSTANCE}.2.1`), 'STRING: "VI_1"');

  await master.stop();
  await moduleIs(DEGRADED, /closed the (?:connection|session)|is snmpd running/);
  await master.start();
  await moduleIs(READY, /^ ?$/);

  const pid = modules[0]?.pid ?? 0;
  process.kill(pid, 'SIGKILL');
  await suite.untilStatus(
    'another process is ready',
    ({ modules: [module] }) => module?.health === READY && module.pid !== pid && module.restarts === 1,
  );
  assert.equal(master.get(`${INSTANCE}.2.1`), 'STRING: "VI_1"');

  // A reload without the keyword ends it.
  suite.writeConfig(config(master.socket));
  suite.supervisor?.kill('SIGHUP');
  await suite.untilStatus('there is no module', ({ modules: none }) => none.length === 0);
  assert.equal(master.get(`${INSTANCE}.2.1`), undefined);
});

test('-x and -A show everything whatever the configuration says, and the end of the suite ends it', {
  skip,
}, async () => {
  await master.start();
  suite.writeConfig('vrrp_instance VI_1 {\n}\n');
  await suite.startReady('-x', '-A', master.socket);
  const { modules } = await moduleIs(READY, /^ ?$/);
  assert.ok(master.walk(`${KEEPALIVED}.3`).size > 0);
  suite.supervisor?.kill('SIGKILL');
  await until('the module is gone', () => {
    try {
      process.kill(modules[0]?.pid ?? 0, 0);
      return undefined;
    } catch {
      return true;
    }
  });
});
