/** --metrics of a running suite, asked as Prometheus and probes ask, judged by a parser of its own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { type ParsedSample, parseExposition, sampleValue } from './support/exposition.js';
import { bundleWithDoubles, exitOf, STANDING_SERVICES, TestSuite, until } from './support/suite.js';

const CONFIG = `
vrrp_instance VI_1 {
}
virtual_server 10.0.0.2 5 {
}
`;

let bundle: string;
let suite: TestSuite;
before(async () => {
  bundle = await bundleWithDoubles();
});
after(() => rmSync(bundle, { recursive: true, force: true }));
afterEach(() => suite.clean());

/** Where the suite serves, by its log. */
const served = (): Promise<string> =>
  until(
    'the log tells where metrics are served',
    () => /"address":"([^"]+)","msg":"metrics and probes are served"/.exec(suite.log)?.[1],
    () => suite.log,
  );

async function startServing(flags: string[] = []): Promise<string> {
  suite = new TestSuite(bundle, CONFIG);
  await suite.startReady('--metrics', '127.0.0.1:0', ...flags);
  return await served();
}

async function ask(address: string, path: string): Promise<{ code: number; body: string }> {
  const response = await fetch(`http://${address}${path}`);
  return { code: response.status, body: await response.text() };
}

async function scrape(address: string): Promise<readonly ParsedSample[]> {
  const { code, body } = await ask(address, '/metrics');
  assert.equal(code, 200, body);
  return parseExposition(body);
}

const VI_1 = { iname: 'VI_1', intf: 'lo', vrid: '1' };

test('the page shows what the control API shows, and follows it', async (t) => {
  const address = await startServing();
  const samples = await scrape(address);
  assert.equal(sampleValue(samples, 'keepalived_up'), 1);
  assert.equal(sampleValue(samples, 'keepwatch_config_generation'), 1);
  assert.equal(sampleValue(samples, 'keepwatch_ipvs_available'), 1);
  for (const service of STANDING_SERVICES) {
    assert.equal(sampleValue(samples, 'keepwatch_service_up', { service }), 1, service);
    assert.equal(sampleValue(samples, 'keepwatch_service_restarts_total', { service }), 0, service);
  }
  assert.equal(sampleValue(samples, 'keepalived_vrrp_state', { ...VI_1, ip_address: '192.0.2.1/24' }), 1);
  assert.equal(sampleValue(samples, 'keepalived_advertisements_sent_total', VI_1), 0);
  assert.deepEqual(await ask(address, '/readyz'), { code: 200, body: 'ready\n' });
  assert.deepEqual(await ask(address, '/healthz'), { code: 200, body: 'ok\n' });

  suite.tell('vrrpd', { instance: { name: 'VI_1', state: 'MASTER' } });
  await until('the page shows the master', async () =>
    sampleValue(await scrape(address), 'keepalived_vrrp_state', VI_1) === 2 ? true : undefined,
  );

  suite.writeConfig('vrrp_instance REFUSE {\n}\n');
  suite.supervisor?.kill('SIGHUP');
  await until('the page shows that a reload was refused', async () =>
    sampleValue(await scrape(address), 'keepwatch_config_reload_refused') === 1 ? true : undefined,
  );
  suite.writeConfig('vrrp_instance VI_2 {\n}\n');
  suite.supervisor?.kill('SIGHUP');
  const reloaded = await until('the page shows the new generation', async () => {
    const page = await scrape(address);
    const instance = sampleValue(page, 'keepalived_vrrp_state', { iname: 'VI_2' });
    return sampleValue(page, 'keepwatch_config_generation') === 2 && instance !== undefined ? page : undefined;
  });
  assert.equal(sampleValue(reloaded, 'keepalived_vrrp_state', VI_1), undefined, 'what went is not told');
  assert.equal(sampleValue(reloaded, 'keepwatch_config_reload_refused'), 0);

  await t.test('promtool has nothing to say', async (judged) => {
    const found = spawnSync('promtool', ['--version']);
    if (found.error !== undefined) return judged.skip('promtool is not installed');
    const { body } = await ask(address, '/metrics');
    const judgement = spawnSync('promtool', ['check', 'metrics'], { input: body, encoding: 'utf8' });
    assert.equal(`${judgement.stdout}${judgement.stderr}`, '');
    assert.equal(judgement.status, 0);
  });
});

