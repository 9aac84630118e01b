/** What a master tells its neighbours besides the first set: distances, groups of interfaces, refreshes, other interfaces. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bringUp } from './lib/bringUp.js';
import { Capture } from './lib/capture.js';
import { block, instance } from './lib/config.js';
import { eventually } from './lib/eventually.js';
import { VIP, withPair } from './lib/pair.js';
import { keepwatch } from './lib/software.js';
import { keepwatchSkip } from './lib/underTest.js';

const FIRST_EXTRA = '10.9.1.100';
const SECOND_EXTRA = '10.9.1.101';
const IPV6 = 'fd00:9:1:0:0:0:0:100';

/** Three addresses: eth0 is paced by the global interval, eth1 and eth2 share a switch. */
const config = (priority: number) =>
  `${[
    block('global_defs', ['router_id LAB', 'vrrp_garp_interval 0.1', 'vrrp_gna_interval 0.05', 'vrrp_version 3']),
    block('garp_group', ['garp_interval 0.3', 'gna_interval 0.2', block('interfaces', ['eth1', 'eth2'])]),
    instance({
      priority,
      advertInt: 1,
      addresses: [`${VIP}/24`],
      more: [
        ...['garp_master_delay 0', 'garp_master_repeat 3', 'garp_extra_if all 1', 'garp_master_refresh 4'],
        block('virtual_ipaddress_excluded', [
          `${FIRST_EXTRA}/24 dev eth1`,
          `${SECOND_EXTRA}/24 dev eth1`,
          '10.9.2.100/24 dev eth2',
          'fd00:9:1::100/64 dev eth1',
        ]),
      ],
    }),
  ].join('\n\n')}\n`;

const gapsOf = (times: readonly number[]): number[] => times.slice(1).map((at, index) => at - (times[index] ?? at));

/** The kernel's timestamps, taken where the frames arrive, may be a little closer than their departures. */
const APART = 0.9;

describe('announcing', { skip: await keepwatchSkip('keepalived') }, () => {
  test('distances, groups, refreshes and other interfaces', () =>
    withPair(
      keepwatch,
      keepwatch,
      async ({ lab, first }, capture) => {
        // fd00:9:1::100 must not wait for duplicate address detection: an announcement comes with or without it.
        const eth1 = await Capture.start(lab, 'lan-eth1', 'arp or icmp6');
        const eth2 = await Capture.start(lab, 'lan-eth2', 'arp');
        await bringUp(lab, first, config(255));
        const refresh = await eventually(
          'three messages at once and a refresh',
          () => (capture.gratuitous(VIP).length >= 4 ? capture.gratuitous(VIP)[3] : undefined),
          { within: 15_000 },
        );
        const own = capture.gratuitous(VIP);
        for (const gap of gapsOf(own.map(({ at }) => at))) assert.ok(gap >= 100 * APART, `eth0: ${gap} ms apart`);
        assert.ok(refresh.at - (own[2]?.at ?? 0) > 1_000, 'the fourth is one of the refresh');

        await eventually('the other interface is announced again and again', () => {
          return eth1.gratuitous(FIRST_EXTRA, refresh.at).length >= 2;
        });
        // They are one switch: whatever leaves by either keeps its distance from what left by the other.
        const together = [...eth1.arps, ...eth2.arps]
          .filter(({ sender, target }) => sender === target)
          .map(({ at }) => at)
          .sort((left, right) => left - right);
        assert.ok(together.length > 9, `${together.length} messages by eth1 and eth2`);
        for (const gap of gapsOf(together)) assert.ok(gap >= 300 * APART, `eth1 and eth2: ${gap} ms apart`);
        const neighbours = eth1.neighbours.filter(({ target }) => target === IPV6).map(({ at }) => at);
        assert.ok(neighbours.length >= 3, `${neighbours.length} neighbour advertisements`);
        for (const gap of gapsOf(neighbours))
          assert.ok(gap >= 200 * APART, `neighbour advertisements: ${gap} ms apart`);
        await first.stop();
      },
      ['eth1', 'eth2'],
    ));
});
