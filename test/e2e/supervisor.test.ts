/** The supervisor with real processes: test doubles of the services speak the real protocol over real sockets. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import type { SuiteStatus, WatchEventsResponse } from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { VrrpStateName } from '../../services/shared/rpc/generated/keepwatch/v1/vrrp.js';
import { SERVICE_NAMES, type ServiceName } from '../../services/shared/rpc/service.js';
import { findSetpriv } from '../../services/shared/script/launch.js';
import { bundleWithDoubles, exitOf, STANDING_SERVICES, TestSuite, until } from './support/suite.js';

const CONFIG = `
vrrp_instance VI_1 {
}
virtual_server 10.0.0.2 5 {
}
`;
/** With work for all services. */
const FULL = `${CONFIG}
bfd_instance B {
  neighbor_ip 192.0.2.9
}
`;

let bundle: string;
let suite: TestSuite;
before(async () => {
  bundle = await bundleWithDoubles();
});
after(() => rmSync(bundle, { recursive: true, force: true }));
afterEach(() => suite.clean());

const fresh = (config = CONFIG): TestSuite => {
  suite = new TestSuite(bundle, config);
  return suite;
};

/** Collects the supervisor's events until the returned function is called. */
function collectEvents(from: TestSuite): { events: WatchEventsResponse[]; codes: () => string[]; end: () => void } {
  const events: WatchEventsResponse[] = [];
  const ending = new AbortController();
  void (async () => {
    try {
      for await (const event of from.control().watchEvents({}, { signal: ending.signal })) events.push(event);
    } catch {
      // Ended by us or with the suite.
    }
  })();
  const codes = (): string[] =>
    events.flatMap(({ event }) =>
      event?.$case === 'supervisor' ? [`${event.value.code} ${event.value.service}`.trim()] : [],
    );
  return { events, codes, end: () => ending.abort() };
}

const confinable = process.getuid?.() === 0 && findSetpriv() !== undefined;
test('ipvsd has its own capabilities alone and cannot get more', {
  skip: confinable ? false : 'needs root and setpriv',
}, async () => {
  fresh();
  await suite.startReady();
  for (const thread of readdirSync(`/proc/${suite.pid('ipvsd')}/task`)) {
    const status = readFileSync(`/proc/${suite.pid('ipvsd')}/task/${thread}/status`, 'utf8');
    // CAP_NET_ADMIN is bit 12; CAP_SYS_MODULE, bit 16, is for a kernel whose IPVS is not loaded yet.
    const mask = existsSync('/proc/net/ip_vs') ? '1000' : '11000';
    for (const set of ['CapPrm', 'CapEff', 'CapBnd']) assert.match(status, new RegExp(`^${set}:\\t0+${mask}$`, 'm'));
    assert.match(status, /^NoNewPrivs:\t1$/m);
  }
});

test('starts all services, gives each its part, relays state and stops in order without a trace', async () => {
  fresh(FULL);
  const status = await suite.startReady();
  assert.deepEqual(
    status.services.map(({ name, origin, generation }) => [name, origin, generation]),
    SERVICE_NAMES.map((name) => [name, 'spawned', 1n]),
  );
  assert.deepEqual(
    suite.calls('vrrpd', 'configure').map(({ generation, words }) => [generation, words]),
    [
      [
        1,
        [
          ['vrrp_instance', 'VI_1'],
          ['bfd_instance', 'B'],
        ],
      ],
    ],
  );
  assert.deepEqual(suite.calls('notifierd', 'configure')[0]?.words, []);
  for (const name of ['keepwatchd', ...SERVICE_NAMES]) {
    assert.equal(statSync(join(suite.runDir, `${name}.sock`)).mode & 0o777, 0o600, name);
  }
  const apply = await suite.untilCall('ipvsd', 'apply');
  assert.equal((apply.request as { complete?: boolean }).complete, true);
  assert.deepEqual((await suite.untilCall('healthcheckerd', 'informVrrp')).addresses, ['192.0.2.1/24']);

  suite.supervisor?.kill('SIGTERM');
  assert.equal(await exitOf(suite.supervisor as never), 0);
  assert.deepEqual(
    suite.calls('vrrpd', 'stop').map(({ keepKernelState }) => keepKernelState),
    [false],
  );
  const goodbye = suite.calls('notifierd').map(({ call, summary }) => `${call} ${summary ?? ''}`.trim());
  assert.deepEqual(
    goodbye.slice(-2),
    ['deliver stopped', 'stop'],
    'the last words of vrrpd reach notifierd before it stops',
  );
  for (const name of ['keepwatchd', ...SERVICE_NAMES]) {
    assert.ok(!existsSync(join(suite.runDir, `${name}.sock`)), `${name}.sock is gone`);
    assert.ok(!existsSync(join(suite.runDir, `${name}.pid`)), `${name}.pid is gone`);
  }
});

