import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Segment } from './segment.js';

/** Replay one run with KEEPWATCH_SEED=N; try more with KEEPWATCH_SEEDS=COUNT. */
const only = process.env.KEEPWATCH_SEED;
const count = Number(process.env.KEEPWATCH_SEEDS ?? 2000);

describe('routers on a bad segment', () => {
  it('end with exactly one master, the best where preemption allows, from every seed', () => {
    const first = only === undefined ? 1 : Number(only);
    const last = only === undefined ? count : first;
    for (let seed = first; seed <= last; seed++) new Segment(seed).run();
  });

  it('live the same life twice from one seed', () => {
    for (const seed of [7, 77, 777]) {
      const [one, two] = [new Segment(seed), new Segment(seed)];
      one.run();
      two.run();
      assert.deepEqual(one.log, two.log);
      assert.ok(one.log.length > 5);
    }
  });
});
