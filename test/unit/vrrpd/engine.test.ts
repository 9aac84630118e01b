import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FakeWorld } from '../../../services/shared/kernel/fakeWorld.js';
import { micros, millis, seconds } from '../../../services/shared/time/duration.js';
import { config, group, instance, ip, Machine, newWorld, vip } from './support.js';

/** Advertisements of one machine as `priority@ms`. */
const adverts = (world: FakeWorld, name: string): number[] =>
  world.sent.filter((packet) => packet.from === name).map((packet) => packet.payload[2] ?? -1);

function pair(first = instance({ priority: 150 }), second = instance({ priority: 100 })) {
  const world = newWorld();
  const [one, two] = [new Machine(world, 1), new Machine(world, 2)];
  one.engine.apply(config([first]));
  two.engine.apply(config([second]));
  return { world, one, two };
}

/** Addresses announced on an interface, each time it was. */
const announced = (machine: Machine, ifindex: number): string[] =>
  machine.kernel.sentFrames
    .filter((sent) => sent.ifindex === ifindex)
    .flatMap(({ frames }) => frames.map((frame) => frame.subarray(38, 42).join('.')));

describe('announcements of a master', () => {
  const quiet = { ...instance().garp, masterDelay: micros(0), masterRepeat: 1 };
  const addresses = { vips: [vip('10.0.0.100/24')], excludedVips: [vip('10.1.0.101/24', { dev: 'eth1' })] };

  function master(changes: Parameters<typeof instance>[0]) {
    const world = newWorld();
    const one = new Machine(world, 1);
    one.engine.apply(config([instance({ priority: 255, ...addresses, garp: quiet, ...changes })]));
    return { world, one };
  }

  it('garp_master_refresh announces all addresses, also one that came by a reload', () => {
    const garp = { ...quiet, masterRefresh: seconds(10), masterRefreshRepeat: 2 };
    const { world, one } = master({ garp });
    assert.deepEqual([announced(one, 2), announced(one, 3)], [['10.0.0.100'], ['10.1.0.101']]);
    const vips = [vip('10.0.0.100/24'), vip('10.0.0.102/24')];
    one.engine.apply(config([instance({ priority: 255, ...addresses, vips, garp })]));
    one.kernel.sentFrames.length = 0;
    world.advance(seconds(11));
    const both = ['10.0.0.100', '10.0.0.102'];
    assert.deepEqual(
      [announced(one, 2), announced(one, 3)],
      [
        [...both, ...both],
        ['10.1.0.101', '10.1.0.101'],
      ],
    );
  });

  it('garp_master_refresh goes on after one address had to be put back', () => {
    const { world, one } = master({ garp: { ...quiet, masterRefresh: seconds(10) } });
    one.kernel.netlink.dropAddress(2, Buffer.from(ip('10.0.0.100').bytes));
    world.advance(seconds(1));
    one.kernel.sentFrames.length = 0;
    world.advance(seconds(10));
    assert.deepEqual([announced(one, 2), announced(one, 3)], [['10.0.0.100'], ['10.1.0.101']]);
  });

  it('garp_master_refresh goes on after a crash', () => {
    const configured = config([
      instance({ priority: 200, ...addresses, garp: { ...quiet, masterRefresh: seconds(10) } }),
    ]);
    const world = newWorld();
    const one = new Machine(world, 1);
    one.engine.apply(configured);
    world.advance(seconds(5));
    one.kill();
    one.start().apply(configured);
    assert.equal(one.state(), 'master');
    one.kernel.sentFrames.length = 0;
    world.advance(seconds(11));
    assert.deepEqual(announced(one, 2), ['10.0.0.100']);
  });

  it('garp_extra_if all: one address of every other interface', () => {
    const excludedVips = [vip('10.1.0.101/24', { dev: 'eth1' }), vip('10.1.0.102/24', { dev: 'eth1' })];
    const garp = { ...quiet, extraInterval: seconds(30), extraOnAll: true };
    const { world, one } = master({ excludedVips, garp });
    one.kernel.sentFrames.length = 0;
    world.advance(seconds(61));
    assert.deepEqual([announced(one, 2), announced(one, 3)], [[], ['10.1.0.101', '10.1.0.101']]);
  });

  it('garp_extra_if without all: only of those with a virtual MAC', () => {
    const { world, one } = master({ garp: { ...quiet, extraInterval: seconds(30) } });
    one.kernel.sentFrames.length = 0;
    world.advance(seconds(61));
    assert.deepEqual(announced(one, 3), []);
    one.kernel.addInterface({ name: 'vrrp.51', ifindex: 9, mac: Buffer.from([0, 0, 0x5e, 0, 1, 51]), segment: 'wan' });
    const excludedVips = [vip('10.1.0.101/24', { dev: 'vrrp.51' })];
    const garp = { ...quiet, extraInterval: seconds(30) };
    one.engine.apply(config([instance({ priority: 255, ...addresses, excludedVips, garp })]));
    one.kernel.sentFrames.length = 0;
    world.advance(seconds(31));
    assert.deepEqual(announced(one, 9), ['10.1.0.101']);
  });

  it('stop with mastership', () => {
    const { world, one } = master({
      priority: 200,
      garp: { ...quiet, masterRefresh: seconds(10), extraInterval: seconds(5) },
    });
    world.advance(seconds(5));
    one.kernel.setLinkUp(2, false);
    one.kernel.sentFrames.length = 0;
    world.advance(seconds(60));
    assert.equal(one.arpFrames(), 0);
  });
});

