/** Random pairs of configurations: what a reload does to the kernel is what its plan says, and nothing else. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { elapsed, millis, seconds } from '../../../services/shared/time/duration.js';
import type { InstanceConfig, VrrpConfig } from '../../../services/vrrpd/config/model.js';
import { plannedChanges } from '../../../services/vrrpd/planChanges.js';
import { config, instance, Machine, newWorld, vip } from './support.js';

const RUNS = Number(process.env.KEEPWATCH_PROPERTY_RUNS ?? 150);
const NAMES = [1, 2, 3, 4] as const;

/** Addresses of an instance lie in a range of their own, so that an operation tells whose it is. */
const addressOf = (number: number, index: number): string => `10.0.${number}.${index}`;

const instanceOf = (number: number): fc.Arbitrary<InstanceConfig> =>
  fc
    .record({
      vrid: fc.constantFrom(number, number, number, number + 100),
      priority: fc.constantFrom(100, 150, 200),
      interface: fc.constantFrom('eth0', 'eth0', 'eth0', 'eth1'),
      advertised: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { minLength: 1 }),
      excluded: fc.uniqueArray(fc.integer({ min: 5, max: 7 })),
    })
    .map(({ advertised, excluded, ...rest }) =>
      instance({
        name: `VI_${number}`,
        ...rest,
        vips: advertised.map((index) => vip(`${addressOf(number, index)}/24`)),
        excludedVips: excluded.map((index) => vip(`${addressOf(number, index)}/24`)),
      }),
    );

const configuration: fc.Arbitrary<VrrpConfig> = fc
  .tuple(...NAMES.map((number) => fc.option(instanceOf(number), { nil: undefined })))
  .map((instances) => config(instances.filter((one) => one !== undefined)));

const addressesOf = (one: InstanceConfig | undefined): Set<string> =>
  new Set([...(one?.vips ?? []), ...(one?.excludedVips ?? [])].map(({ address }) => address.bytes.join('.')));

describe('a reload from any configuration to any other', () => {
  it('does to the kernel what its plan says, keeps what is in both, and delays no advertisement', () => {
    fc.assert(
      fc.property(configuration, configuration, (before, after) => {
        const world = newWorld();
        const machine = new Machine(world, 1);
        machine.engine.apply(before);
        world.advance(seconds(5));
        for (const { name } of before.instances) assert.equal(machine.state(name), 'master');
        const done = machine.addressChanges().length;
        const diff = machine.engine.diff(after);
        const planned = new Set(plannedChanges(diff).map(({ subject }) => subject));

        machine.engine.apply(after);
        const kinds = new Map(diff.instances.map(({ name, kind }) => [name, kind]));
        // An unchanged or changed master goes on as before, to the millisecond.
        for (let step = 0; step < 60; step++) {
          world.advance(millis(50));
          for (const { name } of after.instances) {
            const kind = kinds.get(name);
            if (kind !== 'same' && kind !== 'update') continue;
            const state = machine.engine.routers.get(name)?.state;
            assert.ok(state?.kind === 'master', `${name} (${kind}) left MASTER`);
            const silence = elapsed(state.lastAdvertAt, world.clock.now());
            assert.ok(silence <= seconds(1), `${name} (${kind}) was silent for ${silence} µs`);
          }
        }
        world.advance(seconds(5));

        const operations = machine.addressChanges().slice(done);
        for (const operation of operations) {
          const [verb, address = ''] = operation.split(' ');
          const name = `VI_${address.split('.')[2]}`;
          assert.ok(planned.has(`vrrp_instance ${name}`), `${operation}, but nothing is planned for ${name}`);
          const one = before.instances.find((candidate) => candidate.name === name);
          const other = after.instances.find((candidate) => candidate.name === name);
          if (kinds.get(name) !== 'update') continue;
          const [had, has] = [addressesOf(one).has(address), addressesOf(other).has(address)];
          assert.ok(had !== has, `${operation}, which is in both configurations`);
          assert.equal(verb === 'add', has, operation);
        }
        for (const { name, vips, excludedVips } of after.instances) {
          for (const { address } of [...vips, ...excludedVips]) {
            const ifindex = after.instances.find((one) => one.name === name)?.interface === 'eth1' ? 3 : 2;
            assert.ok(machine.holds(address.bytes.join('.'), ifindex), `${name} lacks ${address.bytes.join('.')}`);
          }
        }
      }),
      { numRuns: RUNS },
    );
  });
});

describe('a clock that is set', () => {
  it('an hour forward or back moves nothing: deadlines are monotonic', () => {
    const world = newWorld();
    const [one, two] = [new Machine(world, 1), new Machine(world, 2)];
    one.engine.apply(config([instance({ priority: 150 })]));
    two.engine.apply(config([instance({ priority: 100 })]));
    world.advance(seconds(5));
    const before = [one.transitions(), two.transitions()];
    for (const hours of [1, -2, 1]) {
      const wall = world.clock.wall.bind(world.clock);
      world.clock.wall = () => new Date(wall().getTime() + hours * 3_600_000);
      world.advance(seconds(5));
      assert.deepEqual([one.transitions(), two.transitions()], before);
    }
    assert.deepEqual([one.state(), two.state()], ['master', 'backup']);
  });
});
