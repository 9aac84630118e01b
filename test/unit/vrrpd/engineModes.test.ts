import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FakeWorld } from '../../../services/shared/kernel/fakeWorld.js';
import { micros, millis, seconds } from '../../../services/shared/time/duration.js';
import type { HmacConfig, InstanceConfig, UnicastConfig } from '../../../services/vrrpd/config/model.js';
import { config, instance, ip, Machine, newWorld, position, vip } from './support.js';

const unicast = (peer: string, changes: Partial<UnicastConfig> = {}): UnicastConfig => ({
  peers: [{ address: ip(peer), minTtl: 0, maxTtl: 255 }],
  ttl: 255,
  onlyPeers: true,
  oldChecksum: 'auto',
  ...changes,
});

const key = (id: number) => ({ id, secret: { bytes: new Uint8Array(32).fill(id) }, position });

const hmac = (changes: Partial<HmacConfig> = {}): HmacConfig => ({
  keys: [key(1)],
  activeKey: 1,
  windowSeconds: 5,
  mode: 'enforce',
  ...changes,
});

const ah = { type: 'ah', password: Buffer.from('secret') } as const;
const none = { type: 'none' } as const;

/** Two machines with the same settings, the first one better; `changes` may depend on the machine. */
function two(changes: (own: 1 | 2) => Partial<InstanceConfig>): { world: FakeWorld; one: Machine; other: Machine } {
  const world = newWorld();
  const [one, other] = [new Machine(world, 1), new Machine(world, 2)];
  one.engine.apply(config([instance({ priority: 150, ...changes(1) })]));
  other.engine.apply(config([instance({ priority: 100, ...changes(2) })]));
  return { world, one, other };
}

const peerOf = (own: 1 | 2) => `10.0.0.${own === 1 ? 2 : 1}`;
const drops = (machine: Machine) => Object.fromEntries(machine.engine.routers.get('VI_1')?.drops ?? []);

