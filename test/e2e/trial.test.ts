/** Configurations on trial, and what else must survive the supervisor: with real processes, as supervisor.test.ts. */
import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { bundleWithDoubles, exitOf, TestSuite, until } from './support/suite.js';

const CONFIG = 'vrrp_instance VI_1 {\n}\n';
const TRIED = `${CONFIG}vrrp_instance VI_2 {\n}\n`;

let bundle: string;
let suite: TestSuite;
before(async () => {
  bundle = await bundleWithDoubles();
});
after(() => rmSync(bundle, { recursive: true, force: true }));
afterEach(() => suite.clean());

/** A running suite, and a file beside its own with one instance more. */
async function running(): Promise<string> {
  suite = new TestSuite(bundle, CONFIG);
  await suite.startReady();
  const file = join(suite.directory, 'tried.conf');
  writeFileSync(file, TRIED);
  return file;
}

async function untilInstances(...wanted: string[]): Promise<void> {
  await suite.untilStatus(`the instances are ${wanted.join(', ')}`, ({ vrrp, services }) => {
    const names = vrrp?.instances.map(({ name }) => name) ?? [];
    return services.every(({ health }) => health === 2) && names.join() === wanted.join();
  });
}

test('without a confirmation the configuration before comes back, also when the supervisor was killed meanwhile', async () => {
  const file = await running();
  const applied = await suite.command('keepwatchctl', 'apply', file, '--confirm', '6s');
  assert.equal(applied.code, 0, applied.stderr);
  assert.match(applied.stdout, /Generation 2 is in force[\s\S]*On trial/);
  const trial = (await suite.status())?.trial;
  assert.equal(trial?.source, file);
  suite.supervisor?.kill('SIGKILL');
  await exitOf(suite.supervisor as never);
  await suite.startReady();
  // Its services run on and are ready before it has looked at what was on trial.
  await suite.untilStatus(
    'a new supervisor knows of the trial',
    ({ trial: pending, appliedFrom }) => pending?.source === file && appliedFrom === file,
  );
  await untilInstances('VI_1', 'VI_2');
  await untilInstances('VI_1');
  const status = await suite.status();
  assert.equal(status?.trial, undefined);
  assert.equal(status?.appliedFrom, `the configuration before ${file}`);
  assert.ok(!existsSync(join(suite.runDir, 'keepwatchd.trial')));
  const late = await suite.command('keepwatchctl', 'confirm');
  assert.equal(late.code, 4);
  assert.match(late.stderr, /no configuration is on trial/);
});

test('a trial that ended while no supervisor ran is rolled back by the next one', async () => {
  const file = await running();
  assert.equal((await suite.command('keepwatchctl', 'apply', file, '--confirm', '500ms')).code, 0);
  suite.supervisor?.kill('SIGKILL');
  await exitOf(suite.supervisor as never);
  await new Promise((resolve) => setTimeout(resolve, 600));
  await suite.startReady();
  await untilInstances('VI_1');
});

test('a confirmed configuration stays, across a restart of the supervisor, until a reload returns to the file', async () => {
  const file = await running();
  assert.equal((await suite.command('keepwatchctl', 'apply', file, '--confirm', '60')).code, 0);
  const refused = await suite.command('keepwatchctl', 'reload');
  assert.equal(refused.code, 5);
  assert.match(refused.stderr, /is on trial/);
  assert.equal((await suite.command('keepwatchctl', 'confirm')).code, 0);
  suite.supervisor?.kill('SIGKILL');
  await exitOf(suite.supervisor as never);
  const restarted = await suite.startReady();
  assert.equal(restarted.trial, undefined);
  assert.equal(restarted.appliedFrom, file);
  await untilInstances('VI_1', 'VI_2');
  assert.equal((await suite.command('keepwatchctl', 'reload')).code, 0);
  await untilInstances('VI_1');
  assert.equal((await suite.status())?.appliedFrom, '');
});

test('rollback ends a trial at once; a refused configuration is not on trial', async () => {
  const file = await running();
  assert.equal((await suite.command('keepwatchctl', 'apply', file, '--confirm', '10m')).code, 0);
  assert.equal((await suite.command('keepwatchctl', 'rollback')).code, 0);
  await untilInstances('VI_1');
  writeFileSync(file, 'vrrp_instance REFUSE {\n}\n');
  const refused = await suite.command('keepwatchctl', 'apply', file, '--confirm', '10m');
  assert.equal(refused.code, 5);
  assert.equal((await suite.status())?.trial, undefined);
  assert.equal((await suite.command('keepwatchctl', 'rollback')).code, 4);
  assert.equal((await suite.command('keepwatchctl', 'apply', file, '--confirm', 'soon')).code, 2);
});

test('an upgrade that the installed version would not survive does not begin', async () => {
  await running();
  writeFileSync(suite.configFile, 'vrrp_instance VI_1 {\n');
  const { code, stderr } = await suite.command('keepwatchctl', 'upgrade');
  assert.equal(code, 5);
  assert.match(stderr, /the installed keepwatchd refuses the configuration: .*never closed/s);
  assert.ok(
    await until('the suite runs on', async () => (await suite.status())?.services.every(({ health }) => health === 2)),
  );
});
