/** A short chaos with known seeds; `npm run soak` is the long one. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { playChaos } from '../chaos/chaos.js';
import { KINDS, planChapter } from '../chaos/plan.js';
import { keepwatchSkip } from './lib/underTest.js';

/** Of two chapters in which every kind of act has its turn. */
const SEED = 53;
const CHAPTERS = 2;
const CHAPTER_MS = 10_000;

test('the chapters played here have an act of every kind', () => {
  const acts = Array.from({ length: CHAPTERS }, (_, chapter) => planChapter(SEED + chapter, CHAPTER_MS)).flat();
  assert.deepEqual([...new Set(acts.map(({ kind }) => kind))].sort(), [...KINDS].sort());
});

describe('chaos', { skip: await keepwatchSkip('keepalived') }, () => {
  test('whatever is killed, stopped, reloaded, ordered, cut and parted: one master, true states, complete stories', async (t) => {
    await playChaos({
      seed: SEED,
      chapters: CHAPTERS,
      chapterMs: CHAPTER_MS,
      weighs: false,
      report: (line) => t.diagnostic(line),
    });
  });
});
