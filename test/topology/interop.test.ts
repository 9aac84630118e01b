import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bringUp } from './lib/bringUp.js';
import { configuration, instance, pass } from './lib/config.js';
import { eventually } from './lib/eventually.js';
import { gaps, masterDownMs, skewMs, takeover } from './lib/expectations.js';
import { soundPacket } from './lib/malformed.js';
import { FIRST, probe, SECOND, VIP, withPair } from './lib/pair.js';
import { RawSender } from './lib/rawSender.js';
import { keepalived, type Software } from './lib/software.js';
import { labSkip, underTest } from './lib/underTest.js';

const SLACK = 400;

// keepalived and Keepwatch cut a longer password to the same eight characters.
const config = (priority: number, password = 'fsaf..7&f') =>
  configuration(instance({ priority, addresses: [`${VIP}/24`, '10.9.0.101/24'], more: [pass(password)] }));

/** The first router is master; it hands over in good order, comes back, and dies. */
async function handOverAndCrash(first: Software, second: Software): Promise<void> {
  await withPair(first, second, async (topology, capture) => {
    await bringUp(topology.lab, topology.first, config(150));
    await bringUp(topology.lab, topology.second, config(100));
    const advert = await capture.advertOf(FIRST);
    assert.equal(advert.authType, 1);
    assert.equal(advert.authText, 'fsaf..7&');
    assert.deepEqual([...advert.addresses].sort(), [VIP, '10.9.0.101']);
    const prober = probe(topology);
    await prober.answered();

    await topology.first.stop();
    const goodbye = await capture.advert('priority 0', (entry) => entry.priority === 0);
    const handedOver = await capture.advertOf(SECOND, goodbye.at);
    const handOverTime = handedOver.at - goodbye.at;
    assert.ok(handOverTime >= skewMs(100) - 2 && handOverTime <= skewMs(100) + SLACK, `${handOverTime} ms`);
    await prober.answered(handedOver.at);

    await bringUp(topology.lab, topology.first);
    const back = await capture.advertOf(FIRST, handedOver.at, 12_000);
    await eventually('the backup yields', async () => !(await topology.second.host.hasAddress('eth0', VIP)));

    // The backup has had its last word by now.
    assert.ok(back.at < Date.now());
    const crashedAt = Date.now();
    await topology.first.crash();
    const takenOver = await capture.advertOf(SECOND, crashedAt);
    const crashTime = takeover(capture, FIRST, takenOver);
    assert.ok(crashTime >= masterDownMs(100) - 2 && crashTime <= masterDownMs(100) + SLACK, `${crashTime} ms`);
    await prober.answered(takenOver.at);
    await topology.second.stop();
  });
}

describe('together with keepalived, PASS authentication', {
  skip: await labSkip('keepalived'),
  concurrency: 2,
}, () => {
  test('Keepwatch is master, keepalived its backup', () => handOverAndCrash(underTest, keepalived));

  test('keepalived is master, Keepwatch its backup', () => handOverAndCrash(keepalived, underTest));

  test('an owner takes the addresses back, and answers whoever would mislead its backup', async () => {
    await withPair(underTest, keepalived, async ({ lab, first, second, client }, capture) => {
      const plain = (priority: number) => configuration(instance({ priority, addresses: [`${VIP}/24`] }));
      await bringUp(lab, second, plain(100));
      await capture.advertOf(SECOND);
      await bringUp(lab, first, plain(255));
      const owner = await capture.advertOf(FIRST);
      assert.equal(owner.priority, 255);
      await eventually('the backup yields', async () => !(await second.host.hasAddress('eth0', VIP)));

      const sender = RawSender.open(lab, client);
      const forge = (priority: number): void => {
        sender.send(soundPacket({ source: '10.9.0.50', vrid: 51, priority, addresses: [VIP] }));
      };
      // Skew_Time of the backup ends before the next advertisement of the owner: only an answer keeps it where it is.
      const before = await capture.advertOf(FIRST, Date.now());
      forge(0);
      const answer = await capture.advertOf(FIRST, before.at);
      assert.ok(answer.at - before.at < 1_000 - 100, `answered after ${answer.at - before.at} ms`);
      forge(255);
      forge(100);
      await eventually('the owner announces itself again', () => capture.gratuitous(VIP, answer.at).length > 0);
      await capture.advertOf(FIRST, answer.at + 2_500);
      const others = capture.adverts.filter(({ at, source }) => at > before.at && source === SECOND);
      assert.deepEqual(others, [], 'the backup took over');
      await first.stop();
      await second.stop();
    });
  });

  test('another password is not believed, and does not keep the master from advertising', async () => {
    await withPair(underTest, keepalived, async ({ lab, first, second }, capture) => {
      await bringUp(lab, first, config(150, 'right'));
      await bringUp(lab, second, config(100, 'wrong'));
      const one = await capture.advertOf(FIRST);
      const two = await capture.advertOf(SECOND);
      // keepalived itself may fall silent now: what it does not believe starves its advertisements.
      const later = Math.max(one.at, two.at);
      await capture.advertOf(FIRST, later + 2_500);
      assert.ok(Math.max(...gaps(capture.adverts, FIRST)) < 1_000 + SLACK);
      await first.stop();
      await second.stop();
    });
  });
});
