/** Routes, rules and static parts in a real kernel, with keepalived as the measure of what it is to show. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bringUp } from './lib/bringUp.js';
import { block, configuration, instance } from './lib/config.js';
import { eventually, never } from './lib/eventually.js';
import type { Host } from './lib/host.js';
import { Lab } from './lib/lab.js';
import { addRouter } from './lib/pair.js';
import type { Router } from './lib/router.js';
import { keepalived } from './lib/software.js';
import { keepwatchSkip, underTest } from './lib/underTest.js';

const VIP = '10.9.0.100';
/** How soon what another program removed is back. */
const PUT_BACK_MS = 200;

/** Every option that keepalived 2.2.7 and this kernel understand. */
const ROUTES = [
  '192.168.200.0/24 dev eth1 table 6909 tos 0x04 scope link priority 12 mtu 1000 hoplimit 100 advmss 101 rtt 300ms rttvar 400ms reordering 104 window 105 cwnd 106 ssthresh lock 107 realms 12/0x14 rto_min 300ms initcwnd 109 initrwnd 110 features ecn add',
  '192.168.100.0/24 table 6909 nexthop via 192.168.101.1 dev eth1 onlink weight 1 nexthop via 192.168.101.2 dev eth1 onlink weight 2',
  'unreachable 192.168.41.0/24',
  'prohibit 192.168.42.0/24 metric 7',
  'throw 192.168.43.0/24 table 55',
  'blackhole 192.168.44.0/24 metric 3 no_track protocol bird',
  '192.168.46.0/24 via 10.9.1.7 dev eth1 onlink mtu lock 1300 congctl lock reno quickack 1 rto_min 1s fastopen_no_cookie 1',
  '192.168.48.0/24 gw 10.9.0.50',
  '192.168.49.0/24 via 10.9.1.3 encap ip id 12 dst 10.1.1.1 src 10.1.1.2 tos 4 ttl 7',
  'default via 10.9.1.254 table 77',
  '192.168.52.0/24 dev eth1 metric 5 append',
  '192.168.52.0/24 dev eth0 metric 5 append',
  '192.168.53.0/24 dev eth1 window 10 hoplimit 0 scope 100',
  '192.168.54.0/24 dev eth1 protocol bird no_track',
  'multicast 224.1.2.0/24 dev eth1 table 7',
  '192.168.56.0/24 nexthop via 10.9.1.3 dev eth1 weight 256 nexthop via 10.9.1.4 weight 2 realms 3',
  'src 10.9.0.100 to 192.168.57.0/24 via 10.9.1.50 dev eth1 metric 12 table 55',
  '2001:db8:a::/64 via 2001:db8:1::7 dev eth1 pref high expires 600 mtu 1400',
  '2001:db8:b::/64 nexthop via 2001:db8:1::7 dev eth1 weight 2 nexthop via 2001:db8:1::8 dev eth1 weight 9',
  'unreachable 2001:db8:c::/64',
];
const RULES = [
  'to 192.168.20.0/24 iif eth1 table 56',
  'from 192.168.28.0/24 to 192.168.29.0/26 table 77 iif eth1 oif eth0 tos 16 fwmark 24/12 preference 39 realms 30/20',
  'to 1:2:3:4:5:6:7:0/112 from 7:6:5:4:3:2::/96 table 6908 uidrange 10000-19999',
  'to 1:2:3:4:6:6:7:0/112 from 8:6:5:4:3:2::/96 l3mdev protocol 12 ipproto UDP sport 10-20 dport 20-30',
  'not from 10.0.0.0/8 blackhole',
  'from 10.1.0.0/16 unreachable',
  'from 10.2.0.0/16 type prohibit',
  'from 10.3.0.0/16 nop preference 1000',
  'from 10.4.0.0/16 fwmark 7 table main suppress_prefixlength 0 suppress_ifgroup default',
  'from 10.6.0.0/16 goto 17000 preference 16000',
  'from 10.7.0.0/16 table 7 dsfield 8',
  'iif eth0 table 9 inet6',
];

/** What `ip` shows, each entry as text, sorted; the time a route still lives differs from look to look. */
async function shown(host: Host, ...args: readonly string[]): Promise<string[]> {
  const entries = JSON.parse((await host.ip('-d', '-j', ...args)) || '[]') as Record<string, unknown>[];
  return entries.map(({ expires: _, ...entry }) => JSON.stringify(entry)).sort();
}

async function routing(host: Host): Promise<Record<string, string[]>> {
  return {
    'routes of keepalived': await shown(host, 'route', 'show', 'table', 'all', 'proto', 'keepalived'),
    'routes of bird': await shown(host, 'route', 'show', 'table', 'all', 'proto', 'bird'),
    'IPv6 routes': await shown(host, '-6', 'route', 'show', 'table', 'all', 'proto', 'keepalived'),
    rules: await shown(host, 'rule'),
    'IPv6 rules': await shown(host, '-6', 'rule'),
  };
}

async function hasRoute(host: Host, ...words: readonly string[]): Promise<boolean> {
  return (await host.ip('route', 'show', ...words)).trim() !== '';
}

