import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { bringUp } from './lib/bringUp.js';
import { block, configuration, instance } from './lib/config.js';
import { eventually, never } from './lib/eventually.js';
import { FIRST, SECOND, VIP, withPair } from './lib/pair.js';
import { Recorder } from './lib/recorder.js';
import { labSkip, underTest } from './lib/underTest.js';

const OTHER_VIP = '10.9.1.100';

describe('links', { skip: await labSkip(), concurrency: 2 }, () => {
  test('a lost link means FAULT at once, the peer takes over, and all is given back with the link', async () => {
    await withPair(underTest, underTest, async ({ lab, first, second }, capture) => {
      const notify = Recorder.create(join(lab.directory, 'notify.sh'));
      const config = (priority: number, more: readonly string[] = []) =>
        configuration(instance({ priority, addresses: [`${VIP}/24`], more }));
      await bringUp(lab, first, config(150, [`notify ${notify.script}`]));
      await bringUp(lab, second, config(100));
      const { at } = await capture.advertOf(FIRST);

      await first.cable('eth0').cut();
      await eventually('the address leaves with the link', async () => !(await first.host.hasAddress('eth0', VIP)));
      await eventually('FAULT is told', () => notify.lines().includes('INSTANCE VI_1 FAULT 150'));
      await capture.advertOf(SECOND, at);

      const pluggedAt = Date.now();
      await first.cable('eth0').plug();
      await capture.advertOf(FIRST, pluggedAt, 10_000);
      await eventually('the peer yields', async () => !(await second.host.hasAddress('eth0', VIP)));
      await eventually('every state is told, in order', () => {
        const states = notify.lines().map((line) => line.split(' ')[2]);
        assert.deepEqual(states, ['BACKUP', 'MASTER', 'FAULT', 'BACKUP', 'MASTER']);
        return true;
      });
      await first.stop();
      await second.stop();
    });
  });

  test('track_interface: another interface is as good a reason', async () => {
    await withPair(
      underTest,
      underTest,
      async ({ lab, first, second }, capture) => {
        const config = (priority: number) =>
          configuration(
            instance({ priority, addresses: [`${VIP}/24`], more: [block('track_interface', ['eth0', 'eth1'])] }),
          );
        await bringUp(lab, first, config(150));
        await bringUp(lab, second, config(100));
        const { at } = await capture.advertOf(FIRST);
        await first.cable('eth1').cut();
        await eventually('the address leaves', async () => !(await first.host.hasAddress('eth0', VIP)));
        // The network of the instance still works, so the peer need not wait for silence.
        const goodbye = await capture.advert('priority 0', (entry) => entry.source === FIRST && entry.priority === 0, {
          within: 2_000,
        });
        const takenOver = await capture.advertOf(SECOND, at);
        assert.ok(takenOver.at - goodbye.at < 1_000, `${takenOver.at - goodbye.at} ms`);
        await first.cable('eth1').plug();
        await capture.advertOf(FIRST, takenOver.at, 10_000);
        await first.stop();
        await second.stop();
      },
      ['eth1'],
    );
  });

  test('dont_track_primary: the master keeps its address while its own link is down', async () => {
    await withPair(underTest, underTest, async ({ lab, first }, capture) => {
      await bringUp(
        lab,
        first,
        configuration(instance({ priority: 150, addresses: [`${VIP}/24`], more: ['dont_track_primary'] })),
      );
      await capture.advertOf(FIRST);
      await first.cable('eth0').cut();
      await never('the address leaves', async () => !(await first.host.hasAddress('eth0', VIP)), {
        during: 1_500,
        every: 100,
      });
      const pluggedAt = Date.now();
      await first.cable('eth0').plug();
      // Still master: it goes on at its own pace instead of electing itself again.
      const next = await capture.advertOf(FIRST, pluggedAt, 2_500);
      assert.ok(next.at - pluggedAt < 2_000);
      await first.stop();
    });
  });

  test('a sync group moves as one: losing one of two links moves both addresses', async () => {
    await withPair(
      underTest,
      underTest,
      async ({ lab, first, second }, capture) => {
        const notify = Recorder.create(join(lab.directory, 'group.sh'));
        const config = (priority: number, more: readonly string[] = []) =>
          configuration(
            block('vrrp_sync_group VG_1', [block('group', ['VI_1', 'VI_2']), ...more]),
            instance({ priority, addresses: [`${VIP}/24`] }),
            instance({
              name: 'VI_2',
              interface: 'eth1',
              vrid: 52,
              priority,
              addresses: [`${OTHER_VIP}/24`],
            }),
          );
        await bringUp(lab, first, config(150, [`notify ${notify.script}`]));
        await bringUp(lab, second, config(100));
        const hasBoth = async (router: typeof first) =>
          (await router.host.hasAddress('eth0', VIP)) && (await router.host.hasAddress('eth1', OTHER_VIP));
        const hasNone = async (router: typeof first) =>
          !(await router.host.hasAddress('eth0', VIP)) && !(await router.host.hasAddress('eth1', OTHER_VIP));
        await eventually('the first router has both', () => hasBoth(first), { within: 8_000 });
        const { at } = await capture.advertOf(FIRST);

        await first.cable('eth1').cut();
        await eventually('the first router gives up both', () => hasNone(first));
        await eventually('the second router takes both', () => hasBoth(second), { within: 8_000 });
        await capture.advertOf(SECOND, at);
        await eventually('the group tells', () => notify.lines().includes('GROUP VG_1 FAULT 0'));

        await first.cable('eth1').plug();
        await eventually('the first router takes both back', () => hasBoth(first), { within: 12_000 });
        await eventually('the second router gives up both', () => hasNone(second));
        await eventually('the group tells every state, in order', () => {
          const states = notify.lines().map((line) => line.split(' ')[2]);
          assert.deepEqual(states, ['BACKUP', 'MASTER', 'FAULT', 'BACKUP', 'MASTER']);
          return true;
        });
        await first.stop();
        await second.stop();
      },
      ['eth1'],
    );
  });
});
