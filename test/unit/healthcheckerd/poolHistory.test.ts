/** Pools through whatever may happen to them: checks that succeed and fail, weights that move, reloads, an address that comes and goes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RealServerConfig, VirtualServerConfig } from '../../../services/healthcheckerd/config/model.js';
import { quorumLimits } from '../../../services/healthcheckerd/pool.js';
import type { RealServer } from '../../../services/shared/rpc/generated/keepwatch/v1/health.js';
import type { IpvsDestination } from '../../../services/shared/rpc/generated/keepwatch/v1/ipvs.js';
import { seconds } from '../../../services/shared/time/duration.js';
import { address, Bench, healthConfig, position, realServer, refused, virtualServer } from './support.js';

const VIRTUAL_ADDRESS = '10.8.0.1';
const SORRY = '10.9.9.9';
const SERVERS = 5;
const serverAddress = (index: number): string => `10.9.1.${index + 1}`;

const pools = fc.record({
  quorum: fc.integer({ min: 1, max: 12 }),
  hysteresis: fc.nat(5),
  alpha: fc.boolean(),
  haSuspend: fc.boolean(),
  sorry: fc.option(fc.record({ inhibit: fc.boolean() }), { nil: undefined }),
  members: fc.array(
    fc.record({
      weight: fc.nat(5),
      inhibit: fc.boolean(),
      retry: fc.nat(2),
      warmup: fc.nat(20),
      /** Whether it answers when the daemon starts. */
      lives: fc.boolean(),
    }),
    { minLength: 1, maxLength: SERVERS },
  ),
});
type PoolPlan = typeof pools extends fc.Arbitrary<infer T> ? T : never;

const happenings = fc.array(
  fc.record({
    after: fc.integer({ min: 1, max: 40 }),
    what: fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          kind: fc.constant('server' as const),
          index: fc.nat(SERVERS - 1),
          up: fc.boolean(),
          add: fc.integer({ min: -3, max: 3 }),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('reload' as const),
          weights: fc.array(fc.nat(5), { minLength: SERVERS, maxLength: SERVERS }),
          quorum: fc.integer({ min: 1, max: 12 }),
        }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('address' as const), here: fc.boolean() }) },
    ),
  }),
  { maxLength: 12 },
);

function configOf(plan: PoolPlan): VirtualServerConfig {
  const { quorum, hysteresis, alpha, haSuspend, sorry, members } = plan;
  const realServers: RealServerConfig[] = members.map(({ weight, inhibit, retry, warmup }, index) =>
    realServer(serverAddress(index), { weight, inhibitOnFailure: inhibit }, { alpha, retry, warmup: seconds(warmup) }),
  );
  const forwarding = { method: 'masq' } as const;
  return virtualServer(realServers, {
    quorum,
    hysteresis,
    alpha,
    haSuspend,
    ...(sorry && { sorryServer: { address: address(SORRY), port: 80, forwarding, position, ...sorry } }),
  });
}

/** One pool under an engine, looked at after everything that happens. */
class History {
  readonly #bench = new Bench();
  /** Servers that have answered a check since the start. */
  readonly #answered = new Set<string>();
  #config: VirtualServerConfig;
  /** The quorum that follows from the reports. */
  #expected = false;
  #heard = 0;
  /** The quorum that the FIFO told. */
  #quorum = false;
  /** Seconds without the address, where that matters. */
  #away = 0;
  #told = 0;

  constructor(private plan: PoolPlan) {
    this.#config = configOf(plan);
    this.#bench.local.add(VIRTUAL_ADDRESS);
    for (const [index, { lives }] of plan.members.entries()) {
      if (!lives) this.#bench.prober.answers.set(`${serverAddress(index)}:80`, refused);
    }
    this.#bench.engine.apply(healthConfig([this.#config]));
    this.look();
  }