test('-P starts only VRRP, -V and -I leave the kernel alone', async () => {
  fresh(FULL);
  const status = await suite.startReady(
    '-P',
    '-V',
    '-I',
    '-r',
    join(suite.directory, 'vrrp.pid'),
    '-p',
    join(suite.directory, 'main.pid'),
  );
  assert.deepEqual(
    status.services.map(({ name }) => name),
    ['notifierd', 'bfdd', 'vrrpd'],
  );
  assert.equal(Number(readFileSync(join(suite.directory, 'vrrp.pid'), 'utf8')), suite.pid('vrrpd'));
  assert.equal(Number(readFileSync(join(suite.directory, 'main.pid'), 'utf8')), suite.pid('keepwatchd'));
  suite.supervisor?.kill('SIGINT');
  assert.equal(await exitOf(suite.supervisor as never), 0);
  assert.deepEqual(
    suite.calls('vrrpd', 'stop').map(({ keepKernelState }) => keepKernelState),
    [true],
  );
  assert.ok(!existsSync(join(suite.directory, 'vrrp.pid')));
  assert.ok(!existsSync(join(suite.directory, 'main.pid')));
});

for (const name of SERVICE_NAMES) {
  test(`kill -9 of ${name}: an event, a new process with the same configuration, state back`, async () => {
    fresh(FULL);
    await suite.startReady();
    const watching = collectEvents(suite);
    const killed = suite.pid(name);
    await until('the watch has begun', async () => {
      suite.tell('vrrpd', { instance: { name: 'VI_1', state: 'MASTER' } });
      return watching.events.length > 0 || undefined;
    });
    const others = SERVICE_NAMES.filter((other) => other !== name).map((other) => [other, suite.pid(other)]);
    process.kill(killed, 'SIGKILL');
    await until('it died and is ready again', () =>
      watching.codes().includes(`service-ready ${name}`) ? true : undefined,
    );
    const status = await suite.untilStatus('it has restarted once', ({ services }) =>
      services.some((service) => service.name === name && service.health === 2 && service.restarts === 1),
    );
    assert.deepEqual(
      watching.codes().filter((code) => code.endsWith(name)),
      [`service-died ${name}`, `service-restarted ${name}`, `service-ready ${name}`],
    );
    assert.notEqual(suite.pid(name), killed);
    assert.deepEqual(
      others,
      SERVICE_NAMES.filter((other) => other !== name).map((other) => [other, suite.pid(other)]),
    );
    assert.equal(status.services.find((service) => service.name === name)?.generation, 1n);
    assert.equal(status.vrrp?.instances[0]?.name, 'VI_1');
    if (name === 'ipvsd') {
      const again = await suite.untilCall('ipvsd', 'apply', ({ pid }) => pid === suite.pid('ipvsd'));
      assert.equal((again.request as { complete?: boolean }).complete, true, 'a new ipvsd hears the whole table');
    }
    if (name === 'healthcheckerd') await suite.untilCall(name, 'informVrrp', ({ pid }) => pid === suite.pid(name));
    watching.end();
  });
}

test('a silent vrrpd is never shown as MASTER, and is killed and replaced', async () => {
  fresh();
  await suite.startReady();
  suite.tell('vrrpd', { instance: { name: 'VI_1', state: 'MASTER' } });
  await suite.untilStatus(
    'it is master',
    ({ vrrp }) => vrrp?.instances[0]?.state === VrrpStateName.VRRP_STATE_NAME_MASTER,
  );
  const hung = suite.pid('vrrpd');
  process.kill(hung, 'SIGSTOP');
  const stoppedAt = Date.now();
  const silent = await suite.untilStatus('the state is unknown', ({ vrrp }) => vrrp?.instances[0]?.state === 0);
  assert.ok(Date.now() - stoppedAt < 3_500, `unknown after ${Date.now() - stoppedAt} ms`);
  assert.equal(silent.vrrp?.instances[0]?.name, 'VI_1');
  await suite.untilStatus('a new vrrpd is ready', ({ services }) =>
    services.some(({ name, health, pid }) => name === 'vrrpd' && health === 2 && pid !== hung),
  );
  assert.match(suite.log, /vrrpd has not been heard for/);
});

