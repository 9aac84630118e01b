import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bringUp } from './lib/bringUp.js';
import { block, configuration, instance } from './lib/config.js';
import { eventually } from './lib/eventually.js';
import type { Host } from './lib/host.js';
import { Lab } from './lib/lab.js';
import type { Cable } from './lib/network.js';
import { Router } from './lib/router.js';
import { keepalived, type Software } from './lib/software.js';
import { labSkip, underTest } from './lib/underTest.js';

/** One way to send advertisements, and the address that shows who is master. */
interface Mode {
  readonly name: string;
  readonly address: string;
  readonly advertInt: number;
  /** Lines of the instance on router 1 or 2. */
  readonly lines: (own: 1 | 2, other: 1 | 2) => readonly string[];
}

const AH = block('authentication', ['auth_type AH', 'auth_pass fsaf..7&f']);
const peer = (address: string) => block('unicast_peer', [address]);

const MODES: readonly Mode[] = [
  { name: 'multicast-v3', address: '10.9.0.101', advertInt: 0.2, lines: () => ['version 3'] },
  { name: 'multicast-v6', address: 'fe80::9:101', advertInt: 0.2, lines: () => ['version 3'] },
  {
    name: 'unicast-v2',
    address: '10.9.0.102',
    advertInt: 1,
    lines: (_, other) => [peer(`10.9.0.${other}`), 'check_unicast_src'],
  },
  {
    name: 'unicast-v3',
    address: '10.9.0.103',
    advertInt: 0.2,
    lines: (own, other) => [
      'version 3',
      `unicast_src_ip 10.9.0.${own}`,
      'unicast_ttl 64',
      peer(`10.9.0.${other} min_ttl 64 max_ttl 64`),
    ],
  },
  {
    name: 'unicast-v6',
    address: 'fe80::9:104',
    advertInt: 0.2,
    lines: (own, other) => ['version 3', `unicast_src_ip fd09::${own}`, peer(`fd09::${other} min_ttl 64 max_ttl 64`)],
  },
  { name: 'ah', address: '10.9.0.105', advertInt: 1, lines: () => [AH] },
  { name: 'ah-unicast', address: '10.9.0.106', advertInt: 1, lines: (_, other) => [AH, peer(`10.9.0.${other}`)] },
  {
    name: 'other-group',
    address: '10.9.0.107',
    advertInt: 0.2,
    lines: () => ['version 3', 'mcast_dst_ip 224.0.0.188'],
  },
];

function config(own: 1 | 2, priority: number, { name: software }: Software): string {
  const blocks = MODES.map(({ name, address, advertInt, lines }, index) => {
    const text = instance({
      name,
      vrid: 60 + index,
      priority,
      advertInt,
      addresses: [`${address} dev eth0`],
      more: lines(own, own === 1 ? 2 : 1),
    });
    // keepalived 2.2.7 refuses what its manual allows: unicast without interface.
    return software === 'keepwatch' && name === 'unicast-v3' ? text.replace('interface eth0\n', '\n') : text;
  });
  return configuration(...blocks);
}

async function router(lab: Lab, number: 1 | 2, software: Software): Promise<Router> {
  const host = await lab.host(`r${number}`);
  const own = [`10.9.0.${number}/24`, `fd09::${number}/64`];
  const cables = new Map<string, Cable>([['eth0', await lab.network.connect(host, 'eth0', 'lan', own)]]);
  await addressesReady(host);
  return new Router(host, software, cables, new Map([['eth0', own]]));
}

/** keepalived does not wait for duplicate address detection. */
const addressesReady = (host: Host): Promise<boolean> =>
  eventually(`${host.name}: IPv6 addresses are ready`, async () => {
    const [all, tentative] = [
      await host.ip('-6', '-o', 'address', 'show', 'dev', 'eth0'),
      await host.ip('-6', '-o', 'address', 'show', 'dev', 'eth0', 'tentative'),
    ];
    return all.includes('fe80:') && tentative === '';
  });

/** All modes at once: the first router is master of each, and only it; when it dies, the second one is. */
async function electAndDie(first: Software, second: Software): Promise<void> {
  const lab = await Lab.start();
  const routers: Router[] = [];
  try {
    const [one, two] = [await router(lab, 1, first), await router(lab, 2, second)];
    routers.push(one, two);
    await bringUp(lab, one, config(1, 150, first));
    await bringUp(lab, two, config(2, 100, second));
    const holders = async (address: string): Promise<string> => {
      const held = await Promise.all([one, two].map(({ host }) => host.hasAddress('eth0', address)));
      return held.map((has, index) => (has ? index + 1 : '')).join('');
    };
    const settled = async (holder: string): Promise<void> => {
      const found = await Promise.all(MODES.map(async ({ name, address }) => `${name} ${await holders(address)}`));
      assert.deepEqual(
        found,
        MODES.map(({ name }) => `${name} ${holder}`),
      );
    };
    const becomes = (holder: string) =>
      eventually(`router ${holder} is master of all`, async () => {
        await settled(holder);
        return true;
      });
    await becomes('1');
    // Longer than any backup waits: whoever did not hear the other would be master by now.
    const until = Date.now() + 4_500;
    await eventually('both live side by side', async () => {
      await settled('1');
      return Date.now() > until;
    });
    await one.host.powerOff();
    await one.cable('eth0').cut();
    await eventually('the survivor is master of all', async () => {
      const held = await Promise.all(MODES.map(({ address }) => two.host.hasAddress('eth0', address)));
      return held.every((has) => has);
    });
    await one.exited();
    // Back again: its sequence numbers begin anew, and it must be heard all the same.
    await one.revive();
    // Only a link that goes up anew gets its link-local address back.
    await one.host.ipBatch(['link set eth0 down', 'link set eth0 up', 'address add fd09::1/64 dev eth0']);
    await addressesReady(one.host);
    await bringUp(lab, one, config(1, 150, first));
    await becomes('1');
    await one.stop();
    await two.stop();
  } catch (error) {
    for (const router of routers) {
      console.error(`--- log of ${router.name} (${router.software.name})\n${router.log()}`);
    }
    throw error;
  } finally {
    await lab.close();
  }
}

describe('together with keepalived in every mode', { skip: await labSkip('keepalived'), concurrency: 2 }, () => {
  test('Keepwatch is master, keepalived its backup', () => electAndDie(underTest, keepalived));

  test('keepalived is master, Keepwatch its backup', () => electAndDie(keepalived, underTest));
});
