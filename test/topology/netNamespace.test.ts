/** A suite that is started outside and serves inside a network namespace, and two suites side by side on one machine. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { bringUp } from './lib/bringUp.js';
import { configuration, instance } from './lib/config.js';
import { Control } from './lib/control.js';
import { eventually } from './lib/eventually.js';
import type { Host } from './lib/host.js';
import { type Pair, SECOND, VIP, withPair } from './lib/pair.js';
import { namespaceOf } from './lib/processes.js';
import type { Router } from './lib/router.js';
import { servingPid, sparePid } from './lib/serviceProcesses.js';
import { builtCommand, keepalived, type Software, wholeKeepwatch } from './lib/software.js';
import { keepwatchSkip } from './lib/underTest.js';

const SECOND_VIP = '10.9.0.101';

/** A command on the machine that must succeed; its output. */
async function inside(host: Host, ...argv: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await host.tryInside(argv);
  assert.equal(status, 0, `${argv.join(' ')}: ${stderr}`);
  return stdout;
}

/** Namespace `red` with the machine's eth0 in it, and an empty `blue`. */
async function moveInside(host: Host): Promise<void> {
  await inside(host, 'ip', 'netns', 'add', 'red');
  await inside(host, 'ip', 'netns', 'add', 'blue');
  await inside(host, 'ip', 'link', 'set', 'eth0', 'netns', 'red');
  await inside(host, 'ip', '-n', 'red', 'address', 'add', '10.9.0.1/24', 'dev', 'eth0');
  await inside(host, 'ip', '-n', 'red', 'link', 'set', 'eth0', 'up');
}

const holdsInside = async (host: Host): Promise<boolean> =>
  (await inside(host, 'ip', '-n', 'red', 'address', 'show', 'dev', 'eth0')).includes(`inet ${VIP}/24`);

const text = (head: readonly string[], priority: number, more: readonly string[] = []): string =>
  `${head.join('\n')}\n${configuration(instance({ priority, advertInt: 0.3, addresses: [`${VIP}/24`], more: ['version 3', ...more] }))}`;

/** Every process of the suite is inside but the supervisor, and ipvsd, which has a namespace of its own. */
function everyServiceInside(router: Router, red: string): void {
  const seen = new Set<string>();
  for (const { pid, argv } of router.host.processes()) {
    const command = /\/cmd\/(\w+)\//.exec(argv.find((word) => word.includes('/cmd/')) ?? '')?.[1];
    if (command === undefined) continue;
    seen.add(command);
    const inside = command !== 'keepwatchd' && command !== 'ipvsd';
    assert.equal(namespaceOf(pid, 'net') === red, inside, `${command} is ${inside ? 'not ' : ''}inside`);
    const apart = namespaceOf(pid, 'net') !== namespaceOf(router.host.pid, 'net');
    if (command === 'ipvsd') assert.ok(apart, 'ipvsd is not where the supervisor is');
  }
  for (const command of ['keepwatchd', 'vrrpd', 'healthcheckerd', 'notifierd', 'ipvsd']) assert.ok(seen.has(command));
}

