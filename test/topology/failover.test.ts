import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bringUp } from './lib/bringUp.js';
import { configuration, instance } from './lib/config.js';
import { eventually, never } from './lib/eventually.js';
import { masterDownMs, skewMs, takeover } from './lib/expectations.js';
import { FIRST, probe, SECOND, VIP, withPair } from './lib/pair.js';
import { labSkip, underTest } from './lib/underTest.js';

/** How late a loaded machine may act, in milliseconds. */
const SLACK = 400;

const config = (priority: number, more: readonly string[] = []) =>
  configuration(instance({ priority, addresses: [`${VIP}/24`], more }));

describe('two routers', { skip: await labSkip(), concurrency: 2 }, () => {
  test('elect, take over after a crash, give back, and hand over when stopped', async () => {
    await withPair(underTest, underTest, async (topology, capture) => {
      const { lab, first, second } = topology;
      await bringUp(lab, first, config(150));
      await bringUp(lab, second, config(100));
      const advert = await capture.advertOf(FIRST, 0);
      assert.deepEqual(
        { ...advert, at: 0, sourceMac: '' },
        {
          kind: 'advert',
          at: 0,
          sourceMac: '',
          source: FIRST,
          destination: '224.0.0.18',
          ttl: 255,
          version: 2,
          vrid: 51,
          priority: 150,
          addresses: [VIP],
          authType: 0,
          authText: '',
        },
      );
      const prober = probe(topology);
      await prober.answered();
      assert.ok(await first.host.hasAddress('eth0', VIP));
      assert.ok(!(await second.host.hasAddress('eth0', VIP)));
      await eventually('five gratuitous ARPs', () => capture.gratuitous(VIP).length === 5);

      await first.crash();
      const takenOver = await capture.advertOf(SECOND, advert.at);
      const crashTime = takeover(capture, FIRST, takenOver);
      assert.ok(crashTime >= masterDownMs(100) - 2, `took over after ${crashTime} ms, before the interval ended`);
      assert.ok(crashTime <= masterDownMs(100) + SLACK, `took over after ${crashTime} ms`);
      await prober.answered(takenOver.at);
      const outage = prober.longestOutage();
      assert.ok(outage.duration < masterDownMs(100) + 2 * SLACK, `the client waited ${outage.duration} ms`);
      assert.ok(capture.gratuitous(VIP, takenOver.at - 10).length > 0, 'the new master told the neighbours');

      const revivedAt = Date.now();
      await first.revive();
      await bringUp(lab, first);
      const back = await capture.advertOf(FIRST, revivedAt, 12_000);
      assert.equal(back.priority, 150);
      await eventually('the address leaves the second router', async () => {
        return !(await second.host.hasAddress('eth0', VIP));
      });
      assert.equal(
        capture.lastAdvert((entry) => entry.source === SECOND && entry.priority === 0),
        undefined,
      );
      await prober.answered(back.at);

      await first.stop();
      const goodbye = await capture.advert('priority 0', (entry) => entry.priority === 0);
      assert.equal(goodbye.source, FIRST);
      const handedOver = await capture.advertOf(SECOND, goodbye.at);
      const handOverTime = handedOver.at - goodbye.at;
      assert.ok(handOverTime >= skewMs(100) - 2, `handed over after ${handOverTime} ms, before the skew time ended`);
      assert.ok(handOverTime <= skewMs(100) + SLACK, `handed over after ${handOverTime} ms`);
      assert.ok(!(await first.host.hasAddress('eth0', VIP)), 'a stopped router leaves no virtual address');
      await prober.answered(handedOver.at);

      await second.stop();
      assert.ok(!(await second.host.hasAddress('eth0', VIP)));
    });
  });

  test('nopreempt: the stronger router that comes back stays backup', async () => {
    await withPair(underTest, underTest, async ({ lab, first, second }, capture) => {
      await bringUp(lab, first, config(150, ['nopreempt']));
      await bringUp(lab, second, config(100));
      const { at } = await capture.advertOf(FIRST, 0);
      await first.crash();
      await capture.advertOf(SECOND, at);
      await first.revive();
      const revivedAt = Date.now();
      await bringUp(lab, first);
      await never('the first router is master again', () => first.host.hasAddress('eth0', VIP), {
        during: masterDownMs(150) + 2_000,
        every: 100,
      });
      assert.equal(
        capture.lastAdvert((entry) => entry.source === FIRST && entry.at > revivedAt),
        undefined,
      );
      // It is a backup that would help, not a dead one.
      await second.stop();
      const goodbye = await capture.advert('priority 0', (entry) => entry.source === SECOND && entry.priority === 0);
      await capture.advertOf(FIRST, goodbye.at);
      await first.stop();
    });
  });

  test('an address owner (255) is master at once; its peer waits', async () => {
    await withPair(underTest, underTest, async ({ lab, first, second }, capture) => {
      await bringUp(lab, second, config(100));
      await capture.advertOf(SECOND, 0);
      const startedAt = Date.now();
      await bringUp(lab, first, config(255));
      const owner = await capture.advertOf(FIRST, 0);
      assert.equal(owner.priority, 255);
      assert.ok(owner.at - startedAt < 3_000, `the owner needed ${owner.at - startedAt} ms`);
      await eventually('the other yields', async () => !(await second.host.hasAddress('eth0', VIP)));
      await first.stop();
      await second.stop();
    });
  });

  test('equal priorities: the higher address stays master, the lower one yields', async () => {
    await withPair(underTest, underTest, async ({ lab, first, second }, capture) => {
      await bringUp(lab, first, config(100));
      await capture.advertOf(FIRST, 0);
      await bringUp(lab, second, config(100));
      await never('a backup preempts an equal', () => second.host.hasAddress('eth0', VIP), {
        during: 4_500,
        every: 100,
      });
      // Deaf to each other both are master; when they hear each other again RFC 3768 section 6.4.3 decides.
      for (const router of [first, second]) await router.cable('eth0').isolate(true);
      const { at } = await capture.advertOf(SECOND, 0);
      for (const router of [first, second]) await router.cable('eth0').isolate(false);
      await eventually('the lower address yields', async () => !(await first.host.hasAddress('eth0', VIP)), {
        within: 5_000,
      });
      assert.ok(await second.host.hasAddress('eth0', VIP));
      assert.ok(capture.lastAdvert((entry) => entry.source === SECOND && entry.at > at));
      await first.stop();
      await second.stop();
    });
  });
});
