/** The virtual MAC beside keepalived: who sends what with which MAC, what clients learn, and what is left afterwards. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bringUp } from './lib/bringUp.js';
import type { Capture } from './lib/capture.js';
import { configuration, instance } from './lib/config.js';
import { Control } from './lib/control.js';
import { eventually } from './lib/eventually.js';
import type { Host } from './lib/host.js';
import { FIRST, type Pair, SECOND, VIP, withPair } from './lib/pair.js';
import type { Router } from './lib/router.js';
import { keepalived, type Software } from './lib/software.js';
import { keepwatchSkip, labSkip, underTest } from './lib/underTest.js';
import { Wire } from './lib/wire.js';

const MAC = '00:00:5e:00:01:33';
const BASE_VIP = '10.9.0.101';
const BASE_MAC = '00:00:5e:00:01:34';
const OWN_VIP = '10.9.0.102';
const OWN_MAC = '02:00:00:00:09:35';
const IPV6_VIP = 'fe80::9:104';
const IPV6_MAC = '00:00:5e:00:02:36';

/** The four ways, each with its interface, virtual MAC and address. */
const WAYS = [
  { name: 'PLAIN', vrid: 51, device: 'vrrp.51', mac: MAC, address: VIP, lines: ['use_vmac'] },
  {
    name: 'BASE',
    vrid: 52,
    device: 'vmac0',
    mac: BASE_MAC,
    address: BASE_VIP,
    lines: ['use_vmac vmac0', 'vmac_xmit_base'],
  },
  { name: 'OWN', vrid: 53, device: 'own0', mac: OWN_MAC, address: OWN_VIP, lines: [`use_vmac own0 ${OWN_MAC}`] },
  { name: 'SIX', vrid: 54, device: 'vrrp6', mac: IPV6_MAC, address: IPV6_VIP, lines: ['use_vmac vrrp6'] },
] as const;

const config = (priority: number) =>
  configuration(
    ...WAYS.map(({ name, vrid, address, lines }) =>
      instance({ name, vrid, priority, addresses: [address], more: ['version 3', 'advert_int 0.2', ...lines] }).replace(
        'advert_int 1\n',
        '\n',
      ),
    ),
  );

const linkOf = async (host: Host, device: string): Promise<string | undefined> => {
  const links = JSON.parse(await host.ip('-j', '-d', 'link')) as { ifname: string; address: string }[];
  return links.find(({ ifname }) => ifname === device)?.address;
};

/** What a client's table says about an address. */
const neighbourOf = async (client: Host, address: string): Promise<string | undefined> => {
  const entries = JSON.parse(await client.ip('-j', 'neighbour', 'show', address)) as { lladdr?: string }[];
  return entries[0]?.lladdr;
};

const holds = async (host: Host): Promise<boolean> => {
  const held = await Promise.all(WAYS.map(({ device, address }) => host.hasAddress(device, address)));
  return held.every((has) => has);
};

/** Both elect together; the master speaks with its virtual MACs, and when it dies the other one does. */
async function electAndDie(first: Software, second: Software): Promise<void> {
  await withPair(first, second, async (topology, capture) => {
    const { lab, first: one, second: two } = topology;
    const wire = await Wire.start(lab);
    await bringUp(lab, one, config(150));
    await eventually('the first router is master of all', () => holds(one.host), { within: 10_000 });
    await bringUp(lab, two, config(100));
    const since = Date.now();
    for (const { vrid, mac } of WAYS.filter(({ name }) => name === 'PLAIN' || name === 'OWN')) {
      await speaks(capture, FIRST, vrid, mac, since);
    }
    await speaks(capture, FIRST, 52, await macOf(one.host), since);
    const six = await wire.frame(
      'an IPv6 advertisement',
      ({ protocols, vrid }) => protocols.includes('ipv6') && vrid === 54,
    );
    assert.equal(six.source, IPV6_MAC);
    await seenBy(topology, one);

    await one.host.powerOff();
    await one.cable('eth0').cut();
    const diedAt = Date.now();
    await one.exited();
    await eventually('the survivor is master of all', () => holds(two.host), { within: 8_000 });
    await speaks(capture, SECOND, 51, MAC, diedAt);
    await speaks(capture, SECOND, 52, await macOf(two.host), diedAt);
    await seenBy(topology, two);
    await two.stop();
    for (const { device } of WAYS) assert.equal(await linkOf(two.host, device), undefined, `${device} is gone`);
  });
}