describe('engine', () => {
  it('elects the higher priority, adds the address and announces it', () => {
    const { world, one, two } = pair();
    world.advance(seconds(4));
    assert.deepEqual([one.state(), two.state()], ['master', 'backup']);
    assert.deepEqual([one.holds('10.0.0.100'), two.holds('10.0.0.100')], [true, false]);
    assert.equal(one.arpFrames(), 5);
    world.advance(seconds(5));
    assert.equal(one.arpFrames(), 10, 'second set after garp_master_delay');
    assert.deepEqual(one.transitions(), ['VI_1 init -> backup (startup)', 'VI_1 backup -> master (master-down-timer)']);
    assert.deepEqual(two.transitions(), ['VI_1 init -> backup (startup)']);
  });

  it('advertises before it adds addresses, and adds before it announces', () => {
    const world = newWorld();
    const one = new Machine(world, 1);
    const order: string[] = [];
    const { transmit } = world;
    world.transmit = (packet) => {
      order.push('advert');
      transmit.call(world, packet);
    };
    const { addAddresses } = one.kernel.netlink;
    one.kernel.netlink.addAddresses = (specs) => {
      order.push('add');
      return addAddresses.call(one.kernel.netlink, specs);
    };
    one.kernel.sentFrames.push = (...items) => {
      order.push('arp');
      return items.length;
    };
    one.engine.apply(config([instance({ priority: 255 })]));
    assert.deepEqual(order, ['advert', 'add', 'arp']);
  });

  it('takes over when the master falls silent, and gives back when it returns', () => {
    const { world, one, two } = pair();
    world.advance(seconds(4));
    one.kernel.setLinkUp(2, false);
    assert.equal(one.state(), 'fault');
    assert.equal(one.holds('10.0.0.100'), false);
    // The last advertisement left at 3.414 s.
    world.advance(seconds(3));
    assert.equal(two.state(), 'backup');
    world.advance(seconds(0.1));
    assert.equal(two.state(), 'master');
    one.kernel.setLinkUp(2, true);
    world.advance(seconds(4));
    assert.deepEqual([one.state(), two.state()], ['master', 'backup']);
    assert.equal(two.holds('10.0.0.100'), false);
    assert.ok(one.transitions().includes('VI_1 backup -> master (preempt)'));
  });

  it('keeps an instance without unicast peers out of the election, and says why', () => {
    const world = newWorld();
    const one = new Machine(world, 1);
    const unicast = { peers: [], ttl: 255, onlyPeers: false, oldChecksum: 'auto' } as const;
    one.engine.apply(config([instance({ priority: 150, unicast })]));
    world.advance(seconds(10));
    assert.equal(one.state(), 'fault');
    assert.equal(one.holds('10.0.0.100'), false);
    assert.deepEqual(adverts(world, one.kernel.name), []);
    assert.deepEqual(one.transitions(), ['VI_1 init -> fault (no-peers)']);
  });

  it('waits vrrp_startup_delay before it takes part', () => {
    const world = newWorld();
    const one = new Machine(world, 1);
    const { global, ...rest } = config([instance({ priority: 255 })]);
    one.engine.apply({ ...rest, global: { ...global, startupDelay: seconds(20) } });
    world.advance(seconds(19.9));
    assert.equal(one.state(), 'init');
    assert.deepEqual(adverts(world, one.kernel.name), []);
    world.advance(seconds(0.2));
    assert.equal(one.state(), 'master');
  });

  it('hands over within the skew time on a graceful stop', async () => {
    const { world, one, two } = pair();
    world.advance(seconds(4));
    const stopped = one.engine.stop(false);
    assert.equal(adverts(world, 'R1').at(-1), 0);
    world.advance(millis(608));
    assert.equal(two.state(), 'backup');
    assert.equal(one.holds('10.0.0.100'), true, 'clients are still answered');
    world.advance(millis(4));
    assert.equal(two.state(), 'master');
    assert.equal(one.holds('10.0.0.100'), false);
    await stopped;
    assert.equal(one.kernel.open, 0, 'sockets and timers are closed');
    assert.equal(one.slots.slots.size, 0, 'nothing to resume');
    assert.ok(one.transitions().includes('VI_1 master -> stop (shutdown)'));
    assert.ok(two.transitions().includes('VI_1 backup -> master (priority-zero-advert)'));
  });

  it('sends a whole sync group where one member goes', () => {
    const world = newWorld();
    const [one, two] = [new Machine(world, 1), new Machine(world, 2)];
    const members = (priority: number) => [
      instance({ priority }),
      instance({ name: 'VI_2', interface: 'eth1', vrid: 52, priority, vips: [vip('10.1.0.100/24')] }),
    ];
    one.engine.apply(config(members(150), [group(['VI_1', 'VI_2'])]));
    two.engine.apply(config(members(100), [group(['VI_1', 'VI_2'])]));
    world.advance(seconds(4));
    assert.deepEqual([one.state('VI_1'), one.state('VI_2')], ['master', 'master']);
    one.told.length = 0;
    one.kernel.setLinkUp(3, false);
    assert.deepEqual([one.state('VI_1'), one.state('VI_2')], ['fault', 'fault']);
    assert.deepEqual([one.holds('10.0.0.100'), one.holds('10.1.0.100', 3)], [false, false]);
    assert.deepEqual(one.transitions().sort(), [
      'VG_1 master -> fault (interface-down)',
      'VI_1 master -> fault (group)',
      'VI_2 master -> fault (interface-down)',
    ]);
    world.advance(seconds(4));
    assert.deepEqual([two.state('VI_1'), two.state('VI_2')], ['master', 'master']);
    assert.equal(
      two
        .transitions()
        .filter((line) => line.startsWith('VG_1'))
        .at(-1)
        ?.includes('backup -> master'),
      true,
    );
    one.kernel.setLinkUp(3, true);
    world.advance(seconds(5));
    assert.deepEqual([one.state('VI_1'), one.state('VI_2')], ['master', 'master']);
    assert.deepEqual([two.state('VI_1'), two.state('VI_2')], ['backup', 'backup']);
  });

  it('moves the priority by tracked interfaces and loses the election by it', () => {
    const track = { interface: 'eth1', weight: -60, reverse: false, position: { file: '', line: 1, column: 1 } };
    const { world, one, two } = pair(instance({ priority: 150, trackInterfaces: [track] }));
    world.advance(seconds(4));
    one.kernel.setLinkUp(3, false);
    assert.equal(one.engine.routers.get('VI_1')?.standing.effectivePriority, 90);
    world.advance(seconds(5));
    assert.deepEqual([one.state(), two.state()], ['backup', 'master']);
    one.kernel.setLinkUp(3, true);
    world.advance(seconds(5));
    assert.deepEqual([one.state(), two.state()], ['master', 'backup']);
  });

  it('puts an address back that someone removed, within 200 ms', () => {
    const { world, one } = pair();
    world.advance(seconds(4));
    one.kernel.netlink.dropAddress(2, Buffer.from(ip('10.0.0.100').bytes));
    world.advance(millis(200));
    assert.equal(one.holds('10.0.0.100'), true);
    assert.match(one.told.at(-1)?.note ?? '', /put back: 10\.0\.0\.100\/24/);
  });

  it('goes to FAULT when its interface is deleted and comes back with a new one of the same name', () => {
    const { world, one, two } = pair();
    world.advance(seconds(4));
    one.kernel.removeInterface(2);
    assert.equal(one.state(), 'fault');
    world.advance(seconds(4));
    assert.equal(two.state(), 'master');
    one.plug(9, 'eth0', 'lan', '10.0.0.1');
    world.advance(seconds(5));
    assert.deepEqual([one.state(), two.state()], ['master', 'backup']);
    assert.equal(one.holds('10.0.0.100', 9), true);
  });

  it('removes what a dead predecessor left when it starts as BACKUP', () => {
    const world = newWorld();
    const one = new Machine(world, 1);
    one.kernel.netlink.addAddresses([
      { ifindex: 2, family: 4, address: Buffer.from(ip('10.0.0.100').bytes), prefixLength: 24 },
    ]);
    one.engine.apply(config([instance()]));
    assert.equal(one.holds('10.0.0.100'), false);
  });

  it("leaves an owner's own address alone, from start to stop", async () => {
    const world = newWorld();
    const one = new Machine(world, 1);
    const before = one.addressChanges().length;
    one.engine.apply(config([instance({ priority: 255, vips: [vip('10.0.0.1/24')] })]));
    assert.equal(one.state(), 'master');
    const stopped = one.engine.stop(false);
    world.advance(seconds(1.1));
    await stopped;
    assert.equal(one.holds('10.0.0.1'), true);
    assert.equal(one.addressChanges().length, before);
  });

  it('counts bad packets and is not moved by them', () => {
    const { world, one, two } = pair();
    world.advance(seconds(4));
    const good = world.sent.find((packet) => packet.from === 'R1')?.payload;
    assert.ok(good);
    for (let count = 0; count < 100; count++) {
      const payload = Buffer.from(good);
      payload[6] = (payload[6] ?? 0) ^ 0xff;
      const rogue = { segment: 'lan', family: 4, protocol: 112, from: 'rogue', fromInterface: 'eth0' } as const;
      const addresses = { source: Buffer.from([10, 0, 0, 66]), destination: Buffer.from([224, 0, 0, 18]) };
      world.transmit({ ...rogue, ...addresses, ttl: count % 2 === 0 ? 255 : 64, payload });
      world.advance(millis(40));
    }
    assert.deepEqual([one.state(), two.state()], ['master', 'backup']);
    assert.deepEqual([...(two.engine.packets.interfaceDrops.get('eth0') ?? [])].sort(), [
      ['checksum', 50],
      ['ttl', 50],
    ]);
    assert.equal(two.transitions().length, 1);
  });

  it('follows a master with another address list and counts it: no second master while addresses are rolled out', () => {
    const { world, one, two } = pair(instance({ priority: 150, vips: [vip('10.0.0.100/24'), vip('10.0.0.101/24')] }));
    world.advance(seconds(10));
    assert.deepEqual([one.state(), two.state()], ['master', 'backup']);
    assert.ok((two.engine.routers.get('VI_1')?.drops.get('address-list') ?? 0) > 3);
  });
});

