import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeKernel } from '../../../services/shared/kernel/fakeKernel.js';
import { elapsed, micros, millis, seconds, toMillis } from '../../../services/shared/time/duration.js';
import { Announcer } from '../../../services/vrrpd/announcer.js';
import type { GarpConfig } from '../../../services/vrrpd/config/model.js';
import { Schedule } from '../../../services/vrrpd/schedule.js';
import { instance, newWorld } from './support.js';

const OWNER = {};

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
  const targets = names.map((name) => ({ ifindex: 2, frame: Buffer.from(name) }));
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

  it('repeats garp_master_refresh_repeat rounds every garp_master_refresh while it is master', () => {
    const { world, announcer, garp, targets, sent } = announcing(
      { masterDelay: micros(0), masterRepeat: 1, masterRefresh: seconds(10), masterRefreshRepeat: 2 },
      ['a'],
    );
    announcer.becameMaster(OWNER, targets, garp);
    world.advance(seconds(25));
    assert.deepEqual(sent, ['a@0', 'a@10000', 'a@10000', 'a@20000', 'a@20000']);
    announcer.cancel(OWNER);
    world.advance(seconds(60));
    assert.equal(sent.length, 5, 'a router that left says nothing more');
  });

  it('keeps garp_interval between two frames of an interface, also across owners', () => {
    const { world, announcer, garp, targets, sent } = announcing({
      masterDelay: micros(0),
      masterRepeat: 1,
      interval: millis(100),
    });
    announcer.becameMaster(OWNER, targets, garp);
    announcer.becameMaster({}, [{ ifindex: 2, frame: Buffer.from('c') }], garp);
    world.advance(seconds(1));
    const times = sent.map((line) => Number(line.split('@')[1]));
    assert.deepEqual([...sent.map((line) => line.charAt(0))].sort(), ['a', 'b', 'c']);
    assert.deepEqual(times, [0, 100, 200]);
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
    const names = Array.from({ length: 600 }, (_, index) => `vip${index}`);
    const { world, announcer, garp, targets, sent } = announcing({ masterDelay: micros(0), masterRepeat: 1 }, names);
    announcer.becameMaster(OWNER, targets, garp);
    assert.ok(sent.length < 600, `${sent.length} frames in one turn`);
    world.advance(millis(1));
    assert.deepEqual(
      sent.map((line) => line.split('@')[0]),
      names,
    );
  });
});
