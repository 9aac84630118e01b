/** Two sessions over a link that loses, delays and falls silent: properties that hold for every seed. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { SessionEvent } from '../../../../services/bfdd/fsm/events.js';
import {
  initialSession,
  nextDeadline,
  type SessionSettings,
  type SessionState,
} from '../../../../services/bfdd/fsm/state.js';
import { step } from '../../../../services/bfdd/fsm/step.js';
import { encodeControlPacket } from '../../../../services/bfdd/packet/encode.js';
import { decodeControlPacket } from '../../../../services/bfdd/packet/receive.js';
import { type Instant, instant, millis } from '../../../../services/shared/time/duration.js';
import { settingsOf } from './support.js';

interface Flight {
  readonly to: number;
  readonly at: Instant;
  readonly bytes: Buffer;
}

/** Two ends, a link and a clock; everything by one seed. */
class Pair {
  now: Instant = instant(1_000_000);
  readonly ends: SessionState[];
  readonly entered: string[] = [];
  /** Chance of 0..1 that a packet is lost, by direction. */
  loss: [number, number] = [0, 0];
  #flights: Flight[] = [];
  #seed: number;

  constructor(settings: readonly [SessionSettings, SessionSettings], seed: number) {
    this.#seed = seed | 1;
    this.ends = settings.map((one, index) => initialSession(one, 1 + index, seed + index + 1));
    this.#take(0, { kind: 'start' });
    this.#take(1, { kind: 'start' });
  }

  /** Runs until everything up to `ms` from now is served. */
  run(ms: number): void {
    const until = instant(this.now + ms * 1000);
    for (;;) {
      const flight = this.#flights[0];
      const dues = this.ends.map((end) => nextDeadline(end) ?? Number.POSITIVE_INFINITY);
      const next = Math.min(flight?.at ?? Number.POSITIVE_INFINITY, ...dues);
      if (next > until) break;
      this.now = instant(Math.max(this.now, next));
      if (flight !== undefined && flight.at <= next) {
        this.#flights.shift();
        const received = decodeControlPacket(flight.bytes);
        assert.ok(received.ok, 'what we write we read');
        this.#take(flight.to, { kind: 'packet', packet: received.packet });
      } else this.#take(dues.indexOf(next), { kind: 'deadline' });
    }
    this.now = until;
  }

  take(end: number, event: SessionEvent): void {
    this.#take(end, event);
  }

  states(): string {
    return this.ends.map(({ state }) => state).join(' ');
  }

  #take(index: number, event: SessionEvent): void {
    const end = this.ends[index];
    assert.ok(end !== undefined);
    const { state, actions } = step(end, event, this.now);
    this.ends[index] = state;
    for (const action of actions) {
      if (action.kind === 'enter') this.entered.push(`${index} ${action.to} ${action.cause.code}`);
      else if (this.#chance() >= (this.loss[index] ?? 0)) {
        const at = instant(this.now + 100 + this.#chance() * 2_000);
        this.#flights.push({ to: 1 - index, at, bytes: encodeControlPacket(action.packet) });
        this.#flights.sort((a, b) => a.at - b.at);
      }
    }
  }

  #chance(): number {
    this.#seed = (Math.imul(this.#seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return this.#seed / 0x8000_0000;
  }
}

const settings = fc
  .record({
    tx: fc.integer({ min: 10, max: 400 }),
    rx: fc.integer({ min: 10, max: 400 }),
    multiplier: fc.integer({ min: 2, max: 6 }),
  })
  .map(({ tx, rx, multiplier }) => settingsOf({ minTx: millis(tx), minRx: millis(rx), multiplier }));
const seeds = fc.integer({ min: 1, max: 0x3fff_ffff });

describe('two sessions', () => {
  it('come Up, agree on the intervals, and stay Up while nothing is lost', () => {
    fc.assert(
      fc.property(settings, settings, seeds, fc.boolean(), (one, other, seed, passive) => {
        const pair = new Pair([{ ...one, passive }, other], seed);
        pair.run(4_000);
        assert.equal(pair.states(), 'up up');
        assert.ok(
          pair.ends.every(({ polling }) => !polling),
          'the polls have ended',
        );
        const before = pair.entered.length;
        pair.run(20_000);
        assert.equal(pair.entered.length, before, pair.entered.join());
      }),
      { numRuns: 100 },
    );
  });

  it('both notice a cut within the detection time, and come back when it heals', () => {
    fc.assert(
      fc.property(settings, settings, seeds, (one, other, seed) => {
        const pair = new Pair([one, other], seed);
        pair.run(5_000);
        pair.loss = [1, 1];
        const longest = Math.max(
          other.multiplier * Math.max(other.minTx, one.minRx),
          one.multiplier * Math.max(one.minTx, other.minRx),
        );
        pair.run(longest / 1000 + 5);
        assert.equal(pair.states(), 'down down');
        assert.ok(pair.entered.slice(-2).every((text) => text.endsWith('down detection-expired')));
        pair.loss = [0, 0];
        pair.run(4_000);
        assert.equal(pair.states(), 'up up');
      }),
      { numRuns: 100 },
    );
  });

  it('a way that works in one direction only is no way: neither stays Up', () => {
    fc.assert(
      fc.property(settings, settings, seeds, (one, other, seed) => {
        const pair = new Pair([one, other], seed);
        pair.run(5_000);
        pair.loss = [0, 1];
        pair.run(8_000);
        assert.ok(!pair.states().includes('up'), pair.states());
      }),
      { numRuns: 50 },
    );
  });

  it('converge after any loss', () => {
    fc.assert(
      fc.property(
        settings,
        settings,
        seeds,
        fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        (one, other, seed, loss) => {
          const pair = new Pair([one, other], seed);
          pair.loss = [loss, loss];
          pair.run(10_000);
          pair.loss = [0, 0];
          // The longest detection time of an end that believes the other to be Init, then a handshake.
          pair.run(12_000);
          assert.equal(pair.states(), 'up up');
        },
      ),
      { numRuns: 100 },
    );
  });

  it('a shutdown is heard as what it is', () => {
    const pair = new Pair([settingsOf(), settingsOf()], 99);
    pair.run(3_000);
    pair.take(0, { kind: 'shutdown' });
    pair.run(50);
    assert.equal(pair.entered.at(-1), '1 down neighbor-admin-down');
  });

  it('is the same for the same seed', () => {
    const play = (): readonly string[] => {
      const pair = new Pair([settingsOf(), settingsOf()], 4711);
      pair.loss = [0.5, 0.5];
      pair.run(30_000);
      return pair.entered;
    };
    assert.deepEqual(play(), play());
  });
});