test('a service that dies of its configuration again and again is a crash loop, told once, and does not hurt the others', async () => {
  fresh();
  await suite.startReady();
  const watching = collectEvents(suite);
  for (let death = 1; death <= 6; death++) {
    await until(`ipvsd runs for its death ${death}`, async () => {
      const status = await suite.status();
      const service = status?.services.find(({ name }) => name === 'ipvsd');
      if (service === undefined || service.pid === 0 || service.restarts !== death - 1 || service.health === 4)
        return undefined;
      process.kill(service.pid, 'SIGKILL');
      return true;
    });
  }
  await until('the crash loop is told', () => (watching.codes().includes('crash-loop ipvsd') ? true : undefined));
  assert.equal(watching.codes().filter((code) => code === 'crash-loop ipvsd').length, 1);
  const status = await suite.untilStatus('degraded although it runs again', ({ services }) =>
    services.some(({ name, health }) => name === 'ipvsd' && health === 3),
  );
  assert.deepEqual(
    status.services.filter(({ name }) => name !== 'ipvsd').map(({ health, restarts }) => [health, restarts]),
    [
      [2, 0],
      [2, 0],
      [2, 0],
    ],
  );
  watching.end();
});

test('notifications arrive in order, once, across kill -9 of notifierd, and do not delay the table', async () => {
  fresh();
  await suite.startReady();
  suite.tell('notifierd', { delayMs: 700 });
  await new Promise((resolve) => setTimeout(resolve, 50));
  suite.tell('vrrpd', { instance: { name: 'VI_1', state: 'MASTER' }, notifications: 3 });
  await new Promise((resolve) => setTimeout(resolve, 50));
  const asked = Date.now();
  suite.tell('healthcheckerd', { destination: { address: '10.0.0.9', weight: 7 } });
  await suite.untilCall('ipvsd', 'apply', ({ request }) => JSON.stringify(request).includes('10.0.0.9'));
  assert.ok(Date.now() - asked < 500, `the table waited ${Date.now() - asked} ms for notifierd`);
  process.kill(suite.pid('notifierd'), 'SIGKILL');
  await suite.untilCall('notifierd', 'deliver', ({ index }) => index === 2);
  suite.tell('vrrpd', { notifications: 2 });
  await suite.untilCall('notifierd', 'deliver', ({ summary }) => summary === 'note 5');
  const delivered = suite.calls('notifierd', 'deliver').map(({ summary }) => summary);
  assert.deepEqual(delivered, ['note 1', 'note 2', 'note 3', 'note 4', 'note 5']);
});

test('a supervisor after kill -9 takes over the same processes, does not configure them again, and misses nothing', async () => {
  fresh();
  const before = await suite.startReady();
  suite.supervisor?.kill('SIGKILL');
  await exitOf(suite.supervisor as never);
  suite.tell('vrrpd', { instance: { name: 'VI_1', state: 'MASTER' }, notifications: 2 });
  await new Promise((resolve) => setTimeout(resolve, 300));
  const after = await suite.startReady();
  assert.deepEqual(
    after.services.map(({ pid }) => pid),
    before.services.map(({ pid }) => pid),
  );
  assert.deepEqual(
    after.services.map(({ incarnation }) => incarnation),
    before.services.map(({ incarnation }) => incarnation),
  );
  assert.ok(after.services.every(({ origin, generation }) => origin === 'adopted' && generation === 1n));
  for (const [index, { name, startedAt }] of after.services.entries()) {
    const shift = (startedAt?.getTime() ?? 0) - (before.services[index]?.startedAt?.getTime() ?? 0);
    assert.ok(Math.abs(shift) < 200, `${name} is ${shift} ms younger than it was`);
  }
  assert.equal(suite.calls('vrrpd', 'configure').length, 1);
  assert.equal(after.vrrp?.instances[0]?.state, VrrpStateName.VRRP_STATE_NAME_MASTER);
  await suite.untilCall('notifierd', 'deliver', ({ summary }) => summary === 'note 2');
  assert.deepEqual(
    suite.calls('notifierd', 'deliver').map(({ summary }) => summary),
    ['note 1', 'note 2'],
  );

  const victim = suite.pid('vrrpd');
  process.kill(victim, 'SIGKILL');
  await suite.untilStatus('an adopted service is restarted too', ({ services }) =>
    services.some(
      ({ name, health, pid, origin }) => name === 'vrrpd' && health === 2 && pid !== victim && origin === 'spawned',
    ),
  );
});

