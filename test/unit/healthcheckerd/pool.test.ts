import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { quorumLimits, viewPool } from '../../../services/healthcheckerd/pool.js';

const server = (weight: number, inhibitOnFailure = false) => ({ weight, inhibitOnFailure });
/** The verdicts of the servers of a pool, with their configured weights. */
const states = (config: { realServers: readonly { weight: number }[] }, up: readonly boolean[]) =>
  config.realServers.map(({ weight }, index) => ({ up: up[index] === true, weight }));

const out = { inTable: false, weight: 0 };

test('without a sorry server the living stay, with or without quorum', () => {
  const config = { quorum: 2, hysteresis: 0, realServers: [server(1), server(3)] };
  assert.deepEqual(viewPool(config, states(config, [true, false]), true), {
    quorumUp: false,
    weightUp: 1,
    members: [{ inTable: true, weight: 1 }, out],
  });
});

test('without quorum the sorry server takes over and every real server leaves; the inhibited stay at weight 0', () => {
  const config = {
    quorum: 3,
    hysteresis: 0,
    realServers: [server(1), server(1, true), server(1)],
    sorryServer: { inhibit: false },
  };
  assert.deepEqual(viewPool(config, states(config, [true, true, true]), false), {
    quorumUp: true,
    weightUp: 3,
    members: [
      { inTable: true, weight: 1 },
      { inTable: true, weight: 1 },
      { inTable: true, weight: 1 },
    ],
    sorry: { ...out, active: false },
  });
  assert.deepEqual(viewPool(config, states(config, [true, true, false]), true), {
    quorumUp: false,
    weightUp: 2,
    members: [out, { inTable: true, weight: 0 }, out],
    sorry: { inTable: true, weight: 1, active: true },
  });
});

test('an inhibited sorry server waits in the table with weight 0', () => {
  const config = { quorum: 1, hysteresis: 0, realServers: [server(1)], sorryServer: { inhibit: true } };
  assert.deepEqual(viewPool(config, states(config, [true]), false).sorry, { inTable: true, weight: 0, active: false });
  assert.deepEqual(viewPool(config, states(config, [false]), true).sorry, { inTable: true, weight: 1, active: true });
});

test('quorum is gained at quorum + hysteresis, lost below quorum - hysteresis, and stands in between', () => {
  const config = { quorum: 3, hysteresis: 1, realServers: [1, 1, 1, 1, 1].map((weight) => server(weight)) };
  const up = (count: number): boolean[] => config.realServers.map((_, index) => index < count);
  let before = false;
  const seen = [5, 4, 3, 2, 1, 2, 3, 4].map((count) => {
    before = viewPool(config, states(config, up(count)), before).quorumUp;
    return before;
  });
  assert.deepEqual(seen, [true, true, true, true, false, false, false, true]);
});

test('what cannot be is lowered: quorum to the total weight, hysteresis below the quorum', () => {
  assert.deepEqual(quorumLimits({ quorum: 9, hysteresis: 8, realServers: [server(2), server(1)] }), {
    quorum: 3,
    hysteresis: 2,
  });
  const drained = { quorum: 1, hysteresis: 0, realServers: [server(0)] };
  assert.equal(viewPool(drained, states(drained, [true]), false).quorumUp, false);
  assert.deepEqual(viewPool(drained, states(drained, [true]), false).members, [{ inTable: true, weight: 0 }]);
});

const pools = fc.record({
  quorum: fc.integer({ min: 1, max: 20 }),
  hysteresis: fc.nat(10),
  realServers: fc.array(fc.record({ weight: fc.nat(5), inhibitOnFailure: fc.boolean() }), {
    minLength: 1,
    maxLength: 8,
  }),
  sorry: fc.option(fc.record({ inhibit: fc.boolean() }), { nil: undefined }),
});
const verdicts = fc.array(fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), { maxLength: 20 });

test('always: the dead get no traffic, the sorry server or the real ones do, quorum does not flap within hysteresis', () => {
  fc.assert(
    fc.property(pools, verdicts, ({ sorry, ...rest }, history) => {
      const config = { ...rest, ...(sorry === undefined ? {} : { sorryServer: sorry }) };
      const { quorum, hysteresis } = quorumLimits(config);
      let before = false;
      for (const up of history) {
        const view = viewPool(config, states(config, up), before);
        for (const [index, member] of view.members.entries()) {
          if (!up[index]) assert.equal(member.weight, 0);
          if (!up[index] && !config.realServers[index]?.inhibitOnFailure) assert.equal(member.inTable, false);
          if (view.sorry?.active) assert.equal(member.weight, 0);
        }
        if (view.sorry !== undefined) {
          assert.equal(view.sorry.active, !view.quorumUp);
          assert.equal(view.sorry.weight, view.sorry.active ? 1 : 0);
        }
        const inBand = view.weightUp >= quorum - hysteresis && view.weightUp < quorum + hysteresis && view.weightUp > 0;
        if (inBand) assert.equal(view.quorumUp, before);
        else assert.equal(view.quorumUp, view.weightUp > 0 && view.weightUp >= quorum + hysteresis);
        assert.deepEqual(
          viewPool(config, states(config, up), view.quorumUp).quorumUp,
          view.quorumUp,
          'the same verdicts change nothing',
        );
        before = view.quorumUp;
      }
    }),
  );
});