const hasRule = async (host: Host, preference: number): Promise<boolean> =>
  new RegExp(`^${preference}:`, 'm').test(await host.ip('rule'));

/** Starts a router with a second interface that speaks IPv6 too. */
async function started(lab: Lab, router: Router, config: string): Promise<Router> {
  await router.host.ip('-6', 'address', 'add', '2001:db8:1::1/64', 'dev', 'eth1', 'nodad');
  await bringUp(lab, router, config);
  return router;
}

async function withRouter(config: string, body: (lab: Lab, router: Router) => Promise<void>): Promise<void> {
  const lab = await Lab.start();
  try {
    const router = await addRouter(lab, 'r1', underTest, { eth0: '10.9.0.1/24', eth1: '10.9.1.1/24' });
    await started(lab, router, config);
    try {
      await eventually('MASTER', () => router.host.hasAddress('eth0', VIP), { within: 8_000 });
      await body(lab, router);
    } catch (error) {
      console.error(`--- log of ${router.name}\n${router.log()}`);
      throw error;
    }
  } finally {
    await lab.close();
  }
}

describe('routes and rules', { skip: await keepwatchSkip('keepalived'), concurrency: 2 }, () => {
  test('the kernel shows what keepalived makes it show, and nothing of it after a stop', async () => {
    const lab = await Lab.start();
    try {
      const config = (vrid: number): string =>
        configuration(
          block('static_routes', ['192.168.60.0/24 via 10.9.0.50 dev eth0']),
          block('static_rules', ['from 192.168.60.0/24 table 60']),
          instance({
            priority: 150,
            vrid,
            addresses: [`${VIP}/24`],
            more: [block('virtual_routes', ROUTES), block('virtual_rules', RULES)],
          }),
        );
      const theirs = await addRouter(lab, 'r1', keepalived, { eth0: '10.9.0.1/24', eth1: '10.9.1.1/24' });
      const ours = await addRouter(lab, 'r2', underTest, { eth0: '10.9.0.2/24', eth1: '10.9.1.2/24' });
      const before = await routing(ours.host);
      await started(lab, theirs, config(51));
      await started(lab, ours, config(52));
      for (const router of [theirs, ours]) {
        await eventually(`${router.name} is master`, () => hasRoute(router.host, '192.168.48.0/24'), { within: 9_000 });
      }
      const expected = await routing(theirs.host);
      assert.ok((expected['routes of keepalived'] ?? []).length >= 16, 'keepalived made routes');
      await eventually('all is there', async () => {
        assert.deepEqual(await routing(ours.host), expected);
        return true;
      });
      await ours.stop();
      assert.deepEqual(await routing(ours.host), before);
    } finally {
      await lab.close();
    }
  });

  test('what another program removes is back at once, but for no_track; the master stays', async () => {
    const config = configuration(
      block('static_ipaddress', ['10.9.5.1/24 dev eth1']),
      block('static_routes', ['192.168.60.0/24 via 10.9.0.50 dev eth0']),
      instance({
        priority: 150,
        addresses: [`${VIP}/24`],
        more: [
          block('virtual_routes', ['192.168.1.0/24 via 10.9.1.50 dev eth1', '192.168.2.0/24 dev eth1 no_track']),
          block('virtual_rules', ['from 192.168.1.0/24 table 100 preference 1000']),
        ],
      }),
    );
    await withRouter(config, async (_lab, { host }) => {
      const removals: readonly (readonly [string, readonly string[], () => Promise<boolean>])[] = [
        ['the route', ['route', 'del', '192.168.1.0/24'], () => hasRoute(host, '192.168.1.0/24')],
        ['the rule', ['rule', 'del', 'preference', '1000'], () => hasRule(host, 1000)],
        ['the static route', ['route', 'del', '192.168.60.0/24'], () => hasRoute(host, '192.168.60.0/24')],
        [
          'the static address',
          ['address', 'del', '10.9.5.1/24', 'dev', 'eth1'],
          () => host.hasAddress('eth1', '10.9.5.1'),
        ],
      ];
      for (const [what, words, there] of removals) {
        await eventually(`${what} is there`, there);
        await host.ip(...words);
        const at = performance.now();
        await eventually(`${what} is back`, there, { every: 5 });
        const took = performance.now() - at;
        assert.ok(took < PUT_BACK_MS, `${what}: ${took.toFixed(0)} ms`);
      }
      // A route that somebody replaces is gone without a message that says so.
      await host.ip('route', 'replace', '192.168.1.0/24', 'via', '10.9.1.51', 'dev', 'eth1');
      await eventually('the replaced route is back', () =>
        hasRoute(host, '192.168.1.0/24', 'via', '10.9.1.50', 'proto', 'keepalived'),
      );
      await host.ip('route', 'del', '192.168.2.0/24');
      await never('a route that is not tracked comes back', () => hasRoute(host, '192.168.2.0/24'), { during: 300 });
      assert.ok(await host.hasAddress('eth0', VIP), 'the master stays');

      // The kernel drops routes without a word when their interface goes down.
      await host.ip('link', 'set', 'eth1', 'down');
      await eventually(
        'FAULT while the interface of a route is down',
        async () => !(await host.hasAddress('eth0', VIP)),
      );
      await host.ip('link', 'set', 'eth1', 'up');
      await eventually('MASTER again', () => host.hasAddress('eth0', VIP), { within: 8_000 });
      await eventually('with its route', () => hasRoute(host, '192.168.1.0/24'));
      await eventually('and the static address', () => host.hasAddress('eth1', '10.9.5.1'));
    });
  });

  test('a killed vrrpd, a reload and a stop touch only what is to change; what was there before stays', async () => {
    const config = (routes: readonly string[]): string =>
      configuration(
        block('static_ipaddress', ['10.9.6.1/24 dev eth0', '10.9.7.1/24 dev eth0']),
        block('static_routes', ['192.168.60.0/24 via 10.9.0.50 dev eth0', '192.168.61.0/24 dev late0']),
        instance({
          priority: 150,
          addresses: [`${VIP}/24`],
          more: [
            block('virtual_routes', routes),
            block('virtual_rules', ['from 192.168.1.0/24 table 100 preference 1000', 'to 192.168.1.0/24 table 101']),
          ],
        }),
      );
    const kept = '192.168.1.0/24 via 10.9.1.50 dev eth1';
    const lab = await Lab.start();
    let stopListening = (): void => {};
    try {
      const router = await addRouter(lab, 'r1', underTest, { eth0: '10.9.0.1/24', eth1: '10.9.1.1/24' });
      const { host } = router;
      await host.ip('address', 'add', '10.9.6.1/24', 'dev', 'eth0');
      await host.ip('rule', 'add', 'from', '192.168.1.0/24', 'table', '100', 'preference', '1000');
      await started(lab, router, config([kept, '192.168.2.0/24 dev eth1']));
      await eventually('MASTER', () => hasRoute(host, '192.168.2.0/24'), { within: 8_000 });

      const monitor = host.spawnInNetwork(['ip', 'monitor', 'route', 'rule', 'address']);
      stopListening = () => void monitor.kill();
      let heard = '';
      monitor.stdout?.setEncoding('utf8').on('data', (text: string) => {
        heard += text;
      });
      const deleted = (): string[] => heard.split('\n').filter((line) => line.startsWith('Deleted'));

      const vrrpd = host.processes().find(({ argv }) => argv.some((word) => word.includes('cmd/vrrpd/')));
      assert.ok(vrrpd, 'vrrpd runs');
      process.kill(vrrpd.pid, 'SIGKILL');
      await eventually('another vrrpd is master', () => router.log().includes('cause=resumed'), { within: 10_000 });
      assert.deepEqual(deleted(), [], 'nothing is touched by the crash');

      router.reload(config([kept, '192.168.3.0/24 dev eth1']));
      await eventually('the new route', () => hasRoute(host, '192.168.3.0/24'), { within: 8_000 });
      await eventually('the old route is gone', async () => !(await hasRoute(host, '192.168.2.0/24')));
      assert.deepEqual(
        deleted().filter((line) => !line.includes('192.168.2.0/24')),
        [],
        'the reload touches only the difference',
      );

      await host.ip('link', 'add', 'late0', 'type', 'veth', 'peer', 'name', 'late1');
      await host.ip('link', 'set', 'late1', 'up');
      await host.ip('link', 'set', 'late0', 'up');
      await eventually('the route of an interface that came late', () => hasRoute(host, '192.168.61.0/24'));

      await router.stop();
      assert.ok(await host.hasAddress('eth0', '10.9.6.1'), 'the address that was there before stays');
      assert.ok(!(await host.hasAddress('eth0', '10.9.7.1')), 'ours goes');
      assert.ok(await hasRule(host, 1000), 'the rule that was there before stays');
      assert.ok(!(await hasRoute(host, 'proto', 'keepalived')), 'no route of ours is left');
    } catch (error) {
      console.error(String(error));
      throw error;
    } finally {
      stopListening();
      await lab.close();
    }
  });

  test('a static route of a track_group that is missing means FAULT, until it can be put there', async () => {
    const config = configuration(
      block('track_group G', [block('group', ['VI_1'])]),
      block('static_routes', ['192.168.60.0/24 via 10.9.8.50 track_group G']),
      instance({ priority: 150, addresses: [`${VIP}/24`] }),
    );
    const lab = await Lab.start();
    try {
      const router = await addRouter(lab, 'r1', underTest, { eth0: '10.9.0.1/24', eth1: '10.9.1.1/24' });
      await bringUp(lab, router, config);
      await eventually('FAULT', () => /Entering FAULT STATE: static route 192\.168\.60\.0\/24/.test(router.log()));
      await router.host.ip('address', 'add', '10.9.8.1/24', 'dev', 'eth1');
      await eventually('MASTER', () => router.host.hasAddress('eth0', VIP), { within: 8_000 });
      assert.ok(await hasRoute(router.host, '192.168.60.0/24'));
      await router.stop();
    } finally {
      await lab.close();
    }
  });
});