describe('engines that elect', () => {
  const modes: readonly (readonly [string, (own: 1 | 2) => Partial<InstanceConfig>])[] = [
    ['by unicast', (own) => ({ unicast: unicast(peerOf(own)) })],
    ['by unicast, version 3', (own) => ({ version: 3, auth: none, unicast: unicast(peerOf(own)) })],
    [
      'by unicast from a configured address',
      (own) => ({ unicast: unicast(peerOf(own)), sourceAddress: ip(`10.0.0.${own}`) }),
    ],
    ['inside Authentication Headers', () => ({ auth: ah })],
    ['inside Authentication Headers by unicast', (own) => ({ auth: ah, unicast: unicast(peerOf(own)) })],
    ['with signatures', () => ({ auth: none, hmac: hmac() })],
    [
      'with signatures, version 3 by unicast',
      (own) => ({ version: 3, auth: none, hmac: hmac(), unicast: unicast(peerOf(own)) }),
    ],
    ['with the checksum of the message only', () => ({ version: 3, auth: none, checksumV3: 'message' })],
    [
      'with the checksum of keepalived until 1.3.6',
      (own) => ({
        version: 3,
        auth: none,
        unicast: unicast(peerOf(own), { oldChecksum: own === 1 ? 'always' : 'auto' }),
      }),
    ],
  ];
  for (const [title, changes] of modes) {
    it(`${title}: one master, and the other takes over when it dies`, () => {
      const { world, one, other } = two(changes);
      world.advance(seconds(10));
      assert.deepEqual([one.state(), other.state()], ['master', 'backup']);
      assert.deepEqual(drops(other), {});
      one.kill();
      world.advance(seconds(4));
      assert.equal(other.state(), 'master');
    });
  }

  it('send only to their peers', () => {
    const { world } = two((own) => ({ unicast: unicast(peerOf(own), { ttl: 7 }) }));
    world.advance(seconds(5));
    assert.ok(world.sent.length > 0);
    for (const { destination, ttl } of world.sent) {
      assert.match(destination.join('.'), /^10\.0\.0\.[12]$/);
      assert.equal(ttl, 7);
    }
  });

  it('send to every peer, also when one of them cannot be reached', () => {
    const world = newWorld();
    const one = new Machine(world, 1);
    const peers = ['10.0.0.2', '10.0.0.3'].map((text) => ({ address: ip(text), minTtl: 0, maxTtl: 255 }));
    one.engine.apply(config([instance({ priority: 255, unicast: unicast('10.0.0.2', { peers }) })]));
    world.advance(seconds(1.5));
    assert.deepEqual(
      world.sent.map(({ destination }) => destination.join('.')),
      ['10.0.0.2', '10.0.0.3', '10.0.0.2', '10.0.0.3'],
    );
  });

  it('answer the checksum of old with the same', () => {
    const { world, one, other } = two((own) => ({
      version: 3,
      auth: none,
      unicast: unicast(peerOf(own), { oldChecksum: own === 1 ? 'always' : 'auto' }),
    }));
    world.advance(seconds(5));
    one.kill();
    world.advance(seconds(5));
    assert.equal(other.state(), 'master');
    const last = world.sent.at(-1);
    assert.equal(last?.from, 'R2');
    // With the multicast group in place of the peer: 10.0.0.2 > 224.0.0.18.
    const sums = new Set(world.sent.map(({ payload }) => payload.readUInt16BE(6)));
    assert.ok(sums.size >= 2);
    one.start();
    one.engine.apply(
      config([
        instance({ priority: 50, version: 3, auth: none, unicast: unicast('10.0.0.2', { oldChecksum: 'always' }) }),
      ]),
    );
    world.advance(seconds(5));
    assert.deepEqual([one.state(), other.state()], ['backup', 'master']);
    assert.deepEqual(drops(one), {});
  });

  it('do not hear what comes with another password, key or sender, and count it', () => {
    const cases: readonly (readonly [string, (own: 1 | 2) => Partial<InstanceConfig>])[] = [
      ['ah-value', (own) => ({ auth: { type: 'ah', password: Buffer.from(`secret${own}`) } })],
      ['hmac-key', (own) => ({ auth: none, hmac: hmac({ keys: [key(own)], activeKey: own }) })],
      ['hmac-missing', (own) => ({ auth: none, ...(own === 2 ? { hmac: hmac() } : {}) })],
      ['length', (own) => ({ auth: none, ...(own === 1 ? { hmac: hmac() } : {}) })],
      ['unicast-source', (own) => ({ unicast: unicast(own === 1 ? '10.0.0.2' : '10.0.0.9') })],
    ];
    for (const [reason, changes] of cases) {
      const { world, one, other } = two(changes);
      world.advance(seconds(10));
      assert.deepEqual([one.state(), other.state()], ['master', 'master'], reason);
      assert.ok((drops(other)[reason] ?? 0) > 0, `${reason}: ${JSON.stringify(drops(other))}`);
    }
  });

  it('rotate keys without a gap: make, move, break', () => {
    const { world, one, other } = two(() => ({ auth: none, hmac: hmac() }));
    const reload = (machine: Machine, priority: number, changes: Partial<HmacConfig>) => {
      machine.engine.apply(config([instance({ priority, auth: none, hmac: hmac(changes) })]));
      world.advance(seconds(5));
      assert.deepEqual([one.state(), other.state()], ['master', 'backup']);
    };
    world.advance(seconds(5));
    const both = [key(1), key(2)];
    reload(one, 150, { keys: both });
    reload(other, 100, { keys: both });
    reload(one, 150, { keys: both, activeKey: 2 });
    reload(other, 100, { keys: both, activeKey: 2 });
    reload(one, 150, { keys: [key(2)], activeKey: 2 });
    reload(other, 100, { keys: [key(2)], activeKey: 2 });
    assert.deepEqual(drops(other), {});
  });

  it('begin to sign without a gap: receive-only, permissive, enforce', () => {
    const { world, one, other } = two(() => ({ auth: none }));
    world.advance(seconds(5));
    for (const mode of ['receive-only', 'permissive', 'enforce'] as const) {
      for (const [machine, priority] of [
        [one, 150],
        [other, 100],
      ] as const) {
        machine.engine.apply(config([instance({ priority, auth: none, hmac: hmac({ mode }) })]));
        world.advance(seconds(5));
        assert.deepEqual([one.state(), other.state()], ['master', 'backup'], mode);
      }
    }
    assert.deepEqual(drops(other), {});
  });

  it('do not take a captured goodbye again', async () => {
    const { world, one, other } = two(() => ({ auth: none, hmac: hmac() }));
    world.advance(seconds(5));
    const stopped = one.engine.stop(false);
    world.advance(seconds(3));
    await stopped;
    const goodbye = world.sent.findLast(({ from, payload }) => from === 'R1' && payload[2] === 0);
    assert.ok(goodbye);
    one.start();
    one.engine.apply(config([instance({ priority: 150, auth: none, hmac: hmac() })]));
    world.advance(seconds(10));
    assert.deepEqual([one.state(), other.state()], ['master', 'backup']);
    world.transmit(goodbye);
    world.advance(seconds(2));
    assert.equal(other.state(), 'backup');
    assert.deepEqual(drops(other), { 'hmac-stale': 1 });
  });

  it('hear a router again that was restarted and counts its Authentication Headers from the time', () => {
    const { world, one, other } = two(() => ({ auth: ah }));
    world.advance(seconds(30));
    one.kill();
    one.slots.slots.clear();
    world.advance(seconds(1));
    one.start();
    one.engine.apply(config([instance({ priority: 150, auth: ah })]));
    world.advance(seconds(10));
    assert.deepEqual([one.state(), other.state()], ['master', 'backup']);
    assert.deepEqual(drops(other), {});
  });

  it('do not tell who shares a VRID but not the peers', () => {
    const world = newWorld();
    const machines = [1, 2, 3].map((host) => new Machine(world, host));
    const [hub, left, right] = machines;
    assert.ok(hub !== undefined && left !== undefined && right !== undefined);
    hub.engine.apply(
      config([
        instance({ name: 'VI_1', priority: 100, unicast: unicast('10.0.0.2') }),
        instance({ name: 'VI_2', priority: 200, unicast: unicast('10.0.0.3') }),
      ]),
    );
    left.engine.apply(config([instance({ priority: 150, unicast: unicast('10.0.0.1') })]));
    right.engine.apply(config([instance({ priority: 150, unicast: unicast('10.0.0.1') })]));
    world.advance(seconds(10));
    assert.deepEqual(
      [hub.state('VI_1'), left.state(), hub.state('VI_2'), right.state()],
      ['backup', 'master', 'master', 'backup'],
    );
  });

  it('without track_src_ip send with an address they do not have, with it are in FAULT until they have it', () => {
    const world = newWorld();
    const one = new Machine(world, 1);
    const apply = (trackSource: boolean) =>
      one.engine.apply(config([instance({ priority: 150, sourceAddress: ip('10.0.0.77'), trackSource })]));
    apply(true);
    world.advance(seconds(5));
    assert.equal(one.state(), 'fault');
    assert.deepEqual(one.transitions(), ['VI_1 init -> fault (source-missing)']);
    one.kernel.netlink.addAddresses([
      { ifindex: 2, family: 4, address: Buffer.from(ip('10.0.0.77').bytes), prefixLength: 24 },
    ]);
    world.advance(seconds(5));
    assert.equal(one.state(), 'master');
    one.kernel.netlink.removeAddresses([
      { ifindex: 2, family: 4, address: Buffer.from(ip('10.0.0.77').bytes), prefixLength: 24 },
    ]);
    world.advance(seconds(5));
    assert.equal(one.state(), 'fault');
    apply(false);
    world.advance(seconds(5));
    assert.equal(one.state(), 'master');
  });

  it('wait vrrp_delay_after_boot from the boot on', () => {
    const world = newWorld();
    const one = new Machine(world, 1);
    const { global, ...rest } = config([instance({ priority: 255 })]);
    const boot = world.clock.now();
    one.engine.apply({ ...rest, global: { ...global, delayAfterBoot: micros(boot + 7_000_000) } });
    world.advance(seconds(6.9));
    assert.equal(one.state(), 'init');
    world.advance(seconds(0.2));
    assert.equal(one.state(), 'master');
  });

  it('share a VRID with other unicast peers, and one that leaves is not hurried by the other', () => {
    const to = (name: string, peer: string, address: string): InstanceConfig =>
      instance({ name, priority: 255, unicast: unicast(peer), vips: [vip(address)] });
    const [toSecond, toThird] = [to('A', '10.0.0.2', '10.0.0.100/24'), to('B', '10.0.0.3', '10.0.0.101/24')];
    // Also when one goes and the other comes in one reload.
    for (const between of [[[]], []]) {
      const world = newWorld();
      const one = new Machine(world, 1);
      one.engine.apply(config([toSecond]));
      assert.equal(one.state('A'), 'master');
      for (const instances of between) one.engine.apply(config(instances));
      one.engine.apply(config([toThird]));
      world.advance(millis(100));
      assert.equal(one.state('B'), 'master');
      assert.deepEqual(
        [...one.engine.departing].map(({ name }) => name),
        ['A'],
      );
      assert.equal(one.holds('10.0.0.100'), true, 'clients are answered until the successor is there');
      world.advance(seconds(1));
      assert.deepEqual([one.holds('10.0.0.100'), one.holds('10.0.0.101')], [false, true]);
    }
    const world = newWorld();
    const one = new Machine(world, 1);
    one.engine.apply(config([toSecond]));
    one.engine.apply(config([{ ...toSecond, name: 'renamed' }]));
    assert.deepEqual([...one.engine.departing], [], 'the same virtual router under another name is in the way');
  });
});
