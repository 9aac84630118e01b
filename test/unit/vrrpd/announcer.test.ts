import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeKernel } from '../../../services/shared/kernel/fakeKernel.js';
import { Schedule } from '../../../services/shared/kernel/schedule.js';
import { elapsed, micros, millis, seconds, toMillis } from '../../../services/shared/time/duration.js';
import type { AnnounceTarget } from '../../../services/vrrpd/announcePlan.js';
import { Announcer } from '../../../services/vrrpd/announcer.js';
import type { AnnouncePacing, GarpConfig } from '../../../services/vrrpd/config/model.js';
import { instance, newWorld } from './support.js';

const OWNER = {};

/** A frame that is its own name; `physical` names the interface, `ifindex` numbers it. */
const target = (name: string, changes: Partial<AnnounceTarget> = {}): AnnounceTarget => ({
  ifindex: 2,
  physical: 'eth0',
  family: 4,
  frame: Buffer.from(name),
  ...changes,
});

const pacing = (changes: Partial<AnnouncePacing>): AnnouncePacing => ({
  garpInterval: micros(0),
  gnaInterval: micros(0),
  groups: [],
  ...changes,
});

/** An announcer whose frames are noted as `name@ms`. */
function announcing(changes: Partial<GarpConfig>, names: readonly string[] = ['a', 'b']) {
  const world = newWorld();
  const kernel = new FakeKernel(world, 'R');
  const schedule = new Schedule(
    world.clock,
    (onExpire) => kernel.openDeadlineTimer(onExpire),
    (task) => task(),
  );
  const start = world.clock.now();
  const sent: string[] = [];
  const sender = {
    send(_ifindex: number, frames: readonly Buffer[]): number {
      const at = toMillis(elapsed(start, world.clock.now()));
      for (const frame of frames) sent.push(`${frame.toString()}@${Math.round(at)}`);
      return frames.length;
    },
    close() {},
  };
  const announcer = new Announcer(world.clock, schedule, sender, (error) => {
    throw error;
  });
  const garp: GarpConfig = { ...instance().garp, masterRepeat: 2, lowerPriorityRepeat: 1, ...changes };
  const targets = names.map((name) => target(name));
  return { world, announcer, garp, targets, sent };
}

