/** Services of an earlier release under the supervisor of this one, as an upgrade has them for a moment, or a failed one for long. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { AddressMonitor } from './lib/addressMonitor.js';
import { bringUp } from './lib/bringUp.js';
import { run, tryRun } from './lib/command.js';
import { configuration, instance } from './lib/config.js';
import { Control } from './lib/control.js';
import { eventually } from './lib/eventually.js';
import { FIRST, SECOND, VIP, withPair } from './lib/pair.js';
import { Recorder } from './lib/recorder.js';
import { Router } from './lib/router.js';
import { servingPid } from './lib/serviceProcesses.js';
import { builtCommand, keepalived, keepwatch, type Software, wholeKeepwatch } from './lib/software.js';
import { keepwatchSkip } from './lib/underTest.js';

/** The release before this one; until there are tags, the first commit whose suite can be upgraded. */
const EARLIER = '150bc2cfb630563a86afeb1e6cc971e4e47f6361';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SERVICES = ['notifierd', 'ipvsd', 'healthcheckerd', 'vrrpd'] as const;

async function skip(): Promise<string | false> {
  const missing = await keepwatchSkip('keepalived', 'git', 'tar');
  if (missing !== false) return missing;
  const { status } = await tryRun(['git', '-C', ROOT, 'cat-file', '-e', `${EARLIER}^{commit}`]);
  return status !== 0 && `the history of this clone does not reach ${EARLIER}`;
}

/** Builds the earlier release in a directory of its own, with the packages of this one. */
async function build(directory: string): Promise<Software> {
  mkdirSync(directory, { recursive: true });
  await run(['sh', '-c', 'git -C "$0" archive "$1" | tar -x -C "$2"', ROOT, EARLIER, directory]);
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  await run(['sh', '-c', 'cd "$0" && exec "$1" .ci/build.mjs', directory, process.execPath], 180_000);
  return {
    name: 'keepwatch',
    command: (paths) =>
      keepwatch
        .command(paths)
        .map((word) => (word === builtCommand('keepwatchd') ? join(directory, 'dist/cmd/keepwatchd/main.js') : word)),
  };
}

describe('an earlier release', { skip: await skip() }, () => {
  test('its services are adopted, told of reloads, restarted and replaced by this supervisor; a peer notices nothing', async () => {
    await withPair(wholeKeepwatch, keepalived, async ({ lab, first, second }, capture) => {
      const earlier = await build(join(lab.directory, 'earlier'));
      const told = Recorder.create(join(lab.directory, 'told.sh'));
      const config = (priority: number, more: readonly string[] = []) =>
        configuration(instance({ priority, addresses: [`${VIP}/24`], more: [`notify ${told.script}`, ...more] }));
      const before = new Router(first.host, earlier, first.cables, new Map());
      await bringUp(lab, before, config(150));
      await bringUp(lab, second, configuration(instance({ priority: 100, addresses: [`${VIP}/24`] })));
      await capture.advertOf(FIRST);
      const control = Control.of(lab, first);
      await control.ready();
      const pids = () => Promise.all(SERVICES.map((service) => servingPid(first, control, service)));
      const old = await pids();
      const monitor = await AddressMonitor.start(lab, first.host);

      process.kill(before.pid, 'SIGKILL');
      await before.exited();
      await bringUp(lab, first);
      const status = await control.ready();
      assert.deepEqual(
        status.services.filter(({ name }) => name !== 'bfdd').map(({ origin }) => origin),
        SERVICES.map(() => 'adopted'),
      );
      assert.deepEqual(await pids(), old, 'the same processes');
      await control.reaches('MASTER');

      first.reload(config(150, ['virtual_ipaddress_excluded {\n    10.9.0.111/24\n}']));
      await eventually('the reload is in force', () => first.host.hasAddress('eth0', '10.9.0.111'), { within: 15_000 });
      first.reload(`${config(150)}\nno_such_keyword\n`);
      await eventually('a refused reload is shown', async () => (await control.status()).refusedReload.length > 0);
      first.writeConfig(config(150));

      const command = [
        process.execPath,
        builtCommand('keepwatchctl'),
        '--run-dir',
        first.paths.runDirectory,
        'upgrade',
      ];
      const { status: code, stdout, stderr } = await first.host.tryInside(command, 180_000);
      assert.equal(code, 0, `${stdout}${stderr}`);
      control.close();
      await control.ready();
      const now = await pids();
      for (const [index, service] of SERVICES.entries()) assert.notEqual(now[index], old[index], service);
      await control.reaches('MASTER');
      await capture.advertOf(FIRST, Date.now());
      const spoke = capture.lastAdvert(({ source, priority }) => source === SECOND && priority > 0);
      assert.equal(spoke, undefined, `the peer became master at ${spoke?.at}`);
      assert.deepEqual(monitor.changes(VIP), { added: 0, deleted: 0 }, 'the address left');
      assert.deepEqual(told.lines(), ['INSTANCE VI_1 BACKUP 150', 'INSTANCE VI_1 MASTER 150'], 'told once');
      await first.stop();
      await second.stop();
    });
  });
});
