import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { bringUp } from './lib/bringUp.js';
import { configuration, instance } from './lib/config.js';
import { Control } from './lib/control.js';
import { gaps } from './lib/expectations.js';
import { malformedPackets } from './lib/malformed.js';
import { FIRST, SECOND, VIP, withPair } from './lib/pair.js';
import { RawSender } from './lib/rawSender.js';
import { labSkip, underTest } from './lib/underTest.js';

/** Sends packets in turn at an even rate, measured against the clock rather than by the length of pauses. */
async function flood(sender: RawSender, packets: readonly Buffer[], perSecond: number, seconds: number) {
  const start = performance.now();
  let sent = 0;
  for (;;) {
    const elapsed = (performance.now() - start) / 1_000;
    if (elapsed >= seconds) return sent;
    for (const due = Math.floor(elapsed * perSecond); sent < due; sent++) {
      const packet = packets[sent % packets.length];
      if (packet) sender.send(packet);
    }
    await pause(Math.min(100, 1_000 / perSecond));
  }
}

async function floodTest(perSecond: number, seconds: number): Promise<void> {
  await withPair(underTest, underTest, async ({ lab, first, second, client }, capture) => {
    const config = (priority: number) => configuration(instance({ priority, addresses: [`${VIP}/24`] }));
    await bringUp(lab, first, config(150));
    await bringUp(lab, second, config(100));
    const { at } = await capture.advertOf(FIRST);
    const sender = RawSender.open(lab, client);
    const packets = malformedPackets({ source: '10.9.0.50', vrid: 51, priority: 200, addresses: [VIP] });
    const sent = await flood(sender, packets, perSecond, seconds);
    assert.ok(sent > perSecond * seconds * 0.9, `only ${sent} packets were sent`);

    const ours = capture.adverts.filter(({ source }) => source === FIRST || source === SECOND);
    assert.equal(ours.find(({ source }) => source === SECOND)?.at, undefined, 'the backup took over');
    assert.equal(ours.find(({ priority }) => priority === 0)?.at, undefined, 'the master gave up');
    const widest = Math.max(...gaps(ours, FIRST, at));
    assert.ok(widest < 1_300, `widest gap between the master's advertisements ${widest} ms`);
    assert.ok(await first.host.hasAddress('eth0', VIP));

    if (underTest.name === 'keepwatch') {
      const status = await Control.of(lab, first).status();
      const counters = [
        ...(status.vrrp?.instances ?? []).flatMap(({ drops }) => drops),
        ...(status.vrrp?.interfaceDrops ?? []).flatMap(({ drops }) => drops),
      ];
      const counted = counters.reduce((sum, { count }) => sum + Number(count), 0);
      assert.ok(counted >= sent * 0.95, `${counted} of ${sent} dropped packets are counted`);
      assert.ok(new Set(counters.map(({ reason }) => reason)).size >= 6, JSON.stringify(counters.map((c) => c.reason)));
    }
    await first.stop();
    await second.stop();
  });
}

describe('malformed advertisements cause no failover', { skip: await labSkip(), concurrency: 2 }, () => {
  test('2.5 of them in every advertisement interval', () => floodTest(2.5, 9));
  test('1000 of them a second', () => floodTest(1_000, 6));
});
