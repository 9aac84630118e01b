/** Random pairs of configurations with routes and rules: what is in both is not touched, what is done was planned. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { RoutingChange } from '../../../services/shared/kernel/fakeRouting.js';
import { seconds } from '../../../services/shared/time/duration.js';
import type { InstanceConfig, VrrpConfig } from '../../../services/vrrpd/config/model.js';
import type { RouteConfig, RuleConfig } from '../../../services/vrrpd/config/routingModel.js';
import { plannedChanges } from '../../../services/vrrpd/planChanges.js';
import { config, instance, ip, Machine, newWorld, position, vip } from './support.js';

const RUNS = Number(process.env.KEEPWATCH_PROPERTY_RUNS ?? 150);
const NAMES = [1, 2, 3] as const;
// linux/rtnetlink.h, linux/fib_rules.h
const [RTN_UNICAST, RT_TABLE_MAIN, RTPROT_KEEPALIVED, RTAX_MTU, FR_ACT_TO_TBL] = [1, 254, 18, 2, 1];

/** Its third number tells whose a route or a rule is. */
const route = (number: number, index: number, mtu: number): RouteConfig => ({
  family: 4,
  type: RTN_UNICAST,
  destination: ip(`172.16.${number}.${index * 16}`),
  prefixLength: 28,
  table: RT_TABLE_MAIN,
  protocol: RTPROT_KEEPALIVED,
  scope: 0,
  metrics: [{ type: RTAX_MTU, value: mtu }],
  lock: 0,
  hops: [{ dev: 'eth0', gateway: ip('10.0.0.254') }],
  placement: 'prepend',
  noTrack: false,
  position,
  text: `172.16.${number}.${index * 16}/28 via 10.0.0.254 dev eth0 mtu ${mtu}`,
});

const rule = (number: number, index: number): RuleConfig => ({
  family: 4,
  preference: 1000 + number * 10 + index,
  preferenceGiven: true,
  action: FR_ACT_TO_TBL,
  table: 100,
  protocol: RTPROT_KEEPALIVED,
  invert: false,
  source: { address: ip(`172.16.${number}.${index}`), prefixLength: 32 },
  tos: 0,
  l3mdev: false,
  noTrack: false,
  position,
  text: `from 172.16.${number}.${index} table 100 priority ${1000 + number * 10 + index}`,
});

const some = fc.uniqueArray(fc.integer({ min: 1, max: 4 }));
const instanceOf = (number: number): fc.Arbitrary<InstanceConfig> =>
  fc
    .record({
      vrid: fc.constantFrom(number, number, number, number + 100),
      priority: fc.constantFrom(100, 150),
      routed: some,
      mtu: fc.constantFrom(1400, 1400, 1300),
      ruled: some,
    })
    .map(({ vrid, priority, routed, mtu, ruled }) =>
      instance({
        name: `VI_${number}`,
        vrid,
        priority,
        vips: [vip(`10.0.${number}.1/24`)],
        routes: routed.map((index) => route(number, index, mtu)),
        rules: ruled.map((index) => rule(number, index)),
      }),
    );

const configuration: fc.Arbitrary<VrrpConfig> = fc
  .tuple(...NAMES.map((number) => fc.option(instanceOf(number), { nil: undefined })))
  .map((instances) => config(instances.filter((one) => one !== undefined)));

/** What a change is about, in the words of {@link textsOf}, and whose it is. */
function subjectOf(change: RoutingChange): { readonly name: string; readonly key: string } {
  if ('route' in change) {
    const bytes = change.route.destination ?? [];
    return { name: `VI_${bytes[2]}`, key: `route ${[...bytes].join('.')}` };
  }
  const { preference } = change.rule;
  return { name: `VI_${Math.floor((preference - 1000) / 10)}`, key: `rule ${preference}` };
}

/** Key → text of everything an instance puts into the routing tables. */
const textsOf = (one: InstanceConfig | undefined): Map<string, string> =>
  new Map([
    ...(one?.routes ?? []).map(({ destination, text }) => [`route ${destination?.bytes.join('.')}`, text] as const),
    ...(one?.rules ?? []).map(({ preference, text }) => [`rule ${preference}`, text] as const),
  ]);

const named = ({ instances }: VrrpConfig, name: string): InstanceConfig | undefined =>
  instances.find((one) => one.name === name);

describe('a reload from any routes and rules to any others', () => {
  it('touches nothing that is in both, does nothing that is not planned, and ends with what is configured', () => {
    fc.assert(
      fc.property(configuration, configuration, (before, after) => {
        const world = newWorld();
        const machine = new Machine(world, 1);
        machine.engine.apply(before);
        world.advance(seconds(5));
        for (const { name } of before.instances) assert.equal(machine.state(name), 'master');
        const { routing } = machine.kernel;
        const done = routing.changes.length;
        const diff = machine.engine.diff(after);
        const planned = new Set(plannedChanges(diff).map(({ subject }) => subject));
        const kinds = new Map(diff.instances.map(({ name, kind }) => [name, kind]));

        machine.engine.apply(after);
        world.advance(seconds(5));

        for (const change of routing.changes.slice(done)) {
          const { name, key } = subjectOf(change);
          const did = `${change.kind} of ${key}`;
          assert.ok(planned.has(`vrrp_instance ${name}`), `${did}, but nothing is planned for ${name}`);
          if (kinds.get(name) !== 'update') continue;
          const [had, has] = [textsOf(named(before, name)).get(key), textsOf(named(after, name)).get(key)];
          assert.notEqual(had, has, `${did}, which is the same in both configurations`);
          if (change.kind.startsWith('add')) assert.ok(has !== undefined, did);
          else assert.ok(had !== undefined, did);
        }
        const wanted = after.instances.flatMap((one) => [...textsOf(one).keys()]).sort();
        const there = [
          ...routing.table.map(({ destination }) => `route ${[...(destination ?? [])].join('.')}`),
          ...routing.policy.map(({ preference }) => `rule ${preference}`),
        ].sort();
        assert.deepEqual(there, wanted);
      }),
      { numRuns: RUNS },
    );
  });
});
