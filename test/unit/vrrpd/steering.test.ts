/** What orders of an operator do to instances: two engines on a fake segment. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Order } from '../../../services/shared/rpc/generated/keepwatch/v1/order.js';
import { instant, millis, seconds } from '../../../services/shared/time/duration.js';
import { Steering } from '../../../services/vrrpd/steering.js';
import { config, group, instance, Machine, newWorld, vip } from './support.js';

const standDown = (named = '', remainingMs?: number): Order =>
  Order.fromPartial({
    action: { $case: 'standDown', value: { instance: named } },
    text: 'maintenance by root: disk',
    ...(remainingMs === undefined ? {} : { remainingMs: BigInt(remainingMs) }),
  });
const setPriority = (priority: number, remainingMs?: number): Order =>
  Order.fromPartial({
    action: { $case: 'setPriority', value: { instance: 'VI_1', priority } },
    text: 'set by root',
    ...(remainingMs === undefined ? {} : { remainingMs: BigInt(remainingMs) }),
  });

/** A master with priority 150 and a backup with 100, five seconds after they began. */
function pair() {
  const world = newWorld();
  const [one, two] = [new Machine(world, 1), new Machine(world, 2)];
  one.engine.apply(config([instance({ priority: 150 })]));
  two.engine.apply(config([instance({ priority: 100 })]));
  world.advance(seconds(5));
  assert.deepEqual([one.state(), two.state()], ['master', 'backup']);
  return { world, one, two };
}

const terms = (machine: Machine): string[] =>
  machine.engine.routers.get('VI_1')?.standing.terms.map(({ reason, value }) => `${reason} ${value}`) ?? [];

describe('a master that stands down', () => {
  it('hands over before it lets go, and keeps the lowest priority until the order is taken back', () => {
    const { world, one, two } = pair();
    one.engine.steer([standDown()]);
    assert.ok(one.holds('10.0.0.100'), 'nobody has taken over yet');
    world.advance(seconds(1));
    assert.deepEqual([one.state(), two.state()], ['backup', 'master']);
    assert.ok(!one.holds('10.0.0.100'));
    const last = one.told.findLast(({ transition }) => transition !== undefined)?.transition;
    assert.equal(last?.cause.text, 'maintenance by root: disk; 10.0.0.2 has taken over');
    assert.deepEqual(terms(one), ['configured 150', 'maintenance by root: disk -149']);
    world.advance(seconds(60));
    assert.deepEqual([one.state(), two.state()], ['backup', 'master']);
    one.engine.steer([]);
    world.advance(seconds(5));
    assert.deepEqual([one.state(), two.state()], ['master', 'backup']);
  });

  it('takes the addresses back when the other router dies: better here than nowhere', () => {
    const { world, one, two } = pair();
    one.engine.steer([standDown('VI_1')]);
    world.advance(seconds(1));
    two.kill();
    world.advance(seconds(5));
    assert.equal(one.state(), 'master');
    assert.ok(one.holds('10.0.0.100'));
  });

  it('comes back by itself when the time is over', () => {
    const { world, one } = pair();
    one.engine.steer([standDown('', 10_000)]);
    world.advance(seconds(9));
    assert.equal(one.state(), 'backup');
    world.advance(seconds(6));
    assert.equal(one.state(), 'master');
    assert.deepEqual(terms(one), ['configured 150']);
  });

  it('stays master when there is nobody else, says so, and does not ask again', () => {
    const world = newWorld();
    const one = new Machine(world, 1);
    one.engine.apply(config([instance()]));
    world.advance(seconds(5));
    const changes = one.addressChanges().length;
    one.engine.steer([standDown()]);
    world.advance(seconds(3));
    one.engine.steer([standDown()]);
    world.advance(seconds(3));
    assert.equal(one.state(), 'master');
    assert.equal(one.addressChanges().length, changes, 'the addresses were not touched');
    assert.equal(one.engine.routers.get('VI_1')?.counters.priorityZeroSent, 1);
    assert.equal(one.told.filter(({ note }) => note?.includes('no other router took over')).length, 1);
  });

  it('takes its sync group along', () => {
    const members = [instance({ priority: 150 }), instance({ name: 'VI_2', vrid: 52, vips: [vip('10.0.0.101/24')] })];
    const world = newWorld();
    const [one, two] = [new Machine(world, 1), new Machine(world, 2)];
    one.engine.apply(config(members, [group(['VI_1', 'VI_2'])]));
    world.advance(seconds(5));
    two.engine.apply(
      config(
        members.map((member) => ({ ...member, priority: 50 })),
        [group(['VI_1', 'VI_2'])],
      ),
    );
    world.advance(seconds(5));
    assert.deepEqual([one.state('VI_1'), one.state('VI_2')], ['master', 'master']);
    one.engine.steer([standDown('VI_2')]);
    world.advance(seconds(2));
    assert.deepEqual([one.state('VI_1'), one.state('VI_2')], ['backup', 'backup']);
    assert.deepEqual([two.state('VI_1'), two.state('VI_2')], ['master', 'master']);
    assert.equal(one.engine.groups[0]?.state, 'backup');
  });

  it('is no matter for the owner of the addresses', () => {
    const world = newWorld();
    const one = new Machine(world, 1);
    one.engine.apply(config([instance({ priority: 255 })]));
    world.advance(seconds(2));
    one.engine.steer([standDown(), setPriority(7)]);
    world.advance(seconds(2));
    assert.equal(one.state(), 'master');
    assert.equal(one.engine.routers.get('VI_1')?.standing.effectivePriority, 255);
  });

  it('begins standing down when the order is older than the process', () => {
    const { world, one, two } = pair();
    one.kill();
    one.start().steer([standDown()]);
    one.engine.apply(config([instance({ priority: 150 })]));
    world.advance(seconds(5));
    assert.equal(one.engine.routers.get('VI_1')?.standing.effectivePriority, 1);
    assert.deepEqual([one.state(), two.state()], ['backup', 'master']);
  });
});

