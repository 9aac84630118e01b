import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { AddressMonitor } from './lib/addressMonitor.js';
import { bringUp } from './lib/bringUp.js';
import { configuration, instance } from './lib/config.js';
import { Control } from './lib/control.js';
import { eventually } from './lib/eventually.js';
import { gaps, masterDownMs } from './lib/expectations.js';
import { Lab } from './lib/lab.js';
import { addRouter, FIRST, probe, SECOND, VIP, withPair } from './lib/pair.js';
import { processOf, servingPid } from './lib/serviceProcesses.js';
import { builtCommand, keepalived, wholeKeepwatch } from './lib/software.js';
import { keepwatchSkip } from './lib/underTest.js';

const SERVICES = ['notifierd', 'ipvsd', 'healthcheckerd', 'bfdd', 'vrrpd'] as const;
/** KEEPWATCH_UPGRADES=100 for a soak. */
const ROUNDS = Number(process.env.KEEPWATCH_UPGRADES ?? 2);

describe('upgrade', { skip: await keepwatchSkip('keepalived') }, () => {
  test('replaces every process, again and again; a keepalived peer and the clients notice nothing', async () => {
    await withPair(wholeKeepwatch, keepalived, async (topology, capture) => {
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

  test('a supervisor that is asked to reload before it listens does it later', async () => {
    const lab = await Lab.start();
    try {
      const router = await addRouter(lab, 'r1', wholeKeepwatch, { eth0: '10.9.0.1/24' });
      router.writeConfig(configuration(instance({ priority: 100, addresses: [`${VIP}/24`] })));
      const started = router.start();
      const pid = await eventually(
        'the supervisor hears a hangup',
        () => {
          const main = processOf(router, 'keepwatchd');
          return main !== undefined && catches(main, HANGUP) && main;
        },
        { every: 2 },
      );
      assert.ok(!existsSync(join(router.paths.runDirectory, 'keepwatchd.sock')), 'it serves already');
      process.kill(pid, 'SIGHUP');
      await started;
      await eventually('it reloads', () => router.log().includes('generation 2 is in force'), { within: 30_000 });
      assert.equal(processOf(router, 'keepwatchd'), pid);
      await router.stop();
    } finally {
      await lab.close();
    }
  });
});

const HANGUP = 1;

/** Whether a process has a handler for a signal (`SigCgt` of proc(5)). */
function catches(pid: number, signal: number): boolean {
  const caught = /^SigCgt:\t([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${caught}`) & (1n << BigInt(signal - 1))) !== 0n;
}