test('a silent vrrpd: nothing of its instances is told, the suite is alive and not ready; then all is back', async () => {
  const address = await startServing();
  suite.tell('vrrpd', { instance: { name: 'VI_1', state: 'MASTER' } });
  await until('the page shows the master', async () =>
    sampleValue(await scrape(address), 'keepalived_vrrp_state', VI_1) === 2 ? true : undefined,
  );
  const pid = suite.pid('vrrpd');
  process.kill(pid, 'SIGSTOP');
  const stopped = Date.now();
  const silent = await until('the state is unknown', async () => {
    const page = await scrape(address);
    return sampleValue(page, 'keepwatch_vrrp_state_known', VI_1) === 0 ? page : undefined;
  });
  assert.ok(Date.now() - stopped < 3_500, 'unknown before the watchdog has acted');
  assert.deepEqual(
    silent.filter(({ labels }) => labels.iname !== undefined).map(({ name }) => name),
    ['keepwatch_vrrp_state_known'],
  );
  assert.equal(sampleValue(silent, 'keepalived_up'), 0);
  assert.equal(sampleValue(silent, 'keepwatch_service_up', { service: 'vrrpd' }), 0);
  assert.equal(sampleValue(silent, 'keepwatch_service_up', { service: 'ipvsd' }), 1);
  const ready = await ask(address, '/readyz');
  assert.equal(ready.code, 503);
  assert.match(ready.body, /^vrrpd is (degraded: not heard|restarting|starting)/);
  assert.match(ready.body, /^the state of VI_1 is unknown$/m);
  assert.equal((await ask(address, '/healthz')).code, 200);

  // The watchdog kills it and starts another.
  const back = await until('a new vrrpd tells its state', async () => {
    const page = await scrape(address);
    return sampleValue(page, 'keepalived_vrrp_state', VI_1) === undefined ? undefined : page;
  });
  assert.notEqual(suite.pid('vrrpd'), pid);
  assert.equal(sampleValue(back, 'keepwatch_service_restarts_total', { service: 'vrrpd' }), 1);
  await until('it is ready', async () => ((await ask(address, '/readyz')).code === 200 ? true : undefined));
});

test('a port in use: exit 2 with the reason, in the fore- and the background, and no service was started', async () => {
  suite = new TestSuite(bundle, CONFIG);
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  try {
    const place = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    for (const flags of [['-n'], []]) {
      const { code, stderr } = await suite.command('keepwatchd', ...flags, '--metrics', place);
      assert.equal(code, 2);
      assert.match(stderr, new RegExp(`^keepwatchd: --metrics ${place}: the port is in use by another program; `));
    }
    for (const name of STANDING_SERVICES) {
      assert.deepEqual(suite.calls(name), []);
      assert.ok(!existsSync(join(suite.runDir, `${name}.pid`)));
    }
    assert.ok(!existsSync(join(suite.runDir, 'keepwatchd.pid')));
  } finally {
    other.close();
  }
});

test('a place that is none: exit 2, naming the flag', async () => {
  suite = new TestSuite(bundle, CONFIG);
  for (const place of ['9650', '127.0.0.1:70000', '::1:9650']) {
    const { code, stderr } = await suite.command('keepwatchd', '-n', '--metrics', place);
    assert.equal(code, 2, place);
    assert.match(stderr, new RegExp(`^keepwatchd: --metrics ${place}: `));
  }
});

/** Inodes of sockets that listen on TCP, in this network namespace. */
const listening = (): Set<string> =>
  new Set(
    ['tcp', 'tcp6'].flatMap((file) =>
      readFileSync(`/proc/net/${file}`, 'utf8')
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .filter((fields) => fields[3] === '0A')
        .map((fields) => fields[9] ?? ''),
    ),
  );

/** How many TCP sockets a process listens on. */
function listenersOf(pid: number): number {
  const inodes = listening();
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      return inodes.has(/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? '-');
    } catch {
      return false;
    }
  }).length;
}

test('without the flag nothing listens; with it only the supervisor does', async () => {
  suite = new TestSuite(bundle, CONFIG);
  await suite.startReady();
  for (const name of ['keepwatchd', ...STANDING_SERVICES] as const) assert.equal(listenersOf(suite.pid(name)), 0, name);
  await suite.clean();
  await startServing();
  assert.equal(listenersOf(suite.pid('keepwatchd')), 1);
  for (const name of STANDING_SERVICES) assert.equal(listenersOf(suite.pid(name)), 0, name);
});

test('after kill -9 of the supervisor the next one has the same port, and what runs', async () => {
  const address = await startServing();
  const vrrpd = suite.pid('vrrpd');
  suite.supervisor?.kill('SIGKILL');
  await exitOf(suite.supervisor as never);
  suite.log = '';
  await suite.startReady('--metrics', address);
  assert.equal(await served(), address);
  const samples = await scrape(address);
  assert.equal(suite.pid('vrrpd'), vrrpd);
  assert.equal(sampleValue(samples, 'keepalived_vrrp_state', VI_1), 1);
  assert.equal((await ask(address, '/readyz')).code, 200);
});

test('clients that hang do not keep the suite from stopping', async () => {
  const address = await startServing();
  const [host = '', port] = address.split(':');
  const sockets = Array.from({ length: 5 }, () => connect(Number(port), host));
  for (const socket of sockets) {
    socket.on('error', () => {});
    socket.write('GET /metrics HTTP/1.1\r\n');
  }
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
  assert.equal((await ask(address, '/healthz')).code, 200);
  suite.supervisor?.kill('SIGTERM');
  assert.equal(await exitOf(suite.supervisor as never), 0);
  for (const socket of sockets) socket.destroy();
});
