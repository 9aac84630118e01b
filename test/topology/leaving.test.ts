/** A master that stops in good order, and two masters that meet: what clients notice. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bringUp } from './lib/bringUp.js';
import { configuration, instance } from './lib/config.js';
import { Control } from './lib/control.js';
import { eventually } from './lib/eventually.js';
import { FIRST, probe, SECOND, VIP, withPair } from './lib/pair.js';
import { keepalived, keepwatch, type Software } from './lib/software.js';
import { keepwatchSkip } from './lib/underTest.js';

const config = (priority: number, ...more: string[]) =>
  configuration(instance({ priority, addresses: [`${VIP}/24`], more }));

/** The first router is master and stops, or loses its instance in a reload, while a client asks every millisecond. */
async function leave(second: Software, how: 'stop' | 'reload'): Promise<void> {
  await withPair(keepwatch, second, async (topology, capture) => {
    const { lab, first } = topology;
    const other = instance({ name: 'VI_2', vrid: 99, priority: 150, addresses: ['10.9.0.199/24'] });
    await bringUp(lab, first, configuration(instance({ priority: 150, addresses: [`${VIP}/24`] }), other));
    await capture.advertOf(FIRST);
    await bringUp(lab, topology.second, config(100));
    const prober = probe(topology, VIP, 1);
    await prober.answered();
    const from = Date.now();
    const stopping = how === 'stop' ? first.stop() : undefined;
    if (how === 'reload') first.reload(configuration(other));
    const goodbye = await capture.advert('priority 0', (advert) => advert.source === FIRST && advert.priority === 0);
    assert.ok(await first.host.hasAddress('eth0', VIP), 'the address stays until the successor is heard');
    const successor = await capture.advertOf(SECOND, goodbye.at);
    assert.ok(successor.at - goodbye.at >= 600, `the successor came ${successor.at - goodbye.at} ms after the goodbye`);
    await prober.answered(successor.at + 100);
    await eventually('the address has left', async () => !(await first.host.hasAddress('eth0', VIP)), { within: 500 });
    const { lost, duration } = prober.longestOutage(from);
    assert.ok(lost <= 5, `${lost} pings of one a millisecond lost in a row, ${duration.toFixed(1)} ms`);
    await stopping;
    await topology.second.stop();
    await first.stop();
  });
}

describe('a master that leaves answers until its successor is heard', {
  skip: await keepwatchSkip('keepalived'),
  concurrency: 2,
}, () => {
  test('stopped, Keepwatch succeeds', () => leave(keepwatch, 'stop'));
  test('stopped, keepalived succeeds', () => leave(keepalived, 'stop'));
  test('its instance is removed by a reload', () => leave(keepwatch, 'reload'));
});

/** Both routers become master on either side of a bridge whose ports are isolated; then the bridge heals. */
async function heal(first: Software, second: Software): Promise<void> {
  await withPair(first, second, async (topology, capture) => {
    const { lab } = topology;
    await topology.first.cable('eth0').isolate(true);
    await topology.second.cable('eth0').isolate(true);
    await Promise.all([
      bringUp(lab, topology.first, config(150, 'garp_master_delay 0')),
      bringUp(lab, topology.second, config(100)),
    ]);
    await Promise.all([capture.advertOf(FIRST), capture.advertOf(SECOND)]);
    const told = first === keepwatch ? await Control.of(lab, topology.first).vrrpEvents() : [];
    const toldByLoser = await Control.of(lab, topology.second).vrrpEvents();
    // The winner's advertisement is the first to be heard: the ports open right after the loser's.
    const last = await capture.advertOf(SECOND, Date.now());
    await topology.first.cable('eth0').isolate(false);
    await topology.second.cable('eth0').isolate(false);
    const heard = await capture.advertOf(FIRST, last.at + 1);
    const announced = await eventually('the winner announces again', () => {
      return capture.gratuitous(VIP, heard.at).find((arp) => arp.senderMac === heard.sourceMac);
    });
    assert.ok(announced.at - heard.at < 1_000, `${announced.at - heard.at} ms after it was heard`);
    await eventually('one master', async () => !(await topology.second.host.hasAddress('eth0', VIP)));
    if (first === keepwatch) {
      const log = topology.first.log();
      const conflict = new RegExp(`two masters: ${SECOND.replaceAll('.', '\\.')}`);
      assert.match(log, conflict);
      await eventually('the conflict is an event', () => told.some(({ note }) => conflict.test(note)));
      await Control.of(lab, topology.first).reaches('MASTER');
    }
    const yielded = await eventually('the loser tells to whom it yields', () => {
      return toldByLoser.find(({ transition }) => transition?.cause?.code === 'higher-priority-advert')?.transition;
    });
    assert.equal(yielded.cause?.peerAddress, FIRST);
    await topology.first.stop();
    await topology.second.stop();
  });
}

describe('after a partition the winner announces again, although the loser heard it first', {
  skip: await keepwatchSkip('keepalived'),
  concurrency: 2,
}, () => {
  test('two Keepwatch', () => heal(keepwatch, keepwatch));
  test('keepalived wins', () => heal(keepalived, keepwatch));
});