describe('an ordered priority', () => {
  it('counts in place of the configured one until its time is over', () => {
    const { world, one, two } = pair();
    two.engine.steer([setPriority(200, 20_000)]);
    assert.deepEqual(terms(two), ['configured 100', 'set by root 100']);
    world.advance(seconds(6));
    assert.deepEqual([one.state(), two.state()], ['backup', 'master']);
    world.advance(seconds(25));
    assert.deepEqual([one.state(), two.state()], ['master', 'backup']);
    assert.deepEqual(terms(two), ['configured 100']);
  });
});

describe('orders', () => {
  it('that concern other services are no business of vrrpd', () => {
    const steering = new Steering();
    const weight = { virtualServer: '', realServer: '10.0.0.2', weight: 0 };
    steering.replace(
      [Order.fromPartial({ action: { $case: 'setWeight', value: weight }, remainingMs: 5n })],
      instant(0),
    );
    assert.equal(steering.nextExpiry(), undefined);
  });

  it('end one by one', () => {
    const steering = new Steering();
    steering.replace([standDown('', 2_000), setPriority(7, 1_000), standDown('VI_1')], instant(0));
    assert.equal(steering.nextExpiry(), millis(1_000));
    assert.equal(steering.expire(instant(millis(999))), false);
    assert.equal(steering.expire(instant(millis(1_000))), true);
    assert.equal(steering.of('VI_1', []).priority, undefined);
    assert.equal(steering.nextExpiry(), millis(2_000));
    assert.equal(steering.expire(instant(millis(3_000))), true);
    assert.equal(steering.nextExpiry(), undefined);
    assert.ok(steering.of('VI_1', []).standDown);
    assert.equal(steering.of('VI_2', []).standDown, undefined);
  });
});