describe('engine, crash and resume', () => {
  it('goes on as MASTER without touching the address or waking the peer', () => {
    const { world, one, two } = pair();
    world.advance(seconds(4.2));
    const changes = one.addressChanges().length;
    const frames = one.arpFrames();
    one.kill();
    world.advance(seconds(2));
    one.start().apply(config([instance({ priority: 150 })]));
    assert.equal(one.state(), 'master');
    world.advance(seconds(5));
    assert.deepEqual([one.state(), two.state()], ['master', 'backup']);
    assert.deepEqual(two.transitions(), ['VI_1 init -> backup (startup)']);
    assert.equal(one.addressChanges().length, changes);
    assert.equal(one.arpFrames(), frames);
  });

  it('starts as BACKUP and cleans up when it was away for too long', () => {
    const { world, one, two } = pair();
    world.advance(seconds(4.2));
    one.kill();
    world.advance(seconds(4));
    assert.equal(two.state(), 'master');
    one.start().apply(config([instance({ priority: 150 })]));
    assert.equal(one.state(), 'backup');
    assert.equal(one.holds('10.0.0.100'), false);
  });

  it('does not resume another virtual router of the same name', () => {
    const { world, one } = pair();
    world.advance(seconds(4.2));
    one.kill();
    one.start().apply(config([instance({ priority: 150, vrid: 99 })]));
    assert.equal(one.state(), 'backup');
  });

  it('does not resume after a graceful stop', async () => {
    const { world, one } = pair();
    world.advance(seconds(4.2));
    const stopped = one.engine.stop(false);
    world.advance(seconds(1.1));
    await stopped;
    one.start().apply(config([instance({ priority: 150 })]));
    assert.equal(one.state(), 'backup');
  });
});