test('services that a dead supervisor had just started, and nobody can reach, are ended before they take a place', async () => {
  fresh();
  const before = await suite.startReady();
  suite.supervisor?.kill('SIGKILL');
  await exitOf(suite.supervisor as never);
  // Stopped before it serves: what a supervisor sees of one that is still loading.
  const place = ['--run-dir', suite.runDir, '--state-dir', suite.stateDir];
  const stray = spawn(process.execPath, [suite.main('ipvsd'), ...place], { stdio: 'ignore' });
  stray.kill('SIGSTOP');
  const ended = exitOf(stray);
  const after = await suite.startReady();
  assert.equal(await ended, 'SIGKILL');
  assert.deepEqual(
    after.services.map(({ pid }) => pid),
    before.services.map(({ pid }) => pid),
  );
  assert.match(suite.log, /killed a service that an earlier supervisor had started and that does not serve/);
});

test('a supervisor that finds a broken file goes on with what is in force', async () => {
  fresh();
  await suite.startReady();
  suite.supervisor?.kill('SIGKILL');
  await exitOf(suite.supervisor as never);
  suite.writeConfig('vrrp_instance VI_1 {\n');
  const after = await suite.startReady();
  assert.ok(after.services.every(({ generation }) => generation === 1n));
  assert.match(after.refusedReload[0]?.message ?? '', /never closed/);
  assert.equal(suite.calls('vrrpd', 'configure').length, 1);
});

test('a second suite on one run directory is refused with the pid of the first', async () => {
  fresh();
  await suite.startReady();
  const { code, stderr } = await suite.command('keepwatchd', '-n');
  assert.equal(code, 2);
  assert.match(stderr, new RegExp(`in use by keepwatchd with pid ${suite.pid('keepwatchd')}`));
});

test('a refused reload changes nothing, is an event and shows in the status; an accepted one is in force everywhere', async () => {
  fresh(FULL);
  await suite.startReady();
  const watching = collectEvents(suite);
  suite.writeConfig(`${CONFIG}vrrp_instance REFUSE {\n}\nvirtual_server REFUSE 80 {\n}\n`);
  const refused = await suite.control().reload({});
  assert.equal(refused.accepted, false);
  assert.equal(refused.generation, 1n);
  assert.deepEqual(
    refused.diagnostics.map(({ message, position }) => [message, position?.line]),
    [
      ['healthcheckerd: will not have REFUSE', 8],
      ['vrrpd: will not have REFUSE', 6],
    ],
    'every service tells its errors, at their places',
  );
  assert.equal((await suite.status())?.refusedReload.length, 2);
  for (const name of SERVICE_NAMES)
    assert.equal(suite.calls(name, 'configure').length, 1, `${name} kept its configuration`);

  suite.writeConfig(`${CONFIG}vrrp_instance VI_2 {\n}\n`);
  suite.supervisor?.kill('SIGHUP');
  const status = await suite.untilStatus('generation 2', ({ services }) =>
    services.every(({ generation }) => generation === 2n),
  );
  assert.deepEqual(status.refusedReload, []);
  assert.deepEqual(
    status.vrrp?.instances.map(({ name }) => name),
    ['VI_1', 'VI_2'],
  );
  await until('both are told', () =>
    watching.codes().includes('reloaded') && watching.codes().includes('reload-refused') ? true : undefined,
  );
  watching.end();
});

test('a service that fails only in the commit makes all return to the previous configuration', async () => {
  fresh();
  await suite.startReady();
  for (const bad of ['LATE', 'DEADLY']) {
    suite.writeConfig(`${CONFIG}vrrp_instance ${bad} {\n}\nvirtual_server 10.0.0.77 1 {\n}\n`);
    const outcome = await suite.control().reload({}, { deadlineMs: 20_000 });
    assert.equal(outcome.accepted, false);
    await suite.untilReady();
    const last = suite.calls('healthcheckerd', 'configure').at(-1);
    assert.ok(!JSON.stringify(last).includes('10.0.0.77'), `${bad}: healthcheckerd is back to what was in force`);
    const status = await suite.untilStatus('one generation everywhere', ({ services, origin }) =>
      services.every(({ generation }) => generation === origin?.generation),
    );
    assert.deepEqual(
      status.vrrp?.instances.map(({ name }) => name),
      ['VI_1'],
    );
  }
});

