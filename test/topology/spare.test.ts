import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AddressMonitor } from './lib/addressMonitor.js';
import { bringUp } from './lib/bringUp.js';
import type { Capture } from './lib/capture.js';
import { configuration, instance } from './lib/config.js';
import { Control } from './lib/control.js';
import { eventually } from './lib/eventually.js';
import { gaps } from './lib/expectations.js';
import { FIRST, type Pair, probe, SECOND, VIP, withPair } from './lib/pair.js';
import { servingPid, sparePid } from './lib/serviceProcesses.js';
import { builtCommand, keepalived } from './lib/software.js';
import { keepwatchSkip, underTest } from './lib/underTest.js';

/** A measurement: so many kills, at this interval in seconds. */
const kills = Number(process.env.KEEPWATCH_SPARE_KILLS ?? 0);
const interval = Number(process.env.KEEPWATCH_SPARE_INTERVAL ?? 0.05);

/** Version 3: the master-down interval is 3.4 × and more of these. */
const config = (priority: number, advertInt: number): string =>
  configuration(instance({ priority, advertInt, addresses: [`${VIP}/24`], more: ['version 3'] }));

/** Keepwatch with a spare beside keepalived. */
async function bringUpBoth({ lab, first, second }: Pair, capture: Capture, advertInt: number): Promise<Control> {
  await bringUp(lab, first, config(150, advertInt));
  await bringUp(lab, second, config(100, advertInt));
  await capture.advertOf(FIRST);
  const control = Control.of(lab, first);
  await control.ready();
  await control.reaches('MASTER');
  await sparePid(control);
  return control;
}

/** Nobody noticed: the peer never spoke, nobody said goodbye, the address stayed. */
function unnoticed(capture: Capture, monitor: AddressMonitor): void {
  const spoke = capture.lastAdvert((advert) => advert.source === SECOND);
  assert.equal(spoke, undefined, `the peer became master at ${spoke?.at}`);
  assert.equal(
    capture.lastAdvert((advert) => advert.priority === 0),
    undefined,
    'somebody said goodbye',
  );
  assert.deepEqual(monitor.changes(VIP), { added: 0, deleted: 0 }, 'the address left');
}

describe('the spare of vrrpd', { skip: await keepwatchSkip('keepalived') }, () => {
  test('takes over after kill -9 and after SIGSTOP; the peer and the clients notice nothing', async () => {
    await withPair(underTest, keepalived, async (topology, capture) => {
      const { lab, first } = topology;
      const control = await bringUpBoth(topology, capture, 0.3);
      const monitor = await AddressMonitor.start(lab, first.host);
      const prober = probe(topology);
      const from = await prober.answered();
      for (const signal of ['SIGKILL', 'SIGSTOP', 'SIGKILL'] as const) {
        const spare = await sparePid(control);
        const before = await servingPid(first, control, 'vrrpd');
        process.kill(before, signal);
        await eventually(
          `the spare serves after ${signal}`,
          async () => {
            const { pid, detail } = await control.service('vrrpd');
            return pid === spare && detail === '';
          },
          { within: 10_000 },
        );
        await control.ready();
        const now = Date.now();
        await capture.advertOf(FIRST, (await capture.advertOf(FIRST, now)).at);
        unnoticed(capture, monitor);
        assert.ok(!first.host.processes().some(({ pid }) => pid === before), 'the process that hung was killed');
      }
      const widest = Math.max(...gaps(capture.adverts, FIRST, from));
      assert.ok(widest < 1_000, `widest gap between advertisements ${widest} ms`);
      assert.equal(prober.longestOutage(from).lost, 0, 'the client lost answers');
      await first.stop();
      await topology.second.stop();
    });
  });

  test('a stop ends the spare too, with a supervisor and without; goodbye is said once', async () => {
    await withPair(underTest, keepalived, async (topology, capture) => {
      const { first, second } = topology;
      const goodbyes = () =>
        capture.adverts.filter(({ source, priority }) => source === FIRST && priority === 0).length;
      const control = await bringUpBoth(topology, capture, 0.3);
      // Fails when a process or a socket stays.
      await first.stop();
      assert.equal(goodbyes(), 1);
      await capture.advertOf(SECOND, Date.now());

      await bringUp(topology.lab, first);
      control.close();
      await control.ready();
      await control.reaches('MASTER');
      await sparePid(control);
      process.kill(first.pid, 'SIGKILL');
      await first.exited();
      const stop = [process.execPath, builtCommand('keepwatchctl'), '--run-dir', first.paths.runDirectory, 'stop'];
      const { status, stderr } = await first.host.tryInside(stop, 60_000);
      assert.equal(status, 0, stderr);
      await eventually('nothing runs', () => first.host.processes().length === 0);
      assert.ok(!(await first.host.hasAddress('eth0', VIP)), 'the address went');
      assert.equal(goodbyes(), 2);
      await second.stop();
    });
  });

  test('how long it takes is measured at short intervals', {
    skip: kills === 0 && 'only with KEEPWATCH_SPARE_KILLS',
  }, async () => {
    await withPair(underTest, keepalived, async (topology, capture) => {
      const { first } = topology;
      const control = await bringUpBoth(topology, capture, interval);
      const widest: number[] = [];
      for (let kill = 0; kill < kills; kill++) {
        const spare = await sparePid(control);
        const killedAt = Date.now();
        process.kill(await servingPid(first, control, 'vrrpd'), 'SIGKILL');
        await eventually('the spare serves', async () => (await control.service('vrrpd')).pid === spare, {
          within: 10_000,
        });
        await control.ready();
        widest.push(Math.max(...gaps(capture.adverts, FIRST, killedAt - 100)));
      }
      const sorted = widest.sort((one, other) => one - other);
      const [median, worst] = [sorted[kills >> 1] ?? 0, sorted.at(-1) ?? 0];
      const moves = capture.adverts.filter(({ source, priority }) => source === SECOND && priority > 0).length;
      console.log(
        `${kills} kills at ${interval} s: widest gap median ${median.toFixed(1)} ms, worst ${worst.toFixed(1)} ms; ${moves} advertisements of the peer`,
      );
      await first.stop();
      await topology.second.stop();
    });
  });
});