const macOf = async (host: Host): Promise<string> => (await linkOf(host, 'eth0')) ?? '';

async function speaks(capture: Capture, source: string, vrid: number, mac: string, since: number): Promise<void> {
  const advert = await capture.advert(
    `VRID ${vrid} of ${source}`,
    (entry) => entry.source === source && entry.vrid === vrid && entry.at > since && entry.priority > 0,
  );
  assert.equal(advert.sourceMac, mac, `VRID ${vrid} of ${source}`);
}

/** A client reaches every IPv4 address, and knows it by its virtual MAC. */
async function seenBy({ client }: Pair, master: Router): Promise<void> {
  for (const { address, mac } of WAYS.filter(({ address }) => !address.includes(':'))) {
    await client.ip('neighbour', 'flush', 'to', address);
    await eventually(`the client reaches ${address}`, async () => {
      const { status } = await client.tryInside(['ping', '-n', '-c', '1', '-W', '1', address]);
      return status === 0;
    });
    // keepalived 2.2.7 leaves arp_announce alone, so its next ARP request takes the entry away from the virtual MAC.
    if (master.software.name === 'keepwatch') assert.equal(await neighbourOf(client, address), mac, address);
  }
}

describe('virtual MACs together with keepalived', { skip: await labSkip('keepalived', 'tshark') }, () => {
  test('Keepwatch is master, keepalived its backup', () => electAndDie(underTest, keepalived));

  test('keepalived is master, Keepwatch its backup', () => electAndDie(keepalived, underTest));
});

const REFUSED = '10.9.0.101';

const setting = async (host: Host, name: string): Promise<string> => {
  const { stdout } = await host.tryInside(['cat', `/proc/sys/net/ipv4/conf/eth0/${name}`]);
  return stdout.trim();
};

const indexOf = async (host: Host, device: string): Promise<number | undefined> => {
  const links = JSON.parse(await host.ip('-j', 'link')) as { ifname: string; ifindex: number }[];
  return links.find(({ ifname }) => ifname === device)?.ifindex;
};

const vrrpdOf = (router: Router): number => {
  const found = router.host.processes().find(({ argv }) => argv.some((word) => word.endsWith('/cmd/vrrpd/main.js')));
  if (found === undefined) throw new Error('vrrpd does not run');
  return found.pid;
};