describe('engine, reload', () => {
  it('touches nothing that is the same in both', () => {
    const { world, one, two } = pair();
    world.advance(seconds(4.3));
    const before = {
      changes: one.addressChanges().length,
      frames: one.arpFrames(),
      state: one.engine.routers.get('VI_1')?.state,
    };
    const extra = instance({ name: 'VI_2', vrid: 60, vips: [vip('10.0.0.200/24')] });
    const moved = { ...instance({ priority: 150 }), position: { file: 'test.conf', line: 99, column: 1 } };
    one.engine.apply(config([extra, moved]));
    assert.equal(one.engine.routers.get('VI_1')?.state, before.state, 'state and timers are the same');
    assert.equal(one.addressChanges().length, before.changes);
    assert.equal(one.arpFrames(), before.frames);
    world.advance(seconds(5));
    one.engine.apply(config([moved]));
    assert.equal(one.state('VI_2'), 'none');
    assert.equal(one.holds('10.0.0.200'), true, 'until a successor is heard or had its time');
    assert.equal(one.holds('10.0.0.100'), true);
    world.advance(seconds(5));
    assert.equal(one.holds('10.0.0.200'), false);
    assert.equal(two.transitions().length, 1, 'the peer saw nothing');
  });

  it('adds and removes only the addresses that differ', () => {
    const world = newWorld();
    const one = new Machine(world, 1);
    one.engine.apply(config([instance({ vips: [vip('10.0.0.100/24'), vip('10.0.0.101/24')] })]));
    world.advance(seconds(4));
    const before = one.addressChanges().length;
    one.engine.apply(config([instance({ vips: [vip('10.0.0.100/24'), vip('10.0.0.102/24')] })]));
    assert.equal(one.state(), 'master');
    assert.deepEqual(one.addressChanges().slice(before), ['remove 10.0.0.101', 'add 10.0.0.102']);
  });

  it('changes priority in place and steps down by it', () => {
    const { world, one, two } = pair();
    world.advance(seconds(4));
    one.engine.apply(config([instance({ priority: 50 })]));
    assert.equal(one.state(), 'master', 'until somebody better speaks up');
    world.advance(seconds(5));
    assert.deepEqual([one.state(), two.state()], ['backup', 'master']);
  });

  it('restarts an instance whose VRID changed, with a goodbye', () => {
    const { world, one } = pair();
    world.advance(seconds(4));
    one.engine.apply(config([instance({ priority: 150, vrid: 77 })]));
    assert.equal(adverts(world, 'R1').at(-1), 0);
    assert.equal(one.state(), 'backup');
    assert.equal(one.holds('10.0.0.100'), false);
  });

  it('says goodbye for an instance that is no longer configured', () => {
    const { world, one, two } = pair();
    world.advance(seconds(4));
    one.engine.apply(config([]));
    assert.equal(adverts(world, 'R1').at(-1), 0);
    assert.equal(one.holds('10.0.0.100'), true, 'clients are answered until the successor is there');
    assert.deepEqual(
      [...one.engine.departing].map(({ name }) => name),
      ['VI_1'],
    );
    world.advance(seconds(1));
    assert.equal(two.state(), 'master');
    assert.equal(one.holds('10.0.0.100'), false);
    assert.deepEqual(one.transitions().at(-1), 'VI_1 master -> deleted (shutdown)');
    assert.deepEqual(one.told.at(-1)?.removedRouters, ['VI_1']);
  });

  it('takes an instance back that is configured again before it has left', () => {
    const { world, one, two } = pair();
    world.advance(seconds(4));
    one.engine.apply(config([]));
    world.advance(millis(100));
    one.engine.apply(config([instance({ priority: 150 })]));
    assert.deepEqual([...one.engine.departing], []);
    assert.deepEqual([one.state(), one.holds('10.0.0.100')], ['backup', false]);
    world.advance(seconds(5));
    assert.deepEqual([one.state(), two.state()], ['master', 'backup']);
  });

  it('lets every member of a sync group answer until its successor is heard', async () => {
    const world = newWorld();
    const [one, two] = [new Machine(world, 1), new Machine(world, 2)];
    const members = (priority: number) => [
      instance({ priority }),
      instance({ name: 'VI_2', interface: 'eth1', vrid: 52, priority, vips: [vip('10.1.0.100/24')] }),
    ];
    one.engine.apply(config(members(150), [group(['VI_1', 'VI_2'])]));
    two.engine.apply(config(members(100), [group(['VI_1', 'VI_2'])]));
    world.advance(seconds(4));
    const stopped = one.engine.stop(false);
    assert.deepEqual([one.holds('10.0.0.100'), one.holds('10.1.0.100', 3)], [true, true]);
    world.advance(seconds(1));
    await stopped;
    assert.deepEqual([one.holds('10.0.0.100'), one.holds('10.1.0.100', 3)], [false, false]);
    assert.deepEqual([two.state('VI_1'), two.state('VI_2')], ['master', 'master']);
    assert.equal(one.transitions().at(-1), 'VG_1 master -> stop (shutdown)');
  });
});

