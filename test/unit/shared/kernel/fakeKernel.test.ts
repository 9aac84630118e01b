import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { FakeKernel } from '../../../../services/shared/kernel/fakeKernel.js';
import { FakeWorld } from '../../../../services/shared/kernel/fakeWorld.js';
import { KernelError, type ReceivedPacket, type VrrpSocketOptions } from '../../../../services/shared/kernel/ports.js';
import { FakeClock } from '../../../../services/shared/time/clock.js';
import { after, elapsed, millis } from '../../../../services/shared/time/duration.js';

const GROUP = Buffer.from([224, 0, 0, 18]);
const LEFT = Buffer.from([10, 0, 0, 1]);
const RIGHT = Buffer.from([10, 0, 0, 2]);

describe('the fake network', () => {
  let world: FakeWorld;
  let left: FakeKernel;
  let right: FakeKernel;
  let heard: ReceivedPacket[];

  const options = (change: Partial<VrrpSocketOptions> = {}): VrrpSocketOptions => ({
    ifindex: 2,
    interfaceName: 'e0',
    family: 4,
    protocol: 112,
    multicastGroup: GROUP,
    onPacket: (packet) => heard.push(packet),
    onError: (error) => {
      throw error;
    },
    ...change,
  });

  beforeEach(() => {
    heard = [];
    world = new FakeWorld(new FakeClock());
    [left, right] = [new FakeKernel(world, 'left'), new FakeKernel(world, 'right')];
    for (const [index, kernel] of [left, right].entries()) {
      kernel.addInterface({ name: 'e0', ifindex: 2, mac: Buffer.from([2, 0, 0, 0, 0, index]), segment: 'lan' });
    }
  });

  it('carries a packet to the other machine after its delay, never to the sender, never inside send', () => {
    world.delay = millis(2);
    right.openVrrpSocket(options());
    const sender = left.openVrrpSocket(options());
    sender.send(Buffer.from('one'), LEFT, GROUP);
    world.settle();
    assert.equal(heard.length, 0);
    const started = world.clock.now();
    world.advance(millis(10));
    assert.equal(heard.length, 1);
    assert.equal(heard[0]?.payload.toString(), 'one');
    assert.equal(heard[0]?.ttl, 255);
    assert.deepEqual(heard[0]?.source, LEFT);
    assert.equal(elapsed(started, heard[0]?.receivedAt ?? started), millis(2));
    assert.equal(heard[0]?.ipHeader.readUInt16BE(2), 23);
  });

  it('loses packets over a link that is down at either end, and those a test drops', () => {
    right.openVrrpSocket(options());
    const sender = left.openVrrpSocket(options());
    right.setLinkUp(2, false);
    sender.send(Buffer.from('lost'), LEFT, GROUP);
    world.settle();
    right.setLinkUp(2, true);
    left.setLinkUp(2, false);
    assert.throws(
      () => sender.send(Buffer.from('refused'), LEFT, GROUP),
      (error) => error instanceof KernelError && error.code === 'ENETUNREACH' && error.errno === 101,
    );
    left.setLinkUp(2, true);
    world.drops = (_packet, receiver) => receiver.kernelName === 'right';
    sender.send(Buffer.from('dropped'), LEFT, GROUP);
    world.settle();
    world.drops = () => false;
    sender.send(Buffer.from('heard'), LEFT, GROUP);
    world.settle();
    assert.deepEqual(
      heard.map(({ payload }) => payload.toString()),
      ['heard'],
    );
    assert.equal(world.sent.length, 3);
  });

  it('gives a unicast socket only what is addressed to its machine', () => {
    const { multicastGroup: _, ...unicast } = options();
    right.openVrrpSocket(unicast);
    right.netlink.addAddresses([{ ifindex: 2, family: 4, address: RIGHT, prefixLength: 24 }]);
    const sender = left.openVrrpSocket(options());
    for (const destination of [GROUP, LEFT, RIGHT]) sender.send(Buffer.from('x'), LEFT, destination);
    world.settle();
    assert.deepEqual(
      heard.map(({ destination }) => destination),
      [RIGHT],
    );
  });

  it('rings timers in order of their deadlines with the clock at the deadline, also those armed while ringing', () => {
    const rings: [string, number][] = [];
    const started = world.clock.now();
    const ring = (name: string) => (): void => {
      rings.push([name, elapsed(started, world.clock.now())]);
      if (name === 'early' && rings.length < 2) early.arm(after(world.clock.now(), millis(3)));
    };
    const late = left.openDeadlineTimer(ring('late'));
    const early = right.openDeadlineTimer(ring('early'));
    late.arm(after(started, millis(5)));
    early.arm(after(started, millis(1)));
    world.advance(millis(20));
    assert.deepEqual(rings, [
      ['early', 1000],
      ['early', 4000],
      ['late', 5000],
    ]);
    late.arm(started);
    late.arm(undefined);
    world.advance(millis(1));
    assert.equal(rings.length, 3);
    assert.equal(elapsed(started, world.clock.now()), 21_000);
  });

  it('tells link and address changes, refuses what a test refuses, forgets the addresses of a deleted interface', () => {
    const events: string[] = [];
    left.netlink.monitor((event) => events.push(event.kind));
    left.netlink.refuses = (kind, { address }) => (kind === 'add' && address.equals(RIGHT) ? 'EPERM' : undefined);
    const specs = [LEFT, RIGHT].map((address) => ({ ifindex: 2, family: 4 as const, address, prefixLength: 24 }));
    const [first, second] = left.netlink.addAddresses(specs);
    assert.equal(first?.ok, true);
    assert.equal(second?.ok === false && second.error.code, 'EPERM');
    left.netlink.refuses = () => undefined;
    left.netlink.addAddresses(specs.slice(1));
    // The second address of a prefix is a secondary one.
    assert.deepEqual(
      left.netlink.addresses().map(({ flags }) => flags & 1),
      [0, 1],
    );
    assert.ok(left.netlink.removeAddresses(specs).every(({ ok }) => ok));
    assert.ok(left.netlink.removeAddresses(specs).every(({ ok }) => ok));
    left.netlink.addAddresses(specs.slice(0, 1));
    left.removeInterface(2);
    assert.deepEqual(left.netlink.addresses(), []);
    assert.deepEqual(events, [
      'address',
      'address',
      'address-removed',
      'address-removed',
      'address',
      'address-removed',
      'link-removed',
    ]);
    assert.throws(() => left.openVrrpSocket(options()), { code: 'ENODEV' });
  });

  it('records frames as they were at that moment, and counts what is left open', () => {
    const frames = left.openFrameSender();
    const frame = Buffer.alloc(42, 1);
    assert.equal(frames.send(2, [frame, frame]), 2);
    frame.fill(2);
    assert.equal(left.sentFrames[0]?.frames[0]?.[0], 1);
    left.failures.set('sendmmsg', 'ENOBUFS');
    assert.throws(() => frames.send(2, [frame]), { code: 'ENOBUFS' });
    const socket = left.openVrrpSocket(options());
    const timer = left.openDeadlineTimer(() => {});
    assert.equal(left.open, 3);
    for (const each of [frames, socket, timer, socket]) each.close();
    assert.equal(left.open, 0);
  });

  it('says so when two routers answer each other without end', () => {
    for (const kernel of [left, right]) {
      const socket = kernel.openVrrpSocket(
        options({ onPacket: () => socket.send(Buffer.from('again'), kernel === left ? LEFT : RIGHT, GROUP) }),
      );
      if (kernel === left) socket.send(Buffer.from('first'), LEFT, GROUP);
    }
    assert.throws(() => world.settle(), /does not come to rest/);
  });
});