describe('announcing', () => {
  it('sends garp_master_repeat rounds at once and again after garp_master_delay', () => {
    const { world, announcer, garp, targets, sent } = announcing({ masterDelay: seconds(5) });
    announcer.becameMaster(OWNER, targets, garp);
    world.advance(seconds(60));
    assert.deepEqual(sent, ['a@0', 'b@0', 'a@0', 'b@0', 'a@5000', 'b@5000', 'a@5000', 'b@5000']);
  });

  it('sends no second set with garp_master_delay 0', () => {
    const { world, announcer, garp, targets, sent } = announcing({ masterDelay: micros(0) });
    announcer.becameMaster(OWNER, targets, garp);
    world.advance(seconds(60));
    assert.deepEqual(sent, ['a@0', 'b@0', 'a@0', 'b@0']);
  });

  it('announces again and again what is there then, until it is cancelled', () => {
    const { world, announcer, targets, sent } = announcing({}, ['a']);
    announcer.keepUp(OWNER, [{ every: seconds(10), repeat: 2, targets: () => targets }]);
    world.advance(seconds(15));
    targets.push(target('b'));
    world.advance(seconds(10));
    assert.deepEqual(sent, ['a@10000', 'a@10000', 'a@20000', 'b@20000', 'a@20000', 'b@20000']);
    announcer.cancel(OWNER);
    world.advance(seconds(60));
    assert.equal(sent.length, 6, 'a router that left says nothing more');
  });

  it('keeps announcing after a rival was heard', () => {
    const { world, announcer, garp, targets, sent } = announcing({ lowerPriorityDelay: micros(0) }, ['a']);
    announcer.keepUp(OWNER, [{ every: seconds(10), repeat: 1, targets: () => targets }]);
    world.advance(seconds(9));
    announcer.rivalHeard(OWNER, targets, garp);
    world.advance(seconds(12));
    assert.deepEqual(sent, ['a@9000', 'a@10000', 'a@20000']);
  });

  it('says nothing to a rival with garp_lower_prio_repeat 0', () => {
    const { world, announcer, garp, targets, sent } = announcing({ lowerPriorityRepeat: 0 });
    announcer.rivalHeard(OWNER, targets, garp);
    world.advance(seconds(60));
    assert.deepEqual(sent, []);
  });

  it('announces an address that comes later beside what is under way for the others', () => {
    const { world, announcer, garp, targets, sent } = announcing({ masterDelay: seconds(5), masterRepeat: 1 }, ['a']);
    announcer.becameMaster(OWNER, targets, garp);
    world.advance(seconds(1));
    announcer.added(OWNER, [target('b')], garp);
    world.advance(seconds(60));
    assert.deepEqual(sent, ['a@0', 'b@1000', 'a@5000', 'b@6000']);
  });

  it('adds one round to what is under way, or sends one', () => {
    const { world, announcer, garp, targets, sent } = announcing({ masterDelay: seconds(5), masterRepeat: 1 }, ['a']);
    announcer.becameMaster(OWNER, targets, garp);
    world.advance(seconds(1));
    announcer.oneMore(OWNER, targets);
    world.advance(seconds(9));
    announcer.oneMore(OWNER, targets);
    world.advance(seconds(9));
    assert.deepEqual(sent, ['a@0', 'a@1000', 'a@5000', 'a@10000']);
  });

  it('keeps vrrp_garp_interval between two frames of an interface, also across owners', () => {
    const { world, announcer, garp, targets, sent } = announcing({ masterDelay: micros(0), masterRepeat: 1 });
    announcer.configure(pacing({ garpInterval: millis(100) }));
    announcer.becameMaster(OWNER, targets, garp);
    announcer.becameMaster({}, [target('c')], garp);
    world.advance(seconds(1));
    assert.deepEqual([...sent.map((line) => line.charAt(0))].sort(), ['a', 'b', 'c']);
    assert.deepEqual(times(sent), [0, 100, 200]);
  });

  it('paces gratuitous ARP and neighbour advertisements by intervals of their own', () => {
    const { world, announcer, garp, sent } = announcing({ masterDelay: micros(0), masterRepeat: 2 });
    announcer.configure(pacing({ garpInterval: millis(100), gnaInterval: millis(30) }));
    announcer.becameMaster(OWNER, [target('4'), target('6', { family: 6 })], garp);
    world.advance(seconds(1));
    assert.deepEqual(sent, ['4@0', '6@0', '6@30', '4@100']);
  });

  it('gives every interface a lane of its own, and those of a garp_group one together', () => {
    const { world, announcer, garp, sent } = announcing({ masterDelay: micros(0), masterRepeat: 1 });
    announcer.configure(
      pacing({
        garpInterval: millis(100),
        gnaInterval: millis(100),
        groups: [{ interfaces: ['eth1', 'eth2'], garpInterval: millis(200), gnaInterval: micros(0) }],
      }),
    );
    announcer.becameMaster(
      OWNER,
      [
        target('a'),
        target('b', { ifindex: 3, physical: 'eth1' }),
        target('c', { ifindex: 4, physical: 'eth2' }),
        // By a virtual interface of eth1.
        target('d', { ifindex: 9, physical: 'eth1' }),
        target('n', { ifindex: 3, physical: 'eth1', family: 6 }),
        target('m', { ifindex: 4, physical: 'eth2', family: 6 }),
      ],
      garp,
    );
    world.advance(seconds(1));
    // The group names no gna_interval, so there is none for its interfaces.
    assert.deepEqual([...sent].sort(), ['a@0', 'b@0', 'c@200', 'd@400', 'm@0', 'n@0']);
  });

  it('takes other intervals over while it announces', () => {
    const { world, announcer, garp, targets, sent } = announcing({ masterDelay: micros(0), masterRepeat: 2 });
    announcer.configure(pacing({ garpInterval: seconds(10) }));
    announcer.becameMaster(OWNER, targets, garp);
    announcer.configure(pacing({}));
    world.advance(seconds(10));
    assert.deepEqual(times(sent), [0, 10_000, 10_000, 10_000]);
  });

  it('announces anew against a rival, with the pacing of garp_lower_prio_*', () => {
    const { world, announcer, garp, targets, sent } = announcing(
      { masterDelay: micros(0), masterRepeat: 1, lowerPriorityRepeat: 3, lowerPriorityDelay: seconds(2) },
      ['a'],
    );
    announcer.becameMaster(OWNER, targets, garp);
    world.advance(seconds(1));
    announcer.rivalHeard(OWNER, targets, garp);
    world.advance(seconds(10));
    assert.deepEqual(sent, ['a@0', 'a@1000', 'a@1000', 'a@1000', 'a@3000', 'a@3000', 'a@3000']);
  });

  it('lets the loop breathe between batches of many addresses', () => {
    const names = Array.from({ length: 1_100 }, (_, index) => `vip${index}`);
    const { world, announcer, garp, targets, sent } = announcing({ masterDelay: micros(0), masterRepeat: 2 }, names);
    announcer.becameMaster(OWNER, targets, garp);
    assert.equal(sent.length, 1_024, 'the first turn takes more: traffic waits for it');
    world.advance(micros(1));
    assert.equal(sent.length, 1_024 + 512, 'then the loop gets its turn more often');
    world.advance(millis(1));
    assert.deepEqual(
      sent.map((line) => line.split('@')[0]),
      [...names, ...names],
    );
  });
});

const times = (sent: readonly string[]): number[] => sent.map((line) => Number(line.split('@')[1]));
