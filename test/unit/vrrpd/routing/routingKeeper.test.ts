import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeKernel } from '../../../../services/shared/kernel/fakeKernel.js';
import { FakeWorld } from '../../../../services/shared/kernel/fakeWorld.js';
import { Schedule } from '../../../../services/shared/kernel/schedule.js';
import { FakeClock } from '../../../../services/shared/time/clock.js';
import { millis, seconds } from '../../../../services/shared/time/duration.js';
import { interpretVrrpConfig } from '../../../../services/vrrpd/config/interpret.js';
import { type Wish, wishesOf } from '../../../../services/vrrpd/routing/kernelSpec.js';
import { RoutingKeeper } from '../../../../services/vrrpd/routing/routingKeeper.js';
import { ENVIRONMENT, load } from '../../shared/config/support.js';

/** The wishes of `virtual_routes` and `virtual_rules` with these lines. */
function wishes(routes: readonly string[], rules: readonly string[] = []): readonly Wish[] {
  const block = (name: string, lines: readonly string[]): string => `${name} {\n${lines.join('\n')}\n}\n`;
  const text = `vrrp_instance V {\ninterface e0\nvirtual_router_id 51\n${block('virtual_ipaddress', ['10.9.0.100'])}${block('virtual_routes', routes)}${block('virtual_rules', rules)}}\n`;
  const { tree } = load(text);
  const [instance] = (tree && interpretVrrpConfig(tree, ENVIRONMENT).model?.instances) ?? [];
  assert.ok(instance);
  return wishesOf(instance);
}

const ROUTE = '198.51.100.0/24 via 10.9.0.2 dev e0';
const RULE = 'from 192.0.2.0/24 table 100 priority 1000';
const master = (name: string) => ({ name });

/** A keeper on a fake kernel with e0 and e1, and what it told. */
function machine() {
  const world = new FakeWorld(new FakeClock());
  const kernel = new FakeKernel(world, 'ours');
  const links = new Map([
    ['e0', 3],
    ['e1', 4],
  ]);
  const down = new Set<string>();
  const told: string[] = [];
  const schedule = new Schedule(
    world.clock,
    (onExpire) => kernel.openDeadlineTimer(onExpire),
    (task) => task(),
  );
  const keeper = new RoutingKeeper(
    world.clock,
    schedule,
    {
      ifindexOf: (name) => links.get(name),
      vrfTableOf: () => undefined,
      isUp: (name) => links.has(name) && !down.has(name),
    },
    () => kernel.openRouting(),
    {
      refused: (entry, problem) => told.push(`refused ${entry.wish.config.text}: ${problem}`),
      putBack: (entry) => told.push(`put back ${entry.wish.config.text}`),
      lostChanged: () => told.push('losses'),
      foreignFound: () => told.push('foreign'),
    },
  );
  const { routing } = kernel;
  const there = () => [routing.table.length, routing.policy.length];
  return { world, routing, links, down, told, keeper, there };
}

