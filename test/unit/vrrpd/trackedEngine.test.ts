/** What trackers do to instances and sync groups: an engine on a fake kernel, readings reported by the test. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seconds } from '../../../services/shared/time/duration.js';
import type { InstanceConfig, TrackerKind, TrackLine } from '../../../services/vrrpd/config/model.js';
import type { Condition } from '../../../services/vrrpd/track/reading.js';
import { config, group, instance, Machine, newWorld, position, vip } from './support.js';

const tracks = (kind: TrackerKind, name: string, weight: number): TrackLine => ({
  kind,
  name,
  weight,
  reverse: false,
  position,
});

function machine(instances: readonly InstanceConfig[], groups: Parameters<typeof config>[1] = []) {
  const world = newWorld();
  const one = new Machine(world, 1);
  const report = (kind: TrackerKind, name: string, condition: Condition, detail: string, value?: number): void =>
    one.engine.trackers.report(kind, name, {
      condition,
      detail,
      since: world.clock.wall(),
      ...(value === undefined ? {} : { value }),
    });
  one.engine.apply(config(instances, groups));
  return { world, one, report };
}

describe('an instance that tracks', () => {
  it('waits for the first result of a script without weight, then begins', () => {
    const { world, one, report } = machine([instance({ trackers: [tracks('script', 'chk', 0)] })]);
    world.advance(seconds(10));
    assert.equal(one.state(), 'init');
    assert.deepEqual(
      one.engine.routers.get('VI_1')?.waits.map(({ text }) => text),
      ['waits for the first result of script chk'],
    );
    report('script', 'chk', 'good', 'exit 0');
    world.advance(seconds(4));
    assert.equal(one.state(), 'master');
    assert.deepEqual(one.transitions(), ['VI_1 init -> backup (startup)', 'VI_1 backup -> master (master-down-timer)']);
  });

  it('begins in FAULT when that result is bad, and leaves it with a good one', () => {
    const { one, report } = machine([instance({ trackers: [tracks('script', 'chk', 0)] })]);
    report('script', 'chk', 'bad', 'exit 1');
    report('script', 'chk', 'good', 'exit 0');
    assert.deepEqual(one.transitions(), ['VI_1 init -> fault (tracked-script)', 'VI_1 fault -> backup (recovered)']);
    assert.equal(
      one.told.find(({ transition }) => transition?.to === 'fault')?.transition?.cause.text,
      'tracked script chk: exit 1',
    );
  });

  it('does not wait for a script that cannot be started, nor for one with weight', () => {
    const { one, report } = machine([
      instance({ trackers: [tracks('script', 'gone', 0), tracks('script', 'slow', 20)] }),
    ]);
    report('script', 'gone', 'ignored', 'cannot be started');
    assert.equal(one.state(), 'backup');
  });

  it('is not moved by a tracker that a reload adds until there is a result', () => {
    const { world, one, report } = machine([instance()]);
    world.advance(seconds(4));
    one.engine.apply(config([instance({ trackers: [tracks('script', 'chk', 0)] })]));
    assert.equal(one.state(), 'master');
    report('script', 'chk', 'bad', 'killed by SIGKILL');
    assert.equal(one.state(), 'fault');
  });

  it('leaves with the priority it had, and its effective priority says why', () => {
    const { world, one, report } = machine([
      instance({ trackers: [tracks('file', 'load', 1), tracks('process', 'httpd', -40)] }),
    ]);
    report('file', 'load', 'good', '20', 20);
    report('process', 'httpd', 'good', '1 of 1 process');
    world.advance(seconds(4));
    assert.equal(one.engine.routers.get('VI_1')?.standing.effectivePriority, 120);
    report('process', 'httpd', 'bad', '0 of 1 process');
    assert.deepEqual(
      one.engine.routers.get('VI_1')?.standing.terms.map(({ reason, value }) => `${reason} ${value}`),
      ['configured 100', 'file load: 20 20', 'process httpd: 0 of 1 process -40'],
    );
    report('file', 'load', 'good', '-300', -300);
    const fault = one.told.find(({ transition }) => transition?.to === 'fault')?.transition;
    assert.equal(fault?.priority, 80);
    assert.equal(fault?.cause.text, 'tracked file load: -300');
  });
});

describe('a sync group that tracks', () => {
  const members = [instance(), instance({ name: 'VI_2', vrid: 52, vips: [vip('10.0.0.101/24')] })];
  const trackers = [tracks('script', 'chk', 0), tracks('file', 'load', 1)];

  it('moves all members: their priority by its weights, to FAULT and back as one', () => {
    const { world, one, report } = machine(members, [group(['VI_1', 'VI_2'], { trackers })]);
    world.advance(seconds(4));
    assert.deepEqual([one.state('VI_1'), one.state('VI_2')], ['init', 'init']);
    report('file', 'load', 'good', '7', 7);
    report('script', 'chk', 'good', 'exit 0');
    world.advance(seconds(4));
    assert.deepEqual([one.state('VI_1'), one.state('VI_2')], ['master', 'master']);
    for (const name of ['VI_1', 'VI_2']) {
      assert.equal(one.engine.routers.get(name)?.standing.effectivePriority, 107);
    }
    report('script', 'chk', 'bad', 'timed out');
    assert.deepEqual([one.state('VI_1'), one.state('VI_2')], ['fault', 'fault']);
    assert.equal(one.engine.groups[0]?.lastTransition?.cause.text, 'VI_1: tracked script chk: timed out');
    report('script', 'chk', 'good', 'exit 0');
    assert.deepEqual([one.state('VI_1'), one.state('VI_2')], ['backup', 'backup']);
  });

  it('waits as a whole for what one member tracks', () => {
    const [first = instance(), second = instance()] = members;
    const { world, one, report } = machine(
      [{ ...first, trackers: [tracks('script', 'chk', 0)] }, second],
      [group(['VI_1', 'VI_2'])],
    );
    world.advance(seconds(5));
    assert.deepEqual([one.state('VI_1'), one.state('VI_2')], ['init', 'init']);
    report('script', 'chk', 'good', 'exit 0');
    assert.deepEqual([one.state('VI_1'), one.state('VI_2')], ['backup', 'backup']);
  });
});

describe('interface_up_down_delays', () => {
  const delayed = (instances: readonly InstanceConfig[]) => ({
    ...config(instances),
    interfaceDelays: [{ interface: 'eth1', down: seconds(1), up: seconds(2) }],
  });
  const tracked = instance({ trackInterfaces: [{ interface: 'eth1', weight: 0, reverse: false, position }] });

  it('a link that comes back in time never went', () => {
    const world = newWorld();
    const one = new Machine(world, 1);
    one.engine.apply(delayed([tracked]));
    world.advance(seconds(4));
    one.kernel.setLinkUp(3, false);
    world.advance(seconds(0.9));
    one.kernel.setLinkUp(3, true);
    world.advance(seconds(5));
    assert.deepEqual(one.transitions().slice(2), []);
    assert.equal(one.state(), 'master');
  });

  it('counts as down after the one delay and as up after the other', () => {
    const world = newWorld();
    const one = new Machine(world, 1);
    one.engine.apply(delayed([tracked]));
    world.advance(seconds(4));
    one.kernel.setLinkUp(3, false);
    world.advance(seconds(0.99));
    assert.equal(one.state(), 'master');
    world.advance(seconds(0.02));
    assert.equal(one.state(), 'fault');
    one.kernel.setLinkUp(3, true);
    world.advance(seconds(1.99));
    assert.equal(one.state(), 'fault');
    world.advance(seconds(0.02));
    assert.equal(one.state(), 'backup');
    const since = one.engine.routers.get('VI_1')?.standing.trackers[0]?.since;
    assert.equal(since?.getTime(), world.clock.wall().getTime() - 10);
  });

  it('an interface that is deleted is gone at once', () => {
    const world = newWorld();
    const one = new Machine(world, 1);
    one.engine.apply(delayed([tracked]));
    world.advance(seconds(4));
    one.kernel.removeInterface(3);
    assert.equal(one.state(), 'fault');
  });
});