describe('what vrrpd does to its machine', { skip: await keepwatchSkip('nft') }, () => {
  test('settings and filter come and go, the macvlan survives kill -9 and comes back when it is deleted', async () => {
    await withPair(underTest, underTest, async ({ lab, first, client }, capture) => {
      const { host } = first;
      const before = [await setting(host, 'arp_ignore'), await setting(host, 'arp_announce')];
      const text = configuration(
        instance({ priority: 150, addresses: [VIP], more: ['use_vmac'] }),
        instance({ name: 'CLOSED', vrid: 52, priority: 150, addresses: [REFUSED], more: ['no_accept'] }),
      );
      await bringUp(lab, first, text);
      const control = Control.of(lab, first);
      await control.reaches('MASTER', 'VI_1', { within: 15_000 });
      await control.reaches('MASTER', 'CLOSED', { within: 15_000 });
      assert.deepEqual([await setting(host, 'arp_ignore'), await setting(host, 'arp_announce')], ['1', '2']);
      const ping = async (address: string): Promise<boolean> =>
        (await client.tryInside(['ping', '-n', '-c', '1', '-W', '1', address])).status === 0;
      await eventually('the client reaches the address', () => ping(VIP));
      assert.equal(await ping(REFUSED), false, 'no_accept');
      assert.equal(await neighbourOf(client, REFUSED), await macOf(host), 'ARP is answered all the same');

      const tables = async (): Promise<string> => (await host.tryInside(['nft', 'list', 'ruleset'])).stdout;
      const filter = (await tables()).replace(/handle \d+/g, '');
      assert.match(filter, /@vips drop/);
      for (const attack of [
        'flush ruleset',
        'flush table ip keepwatch',
        'delete table ip6 keepwatch',
        'flush ruleset',
      ]) {
        assert.equal((await host.tryInside(['nft', ...attack.split(' ')])).status, 0, attack);
        await eventually(`the filter is back after nft ${attack}`, async () => (await tables()) === filter);
      }
      assert.match(first.log(), /nftables table keepwatch was changed by 'nft' and is put back, time 4 in a row/);
      assert.equal(await ping(REFUSED), false, 'no_accept again');

      const made = await indexOf(host, 'vrrp.51');
      const pid = vrrpdOf(first);
      process.kill(pid, 'SIGKILL');
      await eventually('another vrrpd runs', () => vrrpdOf(first) !== pid, { within: 15_000 });
      await control.ready();
      await control.reaches('MASTER', 'VI_1', { within: 15_000 });
      assert.equal(await indexOf(host, 'vrrp.51'), made, 'the interface is the same');
      assert.equal(
        capture.lastAdvert(({ priority }) => priority === 0),
        undefined,
        'nobody said goodbye',
      );

      await host.ip('link', 'delete', 'vrrp.51');
      await eventually('the interface is made again, with its address', () => host.hasAddress('vrrp.51', VIP));
      assert.notEqual(await indexOf(host, 'vrrp.51'), made);
      assert.equal(await linkOf(host, 'vrrp.51'), MAC);
      await control.reaches('MASTER');

      await first.stop();
      assert.equal(await indexOf(host, 'vrrp.51'), undefined, 'the interface is gone');
      assert.deepEqual([await setting(host, 'arp_ignore'), await setting(host, 'arp_announce')], before);
      assert.equal((await host.tryInside(['nft', 'list', 'tables'])).stdout.trim(), '', 'the tables are gone');
      assert.ok(await eventually('nothing answers any more', async () => !(await ping(VIP))));
    });
  });

  test('an interface may be absent, come, go, come again and be renamed', async () => {
    await withPair(underTest, underTest, async ({ lab, first }) => {
      const { host } = first;
      const appear = (): Promise<void> =>
        host.ipBatch([
          'link add eth7 type veth peer name far7',
          'link set far7 up',
          'link set eth7 up',
          'address add 10.9.7.1/24 dev eth7',
        ]);
      const text = configuration(
        instance({ interface: 'eth7', priority: 150, addresses: ['10.9.7.100/24'], more: ['version 3'] }),
      ).replace('router_id LAB', 'router_id LAB\n    dynamic_interfaces allow_if_changes');
      await bringUp(lab, first, text);
      const control = Control.of(lab, first);
      const limits = { within: 15_000 };
      await control.reaches('FAULT', 'VI_1', limits);
      await appear();
      await control.reaches('MASTER', 'VI_1', limits);
      await host.ip('link', 'delete', 'eth7');
      await control.reaches('FAULT', 'VI_1', limits);
      await appear();
      await control.reaches('MASTER', 'VI_1', limits);
      await host.ipBatch(['link set eth7 down', 'link set eth7 name other7', 'link set other7 up']);
      await control.reaches('FAULT', 'VI_1', limits);
      await host.ipBatch(['link set other7 down', 'link set other7 name eth7', 'link set eth7 up']);
      await control.reaches('MASTER', 'VI_1', limits);
      await eventually('the address is there again', () => host.hasAddress('eth7', '10.9.7.100'));
      await first.stop();
    });
  });
});