describe('the keeper of routes and rules', () => {
  it('adds what an owner wants and removes it when the owner goes', () => {
    const { keeper, there, told } = machine();
    const owner = master('VI_1');
    keeper.want(owner, wishes([ROUTE], [RULE]));
    assert.deepEqual(there(), [1, 1]);
    keeper.want(owner, []);
    assert.deepEqual(there(), [0, 0]);
    assert.deepEqual(told, []);
  });

  it('has once what two owners want, until the last of them goes', () => {
    const { keeper, there, routing } = machine();
    const [one, two] = [master('VI_1'), master('VI_2')];
    keeper.want(one, wishes([ROUTE], [RULE]));
    keeper.want(two, wishes([ROUTE], [RULE]));
    assert.equal(routing.changes.length, 2);
    keeper.want(one, []);
    assert.deepEqual(there(), [1, 1]);
    keeper.want(two, []);
    assert.deepEqual(there(), [0, 0]);
  });

  it('changes only the difference when an owner wants something else', () => {
    const { keeper, routing } = machine();
    const owner = master('VI_1');
    keeper.want(owner, wishes([ROUTE, 'default via 10.9.0.2 dev e0']));
    const before = routing.changes.length;
    keeper.want(owner, wishes([ROUTE, '203.0.113.0/24 via 10.9.0.2 dev e0']));
    assert.deepEqual(
      routing.changes.slice(before).map(({ kind }) => kind),
      ['remove-route', 'add-route'],
    );
  });

  it('puts back what another program removes, also when nobody told of it', () => {
    const { keeper, routing, world, there, told } = machine();
    keeper.want(master('VI_1'), wishes([ROUTE], [RULE]));
    world.advance(millis(100));
    const [route] = routing.table;
    const [rule] = routing.policy;
    assert.ok(route && rule);
    routing.dropRoute(route);
    routing.dropRule(rule);
    world.advance(millis(100));
    assert.deepEqual(there(), [1, 1]);
    assert.deepEqual(told.sort(), [`put back ${RULE}`, `put back ${ROUTE}`].sort());
    const [again] = routing.table;
    assert.ok(again);
    routing.dropRoute(again, true);
    keeper.surroundingsChanged();
    world.advance(millis(100));
    assert.deepEqual(there(), [1, 1]);
  });

  it('leaves removed what is not tracked', () => {
    const { keeper, routing, world, there, told } = machine();
    keeper.want(master('VI_1'), wishes([`${ROUTE} no_track`]));
    world.advance(millis(100));
    const [route] = routing.table;
    assert.ok(route);
    routing.dropRoute(route);
    world.advance(seconds(2));
    assert.deepEqual(there(), [0, 0]);
    assert.deepEqual(told, []);
  });

  it('does not spin with a program that keeps removing', () => {
    const { keeper, routing, world } = machine();
    keeper.want(master('VI_1'), wishes([ROUTE]));
    for (let round = 0; round < 1_000; round++) {
      const [route] = routing.table;
      if (route !== undefined) routing.dropRoute(route);
      world.advance(millis(1));
    }
    const added = routing.changes.filter(({ kind }) => kind === 'add-route').length;
    assert.ok(added > 5 && added <= 1 + 1_000 / 50 + 1, `${added} times in a second`);
  });

  it('waits for an interface that is missing, and adds when it comes', () => {
    const { keeper, links, there, told, world } = machine();
    links.delete('e0');
    keeper.want(master('VI_1'), wishes([ROUTE]));
    assert.deepEqual(there(), [0, 0]);
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /refused .*e0/);
    links.set('e0', 3);
    keeper.surroundingsChanged();
    world.advance(millis(100));
    assert.deepEqual(there(), [1, 0]);
  });

  it('tells a refusal once, tries again, and takes it when the kernel does', () => {
    const { keeper, routing, there, told, world } = machine();
    routing.refuses = ({ kind }) => (kind === 'add-route' ? 'ENETUNREACH' : undefined);
    keeper.want(master('VI_1'), wishes([ROUTE]));
    world.advance(seconds(10));
    assert.equal(told.filter((line) => line.startsWith('refused')).length, 1, told.join('\n'));
    routing.refuses = () => undefined;
    world.advance(seconds(60));
    assert.deepEqual(there(), [1, 0]);
  });

  it('counts as lost what was removed and cannot be put back, until it can', () => {
    const { keeper, routing, told, world } = machine();
    const owner = master('VI_1');
    keeper.want(owner, wishes([ROUTE]));
    world.advance(millis(100));
    const [route] = routing.table;
    assert.ok(route);
    routing.refuses = ({ kind }) => (kind === 'add-route' ? 'ENETUNREACH' : undefined);
    routing.dropRoute(route);
    world.advance(millis(100));
    assert.equal(keeper.lossesOf(owner).length, 1);
    assert.ok(told.includes('losses'));
    routing.refuses = () => undefined;
    world.advance(seconds(60));
    assert.equal(keeper.lossesOf(owner).length, 0);
  });

  it('changes a thousand routes in slices, and flush does the rest at once', () => {
    const { keeper, routing, world } = machine();
    const many = wishes(
      Array.from({ length: 1_000 }, (_, index) => `10.${100 + (index >> 8)}.${index & 255}.0/24 via 10.9.0.2 dev e0`),
    );
    const owner = master('VI_1');
    keeper.want(owner, many);
    assert.equal(routing.table.length, 100);
    world.settle();
    assert.equal(routing.table.length, 1_000);
    keeper.want(owner, []);
    assert.equal(routing.table.length, 900);
    keeper.flush();
    assert.equal(routing.table.length, 0);
  });

  it('adopts what a predecessor left: keeps what is wanted, sweeps the rest', () => {
    const { routing, keeper, there } = machine();
    keeper.want(master('VI_1'), wishes([ROUTE, '203.0.113.0/24 via 10.9.0.2 dev e0'], [RULE]));
    keeper.close();
    const left = machine();
    for (const route of routing.table) left.routing.putRoute(route);
    for (const rule of routing.policy) left.routing.putRule(rule);
    assert.deepEqual(there(), [2, 1]);
    const all = wishes([ROUTE, '203.0.113.0/24 via 10.9.0.2 dev e0'], [RULE]);
    left.keeper.adopt(all, () => false);
    left.keeper.want(master('VI_1'), wishes([ROUTE], [RULE]));
    assert.deepEqual(left.routing.changes, []);
    left.keeper.sweep(all);
    left.world.settle();
    assert.deepEqual(left.there(), [1, 1]);
  });
});