describe('net_namespace', { skip: await keepwatchSkip('keepalived', 'ip') }, () => {
  test('one that is missing ends the start, with its place', async () => {
    await withPair(wholeKeepwatch, keepalived, async ({ first }) => {
      await first.start(text(['# comment', 'net_namespace gone'], 150));
      assert.equal(await first.exited(), 2);
      const place = `${first.paths.config}:2:1: error: network namespace 'gone' cannot be entered`;
      assert.ok(first.log().includes(place), first.log());
      assert.match(first.log(), /there is no \/run\/netns\/gone/);
      const check = await first.host.tryInside([
        process.execPath,
        builtCommand('keepwatchd'),
        '-t',
        '-f',
        first.paths.config,
      ]);
      assert.equal(check.status, 0, 'a test is for another machine too');
      assert.match(check.stderr, /:2:1: warning: network namespace 'gone'/);
    });
  });

  test('services and scripts are inside; elections, crashes, a refused reload and an adoption do not move them', async () => {
    await withPair(wholeKeepwatch, keepalived, async (topology, capture) => {
      const { lab, first, second } = topology;
      await moveInside(first.host);
      const script = join(first.host.directory, 'where.sh');
      writeFileSync(script, `#!/bin/sh\nreadlink /proc/self/ns/net > ${script}.\${1:-master}\n`);
      chmodSync(script, 0o755);
      const around = ['startup', 'shutdown'].map((when) => `  ${when}_script "${script} ${when}" root`);
      const good = text(['net_namespace red', 'net_namespace_ipvs blue', 'global_defs {', ...around, '}'], 150, [
        `notify_master ${script}`,
      ]);
      await bringUp(lab, second, text([], 100));
      await capture.advertOf(SECOND);
      await bringUp(lab, first, good);
      const control = Control.of(lab, first);
      await control.reaches('MASTER');
      await eventually('the address is inside', () => holdsInside(first.host));
      await eventually('the peer yields', async () => !(await second.host.hasAddress('eth0', VIP)));
      assert.ok(!(await first.host.hasAddress('eth0', VIP)), 'and not outside');
      const serving = await servingPid(first, control, 'vrrpd');
      const red = namespaceOf(serving, 'net') ?? '';
      everyServiceInside(first, red);
      await eventually(
        'the script ran',
        () => existsSync(`${script}.master`) && readFileSync(`${script}.master`, 'utf8') !== '',
      );
      const seenBy = (when: string): string => readFileSync(`${script}.${when}`, 'utf8').trim();
      assert.deepEqual([seenBy('startup'), seenBy('master')], [red, red]);

      first.reload(good.replace('net_namespace red', 'net_namespace blue'));
      await eventually('the reload is refused', async () => (await control.status()).refusedReload.length > 0);
      const [finding] = (await control.status()).refusedReload;
      assert.match(
        finding?.message ?? '',
        /network namespace \(net_namespace\) cannot change.*'red', wanted is 'blue'/,
      );
      assert.deepEqual([finding?.position?.file, finding?.position?.line], [first.paths.config, 1]);

      await sparePid(control);
      process.kill(serving, 'SIGKILL');
      await eventually('another process serves', async () => (await servingPid(first, control, 'vrrpd')) !== serving);
      await sparePid(control);
      everyServiceInside(first, red);

      // The file still says blue.
      process.kill(first.pid, 'SIGKILL');
      await first.exited();
      control.close();
      await first.start();
      await control.ready();
      assert.equal(await control.state(), 'MASTER');
      assert.ok(await holdsInside(first.host));
      everyServiceInside(first, red);
      const yielded = capture.lastAdvert((advert) => advert.source !== SECOND && advert.priority === 0);
      assert.equal(yielded, undefined, 'somebody said goodbye');

      await first.stop();
      await eventually('the peer takes over', () => second.host.hasAddress('eth0', VIP));
      assert.ok(!(await holdsInside(first.host)));
      assert.equal(seenBy('shutdown'), red);
      await second.stop();
    });
  });
});

/** Keepwatch with the directories that the configuration chooses. */
const unplaced: Software = {
  name: 'keepwatch',
  command: ({ config }) => [process.execPath, builtCommand('keepwatchd'), '-n', '-l', '-D', '-f', config],
};

describe('instance', { skip: await keepwatchSkip('keepalived') }, () => {
  test('two suites run side by side, each with files of its own', async () => {
    await withPair(unplaced, keepalived, async ({ lab, first, second }: Pair) => {
      const { host } = first;
      await host.ownFolder('/var/lib');
      const control = async (...words: readonly string[]) =>
        await host.tryInside([process.execPath, builtCommand('keepwatchctl'), ...words]);
      const config = (name: string, vrid: number, priority: number, address: string): string =>
        `instance ${name}\n${configuration(instance({ name: `VI_${name}`, vrid, priority, addresses: [`${address}/24`] }))}`;
      await first.start(config('a', 51, 150, VIP));
      await eventually(
        'the only suite is found without its name',
        async () => (await control('status')).stdout.includes('VI_a'),
        { within: 15_000 },
      );
      const other = join(host.directory, 'b.conf');
      writeFileSync(other, config('b', 52, 150, SECOND_VIP));
      host.spawnInside(unplaced.command({ ...first.paths, config: other }), join(host.directory, 'b.log'));
      await bringUp(
        lab,
        second,
        configuration(
          instance({ name: 'A', vrid: 51, priority: 100, addresses: [`${VIP}/24`] }),
          instance({ name: 'B', vrid: 52, priority: 100, addresses: [`${SECOND_VIP}/24`] }),
        ),
      );
      for (const address of [VIP, SECOND_VIP])
        await eventually(`${address} is here`, () => host.hasAddress('eth0', address), { within: 15_000 });
      const both = await control('status');
      assert.equal(both.status, 3);
      assert.match(both.stderr, /--run-dir \/run\/keepwatch\/a or --run-dir \/run\/keepwatch\/b/);
      assert.match((await control('status', '--run-dir', '/run/keepwatch/b')).stdout, /VI_b/);
      assert.equal((await control('--run-dir', '/run/keepwatch/b', 'stop')).status, 0);
      await eventually(`${SECOND_VIP} moves`, () => second.host.hasAddress('eth0', SECOND_VIP));
      assert.ok(await host.hasAddress('eth0', VIP), 'the other suite runs on');
      await inside(host, 'ls', '/var/lib/keepwatch/a', '/var/lib/keepwatch/b');
      await first.stop();
      await second.stop();
    });
  });
});
