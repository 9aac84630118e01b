import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, chownSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Spool } from '../../../services/notifierd/spool.js';
import { millis, seconds } from '../../../services/shared/time/duration.js';
import { config, FakeRunner, fakeNotifier, MemoryStore, notification, temporaryFolder, until } from './support.js';

const sleepers = new Set<ChildProcess>();
after(() => {
  for (const sleeper of sleepers) sleeper.kill('SIGKILL');
});

/** A process of its own group, as a script is. */
function sleeper(): ChildProcess & { readonly pid: number } {
  const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
  sleepers.add(child);
  assert.ok(child.pid);
  return child as ChildProcess & { readonly pid: number };
}

/** A notifier that was killed while the first of two scripts of a lane was in the state `receipt` says. */
async function killedWith(pid: number, receipt: string): Promise<{ store: MemoryStore; folder: string }> {
  const store = new MemoryStore();
  const folder = join(temporaryFolder(), 'running');
  const spool = new Spool(folder);
  const { notifier } = fakeNotifier({ store, spool, runner: new FakeRunner(true) });
  await notifier.deliver([1, 2].map((n) => notification(n, { scripts: [['/bin/true', String(n)]] })));
  const entry = spool.begin('vrrpd/one/1.0 script 0');
  entry.name(pid);
  writeFileSync(entry.fd, receipt);
  entry.leave();
  return { store, folder };
}

const words = (runner: FakeRunner): string[] => runner.begun.map(({ argv }) => argv.slice(1).join(' '));

describe('a script that was running when notifierd was killed', () => {
  it('is waited for, not run again, and holds its lane meanwhile', async () => {
    const script = sleeper();
    const { store, folder } = await killedWith(script.pid, 'started\nits output\n');
    const runner = new FakeRunner();
    const { notifier, results } = fakeNotifier({ store, spool: new Spool(folder), runner });
    await notifier.configure(config());
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.deepEqual(words(runner), []);
    script.kill('SIGKILL');
    await until(() => results.length === 2, 'both');
    assert.deepEqual(words(runner), ['2']);
    assert.match(results[0]?.detail ?? '', /it ran; its exit status is not known/);
    assert.equal(results[0]?.outputTail, 'its output\n');
    assert.deepEqual(readdirSync(folder), []);
  });

  it('is run when it had not passed the gate', async () => {
    const launcher = sleeper();
    const { store, folder } = await killedWith(launcher.pid, '');
    launcher.kill('SIGKILL');
    const runner = new FakeRunner();
    const { notifier, results } = fakeNotifier({ store, spool: new Spool(folder), runner });
    await notifier.configure(config());
    await until(() => results.length === 2, 'both');
    assert.deepEqual(words(runner), ['1', '2']);
  });

  it('is ended when its time is up', async () => {
    const script = sleeper();
    const { store, folder } = await killedWith(script.pid, 'started\n');
    const { notifier, results } = fakeNotifier({ store, spool: new Spool(folder) });
    await notifier.configure(config({ scripts: { security: false, timeout: millis(100) } }));
    await until(() => results.length === 2, 'both');
    assert.deepEqual([results[0]?.ok, results[0]?.detail], [false, 'killed after 100 ms']);
  });

  it('is not mistaken for another process with its number', async () => {
    const { store, folder } = await killedWith(process.pid, 'started\n');
    const [name = ''] = readdirSync(folder);
    const path = join(folder, name);
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"birth":"\d+@/, '"birth":"1@'));
    const { notifier, results } = fakeNotifier({ store, spool: new Spool(folder) });
    await notifier.configure(config({ scripts: { security: false, timeout: seconds(90) } }));
    await until(() => results.length === 2, 'both');
  });
});

describe('script security', () => {
  it('refuses a script that others could replace, only when it is enabled', {
    skip: process.getuid?.() !== 0,
  }, async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'foreign.sh');
    writeFileSync(path, '#!/bin/sh\n');
    chmodSync(path, 0o755);
    chownSync(path, 1, 1);
    const scripts = { user: 'root', timeout: seconds(5) };
    const runner = new FakeRunner();
    const { notifier, results } = fakeNotifier({ runner });
    await notifier.configure(config({ scripts: { ...scripts, security: true } }));
    await notifier.deliver([notification(1, { scripts: [[path]] })]);
    await until(() => results.length === 1, 'refused');
    assert.match(
      results[0]?.detail ?? '',
      /not run as root \(enable_script_security\): .*foreign\.sh \(file, owner .*mode 0755\).*chown root/,
    );
    assert.equal(runner.begun.length, 0);
    await notifier.configure(config({ scripts: { ...scripts, security: false } }));
    await notifier.deliver([notification(2, { scripts: [[path]] })]);
    await until(() => results.length === 2, 'run');
    assert.equal(runner.begun.length, 1);
  });
});