describe('engine, two masters', () => {
  const noted = (machine: Machine) => machine.told.flatMap(({ note }) => (note?.includes('two masters') ? [note] : []));

  for (const first of ['winner', 'loser'] as const) {
    it(`the winner announces again when the ${first} is heard first after a partition, and both name the other`, () => {
      const { world, one, two } = pair();
      world.drops = () => true;
      world.advance(seconds(10));
      assert.deepEqual([one.state(), two.state()], ['master', 'master']);
      // Advertisements of the other side are lost until it is this one's turn.
      const speaker = first === 'winner' ? 'R1' : 'R2';
      let silent = true;
      world.drops = ({ from }) => {
        if (from === speaker) silent = false;
        return silent;
      };
      const frames = one.arpFrames();
      world.advance(seconds(2));
      assert.deepEqual([one.state(), two.state()], ['master', 'backup']);
      assert.ok(one.arpFrames() >= frames + 5, `${one.arpFrames() - frames} announcements`);
      assert.match(noted(one)[0] ?? '', /two masters: 10\.0\.0\.2 also advertises/);
      assert.equal(noted(one).length, 1);
      assert.deepEqual(two.transitions().at(-1), 'VI_1 master -> backup (higher-priority-advert)');
      // The loser's last word came when its addresses were gone.
      assert.equal(adverts(world, 'R2').at(-1), 100);
    });
  }

  it('an ordinary preemption is no conflict, and is announced once more when the old master has let go', () => {
    const world = newWorld();
    const [one, two] = [new Machine(world, 1), new Machine(world, 2)];
    two.engine.apply(config([instance({ priority: 100 })]));
    world.advance(seconds(5));
    one.engine.apply(config([instance({ priority: 150 })]));
    world.advance(seconds(5));
    assert.deepEqual([one.state(), two.state()], ['master', 'backup']);
    assert.deepEqual(noted(one), []);
    assert.equal(one.arpFrames(), 6);
  });

  it('drops what comes from our own address', () => {
    const { world, one } = pair();
    world.advance(seconds(4));
    const own = world.sent.findLast((packet) => packet.from === 'R1');
    assert.ok(own);
    const frames = one.arpFrames();
    world.transmit({ ...own, from: 'rogue' });
    world.settle();
    assert.equal(one.engine.routers.get('VI_1')?.drops.get('own-address'), 1);
    assert.equal(one.arpFrames(), frames);
  });

  it('forged rivals by the thousand are counted, and neither log, events nor announcements grow with them', () => {
    const { world, one } = pair();
    world.advance(seconds(4));
    const own =
      world.sent.findLast((packet) => packet.from === 'R2') ?? world.sent.findLast(({ from }) => from === 'R1');
    assert.ok(own);
    const payload = Buffer.from(own.payload);
    // Priority 1 instead of 150; the checksum follows (RFC 1624).
    const checksum = payload.readUInt16BE(6) + 149 * 256;
    payload.writeUInt16BE(checksum > 0xffff ? checksum - 0xffff : checksum, 6);
    payload[2] = 1;
    const [frames, told] = [one.arpFrames(), one.told.length];
    const sentBefore = world.sent.length;
    for (let count = 0; count < 2_000; count++) {
      world.transmit({ ...own, from: 'rogue', source: Buffer.from([10, 0, 1 + (count % 200), 9]), payload });
      world.advance(millis(1));
    }
    assert.equal(one.state(), 'master');
    assert.ok(one.arpFrames() - frames <= 20, `${one.arpFrames() - frames} announcements in 2 s`);
    const events = one.told.slice(told);
    // Scripts and FIFOs that want it hear of a lower priority about once an interval, whoever sends how many.
    const notices = events.filter(({ notice }) => notice !== undefined).length;
    assert.ok(notices >= 2 && notices <= 3, `${notices} notices in 2 s`);
    assert.ok(events.length - notices <= 3, `${events.length - notices} events in 2 s`);
    const answers = world.sent.slice(sentBefore).filter(({ from }) => from === 'R1').length;
    assert.ok(answers <= 23, `${answers} advertisements in 2 s`);
  });
});