  happen(what: (typeof happenings extends fc.Arbitrary<infer T> ? T : never)[number]['what']): void {
    const { engine, local, prober } = this.#bench;
    if (what.kind === 'server') {
      const { up, add } = what;
      prober.answers.set(`${serverAddress(what.index)}:80`, up ? { kind: 'success', weight: { add } } : refused);
    } else if (what.kind === 'address') {
      if (what.here) local.add(VIRTUAL_ADDRESS);
      else local.delete(VIRTUAL_ADDRESS);
    } else {
      const members = this.plan.members.map((member, index) => ({ ...member, weight: what.weights[index] ?? 0 }));
      this.plan = { ...this.plan, quorum: what.quorum, members };
      this.#config = configOf(this.plan);
      engine.apply(healthConfig([this.#config]));
    }
  }

  /** Lives for a second and looks. */
  live(): void {
    const { local, prober } = this.#bench;
    const checks = prober.checks.length;
    const before = this.#bench.table();
    this.#bench.runUntil(this.#bench.now + 1);
    const begun = prober.checks.slice(checks);
    for (const { target } of begun) {
      if ((prober.answers.get(target)?.kind ?? 'success') === 'success') this.#answered.add(target);
    }
    this.#away = this.#config.haSuspend && !local.has(VIRTUAL_ADDRESS) ? this.#away + 1 : 0;
    // It is looked once a second.
    if (this.#away > 1) {
      assert.deepEqual(begun, [], 'a suspended pool checks nobody');
      assert.deepEqual(this.#bench.table(), before, 'and its table stands still');
    }
    this.look();
  }

  look(): void {
    const state = this.#bench.engine.state();
    const [virtual] = state.virtualServers;
    const destinations = state.desired[0]?.destinations ?? [];
    const at = (server: string): IpvsDestination | undefined => destinations.find((one) => one.address === server);
    const sorry = at(SORRY);
    const real = destinations.filter((one) => one.address !== SORRY);
    const sum = (list: readonly IpvsDestination[]): number => list.reduce((total, { weight }) => total + weight, 0);
    assert.ok(virtual);

    for (const [index, { inhibit }] of this.plan.members.entries()) {
      const server = serverAddress(index);
      const weight = at(server)?.weight;
      if (this.#config.alpha && !this.#answered.has(`${server}:80`)) {
        assert.ok((weight ?? 0) === 0, `${server} has traffic under alpha and was never checked`);
      }
      if (inhibit) assert.ok(weight !== undefined, `${server} is inhibited and has left the table`);
      const seen: RealServer | undefined = virtual.realServers[index];
      assert.ok(seen);
      if (!seen.up) assert.equal(weight, inhibit ? 0 : undefined, `${server} is down`);
      else if ((sorry?.weight ?? 0) === 0) assert.equal(weight, seen.weight, `${server} is up`);
      else assert.equal(weight, inhibit ? 0 : undefined, `the sorry server stands in for ${server}`);
    }
    const living = virtual.weightUp;
    assert.equal(virtual.quorumUp, this.#expectQuorum());
    if (this.#config.sorryServer === undefined) {
      assert.equal(sorry, undefined);
      assert.equal(sum(real), living, 'the table holds the weights of those that are up, no more and no less');
    } else {
      assert.equal(sum(destinations) > 0, true, 'somebody takes the traffic');
      assert.equal(sum(real) > 0, virtual.quorumUp, 'real servers with quorum');
      assert.equal(sorry?.weight ?? 0, virtual.quorumUp ? 0 : 1, 'the sorry server without');
      assert.equal(sum(real), virtual.quorumUp ? living : 0);
    }
    this.#compareTold(virtual.quorumUp);
  }

  /** The quorum there has to be, from the first report to the last. */
  #expectQuorum(): boolean {
    const { quorum, hysteresis } = quorumLimits(this.#config);
    const { reports } = this.#bench;
    for (const { event } of reports.slice(this.#heard)) {
      const [virtual] = event.virtualServers;
      if (virtual === undefined) continue;
      const weight = virtual.weightUp;
      const inBand = weight > 0 && weight >= quorum - hysteresis && weight < quorum + hysteresis;
      this.#expected = inBand ? this.#expected : weight > 0 && weight >= quorum + hysteresis;
      assert.equal(virtual.quorumUp, this.#expected, `quorum ${quorum}, hysteresis ${hysteresis}, weight ${weight}`);
    }
    this.#heard = reports.length;
    return this.#expected;
  }

  /** Whoever listens to the FIFO knows the quorum, and hears nothing twice. */
  #compareTold(quorumUp: boolean): void {
    const lines = this.#bench.fifo();
    for (const line of lines.slice(this.#told).filter((one) => one.startsWith('VS '))) {
      const up = line.endsWith(' UP');
      if (this.#told > 0 || up) assert.notEqual(up, this.#quorum, `${line} is no news`);
      this.#quorum = up;
    }
    this.#told = lines.length;
    assert.equal(this.#quorum, quorumUp, 'the last line says how it is');
  }
}

test('whatever happens: nobody unchecked under alpha, the weights of the living or a sorry server, the inhibited stay, no news twice', () => {
  fc.assert(
    fc.property(pools, happenings, (plan, events) => {
      const history = new History(plan);
      for (const { after, what } of events) {
        history.happen(what);
        history.look();
        for (let second = 0; second < after; second++) history.live();
      }
    }),
    { numRuns: 150 },
  );
});
