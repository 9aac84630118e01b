/** `promote_secondaries` and polled links, on real interfaces. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AddressMonitor } from './lib/addressMonitor.js';
import { bringUp } from './lib/bringUp.js';
import { configuration, instance } from './lib/config.js';
import { Control } from './lib/control.js';
import { eventually } from './lib/eventually.js';
import { withPair } from './lib/pair.js';
import { keepwatchSkip, underTest } from './lib/underTest.js';

const FIRST_VIP = '10.9.5.1';
const SECOND_VIP = '10.9.5.2';
const PROMOTE = '/proc/sys/net/ipv4/conf/eth0/promote_secondaries';
const LIMITS = { within: 15_000 };

const text = (addresses: readonly string[], head = ''): string =>
  head +
  configuration(
    instance({
      priority: 150,
      advertInt: 0.2,
      addresses: addresses.map((address) => `${address}/24`),
      more: ['version 3', 'promote_secondaries'],
    }),
  );

describe('options about the interface', { skip: await keepwatchSkip() }, () => {
  test('a secondary address outlives the first of its prefix; a polled link that is cut is a fault', async () => {
    await withPair(underTest, underTest, async ({ lab, first }) => {
      const { host } = first;
      const promotes = async (): Promise<string> => (await host.tryInside(['cat', PROMOTE])).stdout.trim();
      // The kernel of a new namespace may have copied it from ours.
      await host.tryInside(['sh', '-c', `echo 0 > ${PROMOTE}; echo 0 > ${PROMOTE.replace('eth0', 'all')}`]);
      await bringUp(lab, first, text([FIRST_VIP, SECOND_VIP], 'linkbeat_use_polling\n'));
      const control = Control.of(lab, first);
      await control.reaches('MASTER', 'VI_1', LIMITS);
      await eventually('both addresses are here', () => host.hasAddress('eth0', SECOND_VIP));
      assert.equal(await promotes(), '1');

      const monitor = await AddressMonitor.start(lab, host);
      first.reload(text([SECOND_VIP], 'linkbeat_use_polling\n'));
      await eventually('the first address goes', async () => !(await host.hasAddress('eth0', FIRST_VIP)));
      assert.ok(await host.hasAddress('eth0', SECOND_VIP));
      assert.equal(monitor.changes(SECOND_VIP).deleted, 0, 'the second address left with the first');
      await control.reaches('MASTER');

      await first.cable('eth0').cut();
      await control.reaches('FAULT', 'VI_1', LIMITS);
      await first.cable('eth0').plug();
      await control.reaches('MASTER', 'VI_1', LIMITS);
      await eventually('the address is back', () => host.hasAddress('eth0', SECOND_VIP));
      await first.stop();
      assert.equal(await promotes(), '0', 'put back');
    });
  });
});
