import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AddressMonitor } from './lib/addressMonitor.js';
import { bringUp } from './lib/bringUp.js';
import { configuration, instance } from './lib/config.js';
import { eventually } from './lib/eventually.js';
import { gaps } from './lib/expectations.js';
import { FIRST, probe, SECOND, withPair } from './lib/pair.js';
import { labSkip, underTest } from './lib/underTest.js';

const KEPT = '10.9.0.100';
const CHANGED = '10.9.0.101';
const REMOVED = '10.9.0.102';
const ADDED = '10.9.0.103';

const kept = instance({ name: 'KEPT', vrid: 10, priority: 150, addresses: [`${KEPT}/24`] });
const changed = (priority: number, more: readonly string[] = []) =>
  instance({ name: 'CHANGED', vrid: 11, priority, addresses: [`${CHANGED}/24`, ...more] });
const removed = instance({ name: 'REMOVED', vrid: 12, priority: 150, addresses: [`${REMOVED}/24`] });
const added = instance({ name: 'ADDED', vrid: 13, priority: 150, addresses: [`${ADDED}/24`] });

describe('reload', { skip: await labSkip(), concurrency: 2 }, () => {
  test('adds, removes and changes instances; the one that stayed never leaves MASTER', async () => {
    await withPair(underTest, underTest, async (topology, capture) => {
      const { lab, first, second } = topology;
      await bringUp(lab, first, configuration(kept, changed(150), removed));
      await bringUp(
        lab,
        second,
        configuration(instance({ name: 'KEPT', vrid: 10, priority: 100, addresses: [`${KEPT}/24`] })),
      );
      const advertOf = (vrid: number, since = 0) =>
        capture.advert(
          `VRID ${vrid}`,
          (advert) => advert.vrid === vrid && advert.source === FIRST && advert.at > since && advert.priority > 0,
          { within: 8_000 },
        );
      for (const vrid of [10, 11, 12]) await advertOf(vrid);
      const monitor = await AddressMonitor.start(lab, first.host);
      const prober = probe(topology, KEPT);
      const from = await prober.answered();

      const reloadedAt = Date.now();
      first.reload(configuration(kept, changed(160, ['10.9.0.110/24']), added));
      const goodbye = await capture.advert('the removed instance says goodbye', (advert) => {
        return advert.vrid === 12 && advert.priority === 0 && advert.at > reloadedAt;
      });
      assert.deepEqual(goodbye.addresses, [REMOVED]);
      await eventually('its address leaves', async () => !(await first.host.hasAddress('eth0', REMOVED)));
      await advertOf(13, reloadedAt);
      assert.ok(await first.host.hasAddress('eth0', ADDED));
      await capture.advert('the changed instance with its new priority and address', (advert) => {
        return advert.vrid === 11 && advert.priority === 160 && advert.addresses.includes('10.9.0.110');
      });
      await eventually('the new address of the changed instance', () => first.host.hasAddress('eth0', '10.9.0.110'));

      // Back again, twice, without a pause: reloads are taken one after the other.
      first.reload(configuration(kept, changed(150), removed));
      first.reload(configuration(kept, changed(150), removed));
      const backAt = Date.now();
      await advertOf(12, backAt);
      await eventually('the added instance is gone', async () => !(await first.host.hasAddress('eth0', ADDED)));
      await advertOf(10, Date.now());

      assert.deepEqual(monitor.changes(KEPT), { added: 0, deleted: 0 });
      assert.equal(monitor.changes(CHANGED).deleted, 0, 'an address in both configurations is never deleted');
      const own = capture.adverts.filter(({ vrid }) => vrid === 10);
      assert.ok(own.every(({ source, priority }) => source === FIRST && priority === 150));
      const widest = Math.max(...gaps(own, FIRST, from));
      assert.ok(widest < 1_100, `widest gap between advertisements ${widest} ms`);
      assert.ok(prober.longestOutage(from).lost <= 2, `the client lost ${prober.longestOutage(from).lost} answers`);
      assert.equal(
        own.find(({ source }) => source === SECOND),
        undefined,
      );
      await first.stop();
      await second.stop();
    });
  });

  test('a bad configuration changes nothing', async () => {
    await withPair(underTest, underTest, async ({ first, lab }, capture) => {
      await bringUp(lab, first, configuration(instance({ priority: 255, addresses: [`${KEPT}/24`] })));
      await capture.advertOf(FIRST);
      const monitor = await AddressMonitor.start(lab, first.host);
      const before = Date.now();
      const refusals = () => first.log().split('reload refused').length - 1;
      const bad = [
        configuration(instance({ priority: 255, vrid: 256, addresses: [`${KEPT}/24`] })),
        `${configuration(kept)}vrrp_instance OPEN {\n`,
        '',
      ];
      for (const [index, text] of bad.entries()) {
        first.reload(text);
        await eventually(`refusal ${index + 1}`, () => refusals() === index + 1);
      }
      assert.match(first.log(), /router\.conf:\d+:\d+: .*256/);
      const { at } = await capture.advertOf(FIRST, before + 1_500);
      await capture.advertOf(FIRST, at + 500);
      assert.ok(Math.max(...gaps(capture.adverts, FIRST)) < 1_100);
      assert.deepEqual(monitor.changes(KEPT), { added: 0, deleted: 0 });
      await first.stop();
    });
  });
});
