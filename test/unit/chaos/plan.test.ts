import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planChapter } from '../../chaos/plan.js';

test('a seed gives the same chapter again, another seed another one', () => {
  assert.deepEqual(planChapter(7, 10_000), planChapter(7, 10_000));
  assert.notDeepEqual(planChapter(7, 10_000), planChapter(8, 10_000));
});

test('acts come in order, within the chapter, and at most one upgrade is among them', () => {
  for (let seed = 0; seed < 200; seed++) {
    const acts = planChapter(seed, 20_000);
    assert.ok(acts.length > 5, `seed ${seed}`);
    for (const [index, { at }] of acts.entries())
      assert.ok(at < 20_000 && at >= (acts[index - 1]?.at ?? 0), `seed ${seed}`);
    assert.ok(acts.filter(({ kind }) => kind === 'upgrade').length <= 1, `seed ${seed}`);
  }
});
