/** A master is told to stand down while a client asks every millisecond, and comes back when it may. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bringUp } from './lib/bringUp.js';
import { configuration, instance } from './lib/config.js';
import { Control } from './lib/control.js';
import { eventually } from './lib/eventually.js';
import { FIRST, probe, SECOND, VIP, withPair } from './lib/pair.js';
import { builtCommand, keepalived } from './lib/software.js';
import { keepwatchSkip, underTest } from './lib/underTest.js';

const config = (priority: number) => configuration(instance({ priority, addresses: [`${VIP}/24`] }));

describe('orders', { skip: await keepwatchSkip('keepalived') }, () => {
  test('maintenance hands over to keepalived, which keeps the address until it is over; alone it stays', async () => {
    await withPair(underTest, keepalived, async (topology, capture) => {
      const { lab, first, second } = topology;
      await bringUp(lab, first, config(150));
      await capture.advertOf(FIRST);
      const control = Control.of(lab, first);
      await control.reaches('MASTER');
      const ctl = async (...words: string[]): Promise<{ readonly status: number | null; readonly stdout: string }> => {
        const command = [
          process.execPath,
          builtCommand('keepwatchctl'),
          '--run-dir',
          first.paths.runDirectory,
          ...words,
        ];
        const { status, stdout } = await first.host.tryInside(command, 30_000);
        return { status, stdout };
      };

      const alone = await ctl('failover', 'VI_1');
      assert.equal(alone.status, 1, alone.stdout);
      assert.match(alone.stdout, /VI_1 is still MASTER: no other router took over/);
      assert.ok(await first.host.hasAddress('eth0', VIP));
      assert.equal((await ctl('maintenance', 'off', 'VI_1')).status, 0);

      await bringUp(lab, second, config(100));
      const prober = probe(topology, VIP, 1);
      const from = await prober.answered();
      const handed = await ctl('maintenance', 'on', '--ttl', '10m', '--reason', 'new disk');
      assert.equal(handed.status, 0, handed.stdout);
      assert.match(handed.stdout, /VI_1 is BACKUP; master is /);
      const successor = await capture.advertOf(SECOND);
      await eventually('the address has left', async () => !(await first.host.hasAddress('eth0', VIP)), {
        within: 2_000,
      });
      await prober.answered(successor.at + 500);
      const { lost, duration } = prober.longestOutage(from);
      assert.ok(lost <= 25, `${lost} pings of one a millisecond lost in a row, ${duration.toFixed(1)} ms`);
      assert.match((await ctl('explain', 'VI_1')).stdout, /1 = 150 \(configured\) - 149 \(ordered by .*: new disk\)/);

      assert.equal((await ctl('maintenance', 'off')).status, 0);
      await control.reaches('MASTER');
      await capture.advertOf(FIRST, Date.now());
    });
  });
});
