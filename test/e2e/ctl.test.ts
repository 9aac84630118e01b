/** keepwatchctl against a real supervisor: output, JSON and exit codes that scripts rely on. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { SuiteStatus, WatchEventsResponse } from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { SERVICE_NAMES } from '../../services/shared/rpc/service.js';
import { bundleWithDoubles, exitOf, STANDING_SERVICES, TestSuite, until } from './support/suite.js';

let bundle: string;
let suite: TestSuite;
before(async () => {
  bundle = await bundleWithDoubles();
});
after(() => rmSync(bundle, { recursive: true, force: true }));
afterEach(() => suite.clean());

const CONFIG = 'vrrp_instance VI_1 {\n}\nvirtual_server 10.0.0.2 5 {\n}\n';
const fresh = (): TestSuite => {
  suite = new TestSuite(bundle, CONFIG);
  return suite;
};

test('without a suite every command says so and exits 3; wrong usage is 2', async () => {
  fresh();
  for (const command of ['status', 'watch', 'reload', 'stop']) {
    const { code, stderr } = await suite.command('keepwatchctl', command);
    assert.equal(code, 3, command);
    assert.match(stderr, new RegExp(`keepwatchctl: (?:no suite answers|nothing runs) .*${suite.runDir}`), command);
  }
  const misspelt = await suite.command('keepwatchctl', 'statsu');
  assert.equal(misspelt.code, 2);
  assert.match(misspelt.stderr, /Did you mean status/);
  assert.equal((await suite.command('keepwatchctl', '--help')).code, 0);
});

test('status: a table, JSON that reads back, no colours in a pipe, exit 1 when something needs attention', async () => {
  fresh();
  await suite.startReady();
  const text = await suite.command('keepwatchctl', 'status');
  assert.equal(text.code, 0, text.stderr);
  assert.match(text.stdout, /VI_1 +BACKUP +100 +lo vrid 1/);
  assert.match(text.stdout, /192\.0\.2\.1\/24 on lo \(not here\)/);
  for (const name of STANDING_SERVICES) assert.match(text.stdout, new RegExp(`${name} +READY +${suite.pid(name)} +0`));
  assert.ok(!text.stdout.includes('\u001b'));

  for (const args of [
    ['status', '--json'],
    ['--json', 'status'],
  ]) {
    const json = await suite.command('keepwatchctl', ...args);
    const status = SuiteStatus.fromJSON(JSON.parse(json.stdout));
    assert.equal(status.vrrp?.instances[0]?.name, 'VI_1');
    assert.equal(status.origin?.service, 'keepwatchd');
  }

  suite.tell('vrrpd', { instance: { name: 'VI_1', state: 'FAULT' } });
  await suite.untilStatus('fault', ({ vrrp }) => vrrp?.instances[0]?.state === 4);
  assert.equal((await suite.command('keepwatchctl', 'status')).code, 1);
});

test('--address and KEEPWATCH_RUN_DIR find the suite too', async () => {
  fresh();
  await suite.startReady('-P');
  const ctl = async (args: string[], env: NodeJS.ProcessEnv): Promise<number | NodeJS.Signals> =>
    await exitOf(
      spawn(process.execPath, [suite.main('keepwatchctl'), ...args], {
        env: { ...process.env, ...env },
        stdio: 'ignore',
      }),
    );
  const path = join(suite.runDir, 'keepwatchd.sock');
  assert.equal(await ctl(['status', '--address', `unix:${path}`], {}), 0);
  assert.equal(await ctl(['status', '--address', `unix://${path}`], {}), 0);
  assert.equal(await ctl(['status'], { KEEPWATCH_RUN_DIR: suite.runDir }), 0);
  assert.equal(await ctl(['status'], { KEEPWATCH_RUN_DIR: '/nonexistent' }), 3);
});

test('reload: prints what changes, or every error and exits 5', async () => {
  fresh();
  await suite.startReady();
  suite.writeConfig(`${CONFIG}vrrp_instance VI_2 {\n}\n`);
  const accepted = await suite.command('keepwatchctl', 'reload');
  assert.equal(accepted.code, 0, accepted.stderr);
  assert.match(accepted.stdout, /Generation 2 is in force\.\n {2}change /);

  suite.writeConfig('vrrp_instance REFUSE {\n}\nvirtual_server REFUSE 80 {\n}\n');
  const refused = await suite.command('keepwatchctl', 'reload');
  assert.equal(refused.code, 5);
  assert.match(refused.stdout, /Refused: nothing was changed, generation 2 runs on/);
  assert.match(refused.stderr, /keepwatch\.conf:1:15: error: vrrpd: will not have REFUSE/);
  assert.match(refused.stderr, /keepwatch\.conf:3:16: error: healthcheckerd: will not have REFUSE/);
  const status = await suite.command('keepwatchctl', 'status');
  assert.equal(status.code, 1);
  assert.match(status.stdout, /The last reload was refused:\n.*will not have REFUSE/);
});

test('watch: events as lines and as JSON lines, and on through a restart of the supervisor', async () => {
  fresh();
  await suite.startReady();
  const lines: Record<string, string> = { text: '', json: '', status: '' };
  const follow = (key: string, ...args: string[]) => {
    const child = spawn(process.execPath, [suite.main('keepwatchctl'), '--run-dir', suite.runDir, 'watch', ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    child.stdout.on('data', (chunk: Buffer) => {
      lines[key] += chunk.toString();
    });
    return child;
  };
  const children = [follow('text'), follow('json', '--events', '--json'), follow('status', '--json')];
  try {
    await until('the status came', () => lines.status?.includes('\n') || undefined);
    await until('events come', async () => {
      process.kill(suite.pid('ipvsd'), 'SIGUSR2');
      const reloaded = await suite.control().reload({});
      return (
        (reloaded.accepted && lines.text?.includes('is in force') && lines.json?.includes('reloaded')) || undefined
      );
    });
    const status = SuiteStatus.fromJSON(JSON.parse(lines.status?.split('\n')[0] ?? ''));
    assert.equal(status.services.length, 4);
    const event = WatchEventsResponse.fromJSON(JSON.parse(lines.json?.split('\n')[0] ?? ''));
    assert.ok(event.origin?.service);

    suite.supervisor?.kill('SIGKILL');
    await exitOf(suite.supervisor as never);
    const before = lines.status?.length ?? 0;
    await suite.startReady();
    await until('the status goes on', () => (lines.status?.length ?? 0) > before || undefined);
  } finally {
    for (const child of children) child.kill('SIGINT');
  }
  for (const child of children) assert.equal(await exitOf(child), 0);
});

test('history: what changed and why, from before a restart of the supervisor too; explain: in words', async () => {
  fresh();
  await suite.startReady();
  suite.tell('vrrpd', { instance: { name: 'VI_1', state: 'MASTER' } });
  await suite.untilStatus('master', ({ vrrp }) => vrrp?.instances[0]?.state === 3);
  process.kill(suite.pid('ipvsd'), 'SIGKILL');
  const history = async (...args: string[]): Promise<string> =>
    (await suite.command('keepwatchctl', 'history', ...args)).stdout;
  await until('the death is in the history', async () =>
    (await history('ipvsd')).match(/service ipvsd {2}service-died: .*SIGKILL/),
  );
  await suite.untilReady();
  suite.supervisor?.kill('SIGKILL');
  await exitOf(suite.supervisor as never);
  await suite.startReady();
  const entries = JSON.parse(await history('ipvsd', '--json')).entries as { change: string }[];
  assert.equal(entries.filter(({ change }) => change === 'service-died').length, 1);
  assert.equal((await history('suite', '--limit', '1')).split('\n').length, 2);
  assert.equal(await history('nobody'), '');
  assert.equal((await suite.command('keepwatchctl', 'history', '--since', 'x')).code, 2);

  const explained = await suite.command('keepwatchctl', 'explain', 'VI_1');
  assert.equal(explained.code, 0, explained.stderr);
  assert.match(explained.stdout, /^VI_1 on lo \(virtual router 1, IPv4, VRRP version 2\) is MASTER/);
  const unknown = await suite.command('keepwatchctl', 'explain', 'VI_9');
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /no VRRP instance VI_9; there are VI_1/);
});

test('orders: given, shown, kept by a new supervisor, taken back; what cannot be is refused with what there is', async () => {
  fresh();
  await suite.startReady();
  const ctl = (...args: string[]) => suite.command('keepwatchctl', ...args);
  const given = await ctl('priority', 'set', 'VI_1', '200', '--ttl', '2h', '--reason', 'new disk');
  assert.equal(given.code, 0, given.stderr);
  assert.match(
    given.stdout,
    /^priority of VI_1 is 200, ordered by .*: new disk, for another 2 h \(.{8}\)\n {2}vrrp_instance VI_1\n$/,
  );
  suite.supervisor?.kill('SIGKILL');
  await exitOf(suite.supervisor as never);
  await suite.startReady();
  assert.match((await ctl('status')).stdout, /Orders in force:\n {2}priority of VI_1 is 200, ordered by/);
  const back = await ctl('priority', 'reset', 'VI_1');
  assert.equal(back.code, 0);
  assert.match(back.stdout, /^no more: priority of VI_1 is 200/);
  assert.equal((await ctl('priority', 'reset', 'VI_1')).code, 1);
  const history = (await ctl('history', 'suite')).stdout;
  assert.match(
    history,
    /order-given: priority of VI_1 is 200, until [\s\S]*order-ended: no more: priority of VI_1 is 200 \(taken back by/,
  );

  const unknown = await ctl('failover', 'VI_9');
  assert.equal(unknown.code, 4);
  assert.match(unknown.stderr, /no VRRP instance 'VI_9'; there are VI_1/);
  assert.equal((await ctl('drain', '10.0.0.2', '--ttl', 'soon')).code, 2);
  assert.match((await ctl('drain', '10.0.0.2')).stderr, /there is no virtual server/);

  const level = await ctl('log-level', 'debug', 'vrrpd');
  assert.equal(level.stdout, 'vrrpd: info -> debug\n');
  assert.match((await ctl('log-level', 'loud')).stderr, /no log level 'loud'/);
  assert.match((await ctl('log-level', 'debug', 'nobody')).stderr, /no service 'nobody'/);
});

test('support-bundle: status, history and configuration in a file of its own, without passwords', async () => {
  suite = new TestSuite(bundle, 'vrrp_instance VI_1 {\n  authentication {\n    auth_pass s3cret\n  }\n}\n');
  await suite.startReady();
  const file = join(suite.directory, 'bundle.json');
  const made = await suite.command('keepwatchctl', 'support-bundle', file);
  assert.equal(made.code, 0, made.stderr);
  assert.equal(made.stdout, `${file}\n`);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const text = readFileSync(file, 'utf8');
  assert.ok(!text.includes('s3cret'));
  const { status, history, configuration } = JSON.parse(text);
  assert.equal(SuiteStatus.fromJSON(status).vrrp?.instances[0]?.name, 'VI_1');
  assert.ok(history.entries.length > 0);
  assert.match(configuration.text, /auth_pass \*+/);
  const again = await suite.command('keepwatchctl', 'support-bundle', file);
  assert.equal(again.code, 4);
  assert.match(again.stderr, /cannot write .*EEXIST/);
});

test('stop: returns when all is gone, with a supervisor and without one', async () => {
  for (const supervised of [true, false]) {
    fresh();
    // With work for every service.
    suite.writeConfig(`${CONFIG}bfd_instance B {\n  neighbor_ip 192.0.2.9\n}\n`);
    await suite.startReady();
    const pids = SERVICE_NAMES.map((name) => suite.pid(name));
    if (!supervised) {
      suite.supervisor?.kill('SIGKILL');
      await exitOf(suite.supervisor as never);
    }
    const { code, stderr } = await suite.command('keepwatchctl', 'stop');
    assert.equal(code, 0, stderr);
    for (const pid of pids) assert.ok(!isRunning(pid), `pid ${pid} is gone`);
    assert.equal(suite.calls('vrrpd', 'stop').length, 1, 'in good order, not killed');
    // Without a supervisor nobody takes over that it stopped: the next one will be told.
    const kept = supervised ? [] : ['vrrpd.events'];
    assert.deepEqual(readdirSync(suite.runDir), kept, 'nothing else is left in the run directory');
    if (supervised) await suite.clean();
  }
});

/** A process whose parent has not noticed its end yet is no running one. */
function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
