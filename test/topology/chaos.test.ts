/** A short chaos with known seeds; `npm run soak` is the long one. */
import { describe, test } from 'node:test';
import { playChaos } from '../chaos/chaos.js';
import { keepwatchSkip } from './lib/underTest.js';

/** Two chapters that differ: every act is in one of them. */
const SEED = 1;

describe('chaos', { skip: await keepwatchSkip('keepalived') }, () => {
  test('whatever is killed, stopped, reloaded, ordered, cut and parted: one master, true states, complete stories', async (t) => {
    await playChaos({
      seed: SEED,
      chapters: 2,
      chapterMs: 10_000,
      weighs: false,
      report: (line) => t.diagnostic(line),
    });
  });
});
