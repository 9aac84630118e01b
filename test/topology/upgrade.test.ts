import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AddressMonitor } from './lib/addressMonitor.js';
import { bringUp } from './lib/bringUp.js';
import { configuration, instance } from './lib/config.js';
import { Control } from './lib/control.js';
import { gaps, masterDownMs } from './lib/expectations.js';
import { FIRST, probe, SECOND, VIP, withPair } from './lib/pair.js';
import { servingPid } from './lib/serviceProcesses.js';
import { builtCommand, keepalived } from './lib/software.js';
import { keepwatchSkip, underTest } from './lib/underTest.js';

const SERVICES = ['notifierd', 'ipvsd', 'healthcheckerd', 'vrrpd'] as const;
/** KEEPWATCH_UPGRADES=100 for a soak. */
const ROUNDS = Number(process.env.KEEPWATCH_UPGRADES ?? 2);

describe('upgrade', { skip: await keepwatchSkip('keepalived') }, () => {
  test('replaces every process, again and again; a keepalived peer and the clients notice nothing', async () => {
    await withPair(underTest, keepalived, async (topology, capture) => {
      const { lab, first, second } = topology;
      const config = (priority: number) => configuration(instance({ priority, addresses: [`${VIP}/24`] }));
      await bringUp(lab, first, config(150));
      await bringUp(lab, second, config(100));
      await capture.advertOf(FIRST);
      const control = Control.of(lab, first);
      await control.ready();
      const monitor = await AddressMonitor.start(lab, first.host);
      const prober = probe(topology);
      const from = await prober.answered();
      const supervisor = first.pid;
      const upgrade = [
        process.execPath,
        builtCommand('keepwatchctl'),
        '--run-dir',
        first.paths.runDirectory,
        'upgrade',
      ];
      for (let round = 1; round <= ROUNDS; round++) {
        const pids = async () => Promise.all(SERVICES.map((service) => servingPid(first, control, service)));
        const before = await pids();
        const { status, stdout, stderr } = await first.host.tryInside(upgrade, 120_000);
        assert.equal(status, 0, `round ${round}: ${stdout}${stderr}`);
        assert.deepEqual(
          stdout.trim().split('\n'),
          ['keepwatchd', ...SERVICES].map((name) => `${name}: replaced`),
        );
        control.close();
        await control.ready();
        const after = await pids();
        for (const [index, service] of SERVICES.entries()) assert.notEqual(after[index], before[index], service);
        assert.equal(first.pid, supervisor, 'the supervisor keeps its process id');
        const { upgrade: told } = await control.status();
        assert.deepEqual([told?.running, told?.error], [false, '']);
      }
      const running = first.pid;
      const again = await first.host.tryInside([...upgrade, '--if-changed'], 60_000);
      assert.match(again.stdout, /^every process is version \S+ already\n$/);
      assert.equal(first.pid, running);
      await capture.advertOf(FIRST, Date.now());
      const spoke = capture.lastAdvert((advert) => advert.source === SECOND);
      assert.equal(spoke, undefined, `the peer became master at ${spoke?.at}`);
      assert.equal(
        capture.lastAdvert((advert) => advert.priority === 0),
        undefined,
        'somebody said goodbye',
      );
      assert.deepEqual(monitor.changes(VIP), { added: 0, deleted: 0 }, 'the address left');
      const widest = Math.max(...gaps(capture.adverts, FIRST, from));
      console.log(`${ROUNDS} upgrades: widest gap between advertisements ${widest.toFixed(0)} ms`);
      assert.ok(widest < masterDownMs(100), `widest gap between advertisements ${widest} ms`);
      assert.equal(prober.longestOutage(from).lost, 0, 'the client lost answers');
      const zombies = first.host.processes().filter(({ argv }) => argv.length === 0);
      assert.deepEqual(zombies, [], 'ended children are collected');
      await first.stop();
      await second.stop();
    });
  });
});