test('many HUPs in a row end with the last state of the file, in few reloads', async () => {
  fresh();
  await suite.startReady();
  for (let round = 1; round <= 20; round++) {
    suite.writeConfig(`${CONFIG}vrrp_instance VI_${round + 1} {\n}\n`);
    suite.supervisor?.kill('SIGHUP');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await suite.untilStatus('the last one', ({ vrrp }) => vrrp?.instances.some(({ name }) => name === 'VI_21') ?? false);
  await suite.control().reload({});
  const status = await suite.status();
  assert.deepEqual(
    status?.vrrp?.instances.map(({ name }) => name),
    ['VI_1', 'VI_21'],
  );
});

test('what makes a start impossible has its exit code and message, and leaves nothing running', async () => {
  fresh('vrrp_instance VI_1 {\n');
  const broken = await suite.command('keepwatchd', '-n');
  assert.equal(broken.code, 5);
  assert.match(broken.stderr, /keepwatch\.conf:1:\d+: error: .*never closed/);

  suite.writeConfig('vrrp_instanse VI_1 {\n}\n');
  const misspelt = await suite.command('keepwatchd', '-n');
  assert.equal(misspelt.code, 5);
  assert.match(misspelt.stderr, /did you mean 'vrrp_instance'/);

  suite.writeConfig('vrrp_instance REFUSE {\n}\n');
  const refused = await suite.command('keepwatchd', '-n');
  assert.equal(refused.code, 5);
  assert.match(refused.stderr, /keepwatch\.conf:1:15: error: vrrpd: will not have REFUSE/);
  for (const name of SERVICE_NAMES) assert.ok(!existsSync(join(suite.runDir, `${name}.pid`)), `${name} is gone`);

  rmSync(suite.configFile);
  const missing = await suite.command('keepwatchd', '-n');
  assert.equal(missing.code, 4);
  assert.match(missing.stderr, /cannot read .*no such file/);

  assert.equal((await suite.command('keepwatchd', '--no-such-flag')).code, 2);
});

test('in the background the command returns when the suite is ready, or with the reason why it is not', async () => {
  fresh();
  const { code, stderr } = await suite.command('keepwatchd');
  assert.equal(code, 0, stderr);
  const status = await suite.status();
  assert.ok(status?.services.every(({ health }) => health === 2));
  const second = await suite.command('keepwatchd');
  assert.equal(second.code, 2);
  assert.match(second.stderr, /in use by keepwatchd with pid/);
  assert.equal((await suite.command('keepwatchctl', 'stop')).code, 0);
  assert.ok(!existsSync(join(suite.runDir, 'keepwatchd.pid')));
});

test('-R: the suite ends with 1 when a service dies', async () => {
  fresh(FULL);
  await suite.startReady('-R');
  process.kill(suite.pid('ipvsd'), 'SIGKILL');
  assert.equal(await exitOf(suite.supervisor as never), 1);
  for (const name of SERVICE_NAMES) assert.ok(!existsSync(join(suite.runDir, `${name}.sock`)) || name === 'ipvsd');
});

test('attached services are used, never started, and outlive the supervisor', async () => {
  fresh(FULL);
  const { spawn } = await import('node:child_process');
  const children = SERVICE_NAMES.map((name: ServiceName) =>
    spawn(process.execPath, [suite.main(name), '--run-dir', suite.runDir, '--state-dir', suite.stateDir], {
      stdio: 'ignore',
    }),
  );
  const status = await suite.startReady('--attach');
  assert.ok(status.services.every(({ origin }) => origin === 'attached'));
  suite.supervisor?.kill('SIGTERM');
  assert.equal(await exitOf(suite.supervisor as never), 0);
  for (const child of children) assert.equal(child.exitCode, null);
  for (const child of children) child.kill('SIGTERM');
  for (const child of children) assert.equal(await exitOf(child), 0);
});

test('ipvsd and healthcheckerd run only where there are virtual servers, or something left to be taken out of the table', async () => {
  const VRRP_ONLY = 'vrrp_instance VI_1 {\n}\n';
  const names = ({ services }: SuiteStatus) => services.map(({ name }) => name);
  fresh(VRRP_ONLY);
  assert.deepEqual(names(await suite.startReady()), ['notifierd', 'vrrpd']);
  const vrrpd = suite.pid('vrrpd');

  suite.writeConfig(CONFIG);
  const reload = await suite.control().reload({});
  assert.ok(reload.accepted, JSON.stringify(reload.diagnostics));
  assert.deepEqual(names(await suite.untilReady()), [...STANDING_SERVICES]);
  const [ipvsd, healthcheckerd] = [suite.pid('ipvsd'), suite.pid('healthcheckerd')];

  suite.writeConfig(VRRP_ONLY);
  assert.ok((await suite.control().reload({})).accepted);
  await suite.untilStatus('they are gone', (status) => names(status).length === 2 && status.health === undefined);
  for (const pid of [ipvsd, healthcheckerd]) await until('the process is gone', () => !existsSync(`/proc/${pid}`));
  assert.equal(suite.pid('vrrpd'), vrrpd);
  assert.deepEqual(
    suite.calls('ipvsd', 'stop').map(({ keepKernelState }) => keepKernelState),
    [false],
  );

  suite.supervisor?.kill('SIGTERM');
  assert.equal(await exitOf(suite.supervisor as never), 0);
  // As a suite leaves it whose every process was killed.
  writeFileSync(join(suite.runDir, 'ipvsd.owned.json'), '{}');
  const started = suite.calls('ipvsd', 'configure').length;
  suite.start();
  await suite.untilStatus('ipvsd was there for the left-overs', (status) => names(status).length === 2);
  assert.equal(suite.calls('ipvsd', 'configure').length, started + 1);
  assert.equal(suite.calls('ipvsd', 'stop').length, 2);
});

test('--all runs every service, whatever the configuration', async () => {
  fresh('vrrp_instance VI_1 {\n}\n');
  const { services } = await suite.startReady('--all');
  assert.deepEqual(
    services.map(({ name }) => name),
    [...SERVICE_NAMES],
  );
});

test('bfdd runs only where there are sessions; they are told to those who follow them, again after each restart', async () => {
  fresh();
  const names = (await suite.startReady()).services.map(({ name }) => name);
  assert.deepEqual(names, [...STANDING_SERVICES]);
  assert.ok(!existsSync(join(suite.runDir, 'bfdd.pid')));

  const session = 'bfd_instance VRRP_ONLY {\n neighbor_ip 192.0.2.8\n vrrp\n}\n';
  suite.writeConfig(`${FULL}${session}`);
  const plan = await suite.control().planReload({});
  assert.ok(
    plan.acceptable && plan.diagnostics.some(({ code }) => code === 'not-planned'),
    'it is not there to be asked',
  );
  assert.ok((await suite.control().reload({})).accepted);
  await suite.untilStatus('bfdd is ready', ({ services }) =>
    services.some(({ name, health }) => name === 'bfdd' && health === 2),
  );
  const told = (sessions: readonly string[]) => (call: { readonly [field: string]: unknown }) =>
    JSON.stringify(call.sessions) === JSON.stringify(sessions);
  await suite.untilCall('vrrpd', 'informBfd', told(['B up', 'VRRP_ONLY up']));
  await suite.untilCall('healthcheckerd', 'informSessions', told(['B up']));

  suite.tell('bfdd', { session: { name: 'B', up: false } });
  await suite.untilCall('vrrpd', 'informBfd', told(['B down', 'VRRP_ONLY up']));
  await suite.untilCall('healthcheckerd', 'informSessions', told(['B down']));

  // A follower that was killed knows nothing: it is told again.
  const vrrpd = suite.pid('vrrpd');
  process.kill(vrrpd, 'SIGKILL');
  await suite.untilCall('vrrpd', 'informBfd', (call) => call.pid !== vrrpd && told(['B down', 'VRRP_ONLY up'])(call));

  // A bfdd that was killed has told nothing yet when it comes back: nobody hears that all sessions are gone.
  const before = suite.calls('vrrpd', 'informBfd').length;
  const bfdd = suite.pid('bfdd');
  process.kill(bfdd, 'SIGKILL');
  await suite.untilCall('vrrpd', 'informBfd', (call) => told(['B up', 'VRRP_ONLY up'])(call) && call.pid !== vrrpd);
  for (const { sessions } of suite.calls('vrrpd', 'informBfd').slice(before)) {
    assert.notDeepEqual(sessions, []);
  }

  const last = suite.pid('bfdd');
  suite.writeConfig(CONFIG);
  assert.ok((await suite.control().reload({})).accepted);
  await suite.untilCall('vrrpd', 'informBfd', told([]));
  await suite.untilStatus('bfdd is gone', ({ services, bfd }) => services.length === 4 && bfd === undefined);
  await until('its process is gone', () => !existsSync(`/proc/${last}`));
  suite.writeConfig(FULL);
  assert.ok((await suite.control().reload({})).accepted);
  assert.equal((await suite.untilReady()).services.length, 5);
});