describe('engine, odd machines', () => {
  it('is in FAULT while the interface has no address, and joins when it gets one', () => {
    const world = newWorld();
    const one = new Machine(world, 1);
    one.kernel.netlink.dropAddress(2, Buffer.from([10, 0, 0, 1]));
    one.engine.apply(config([instance()]));
    assert.equal(one.state(), 'fault');
    assert.match(one.engine.routers.get('VI_1')?.faults[0]?.text ?? '', /no IPv4 address/);
    one.kernel.netlink.addAddresses([{ ifindex: 2, family: 4, address: Buffer.from([10, 0, 0, 1]), prefixLength: 24 }]);
    assert.equal(one.state(), 'backup');
  });

  it('tries a socket again that the kernel refused', () => {
    const world = newWorld();
    const one = new Machine(world, 1);
    one.kernel.failures.set('socket', 'ENOBUFS');
    one.engine.apply(config([instance()]));
    assert.equal(one.state(), 'fault');
    assert.equal(one.engine.impairments().length, 1);
    one.kernel.failures.delete('socket');
    world.advance(seconds(1.1));
    assert.equal(one.state(), 'backup');
    assert.deepEqual(one.engine.impairments(), []);
  });

  it('stays MASTER when an address is refused, and says so through the status', () => {
    const world = newWorld();
    const one = new Machine(world, 1);
    one.kernel.netlink.refuses = (kind, spec) => (kind === 'add' && spec.ifindex === 2 ? 'EINVAL' : undefined);
    one.engine.apply(config([instance()]));
    world.advance(seconds(4));
    assert.equal(one.state(), 'master');
    assert.equal(one.holds('10.0.0.100'), false);
    assert.equal(one.arpFrames(), 0, 'nothing is announced that is not there');
  });
});
