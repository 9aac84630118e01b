/**
 * Damaged files of the corpus and arbitrary bytes through the loader and all interpreters: they never throw, never hang,
 * and take time in proportion to their size. The seed is printed; KEEPWATCH_FUZZ_SEED repeats a run,
 * KEEPWATCH_FUZZ_SECONDS makes it longer.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Diagnostic } from '../../services/shared/config/diagnostic.js';
import { loadConfig } from '../../services/shared/config/load.js';
import { MAXIMUM_NESTING } from '../../services/shared/config/treeBuilder.js';
import { diagnose, memoryFiles } from '../unit/shared/config/support.js';
import { type Bytes, mutate } from './lib/mutate.js';
import { type Random, randomFrom } from './lib/random.js';

const SECONDS = Number(process.env.KEEPWATCH_FUZZ_SECONDS ?? 6);
const SEED = Number(process.env.KEEPWATCH_FUZZ_SEED ?? Date.now() % 0x7fffffff);
/** One file must be read within this, on a slow and busy machine, even if a sequence makes it a million lines. */
const PATIENCE_MS = 10_000;

const read = (folder: string): ReadonlyMap<string, Bytes> =>
  new Map(
    readdirSync(`test/corpus/${folder}`).map((name) => [
      `/${folder}/${name}`,
      readFileSync(`test/corpus/${folder}/${name}`),
    ]),
  );

/** A damaged sequence may become a million lines long, within its bound; there is time for that in long runs only. */
const LENGTHY = SECONDS > 10 ? /bomb|sequence-huge/ : /bomb|sequence/;
const included = read('inc');
const seeds = [...read('good'), ...read('bad')].filter(([path]) => !LENGTHY.test(path)).map(([, bytes]) => bytes);

/** All that is said about the bytes. */
function findings(bytes: Bytes): readonly Diagnostic[] {
  const access = memoryFiles({ ...Object.fromEntries(included), '/good/k.conf': bytes });
  return diagnose(loadConfig({ file: '/good/k.conf', access, configId: 'box' }));
}

/** Takes the bytes and complains with a way to repeat it. */
function survive(bytes: Bytes, round: number): void {
  const from = performance.now();
  const where = `seed ${SEED}, round ${round}:\n${JSON.stringify(Buffer.from(bytes).toString('latin1'))}`;
  try {
    for (const { message } of findings(bytes)) assert.equal(typeof message, 'string');
  } catch (error) {
    throw new Error(`thrown at ${where}`, { cause: error });
  }
  const took = performance.now() - from;
  assert.ok(took < PATIENCE_MS, `took ${took.toFixed(0)} ms at ${where}`);
}

/** Works for a share of the time there is, at least some rounds. */
function forTheShare(share: number, work: (random: Random, round: number) => void): number {
  const until = performance.now() + SECONDS * 1_000 * share;
  let round = 0;
  for (; round < 50 || performance.now() < until; round++) work(randomFrom(SEED + round), round);
  return round;
}

const pick = (random: Random): Bytes => seeds[random(seeds.length)] ?? assert.fail('no corpus');

describe('fuzzing', () => {
  it('damaged files of the corpus neither throw nor hang', (test) => {
    const rounds = forTheShare(0.6, (random, round) => survive(mutate(pick(random), random), round));
    test.diagnostic(`${rounds} rounds from seed ${SEED}`);
  });

  it('two files cut together neither throw nor hang', (test) => {
    const rounds = forTheShare(0.2, (random, round) => {
      const [one, other] = [pick(random), pick(random)];
      survive(Buffer.concat([one.subarray(0, random(one.length)), other.subarray(random(other.length))]), round);
    });
    test.diagnostic(`${rounds} rounds from seed ${SEED}`);
  });

  it('arbitrary bytes neither throw nor hang', (test) => {
    const rounds = forTheShare(0.2, (random, round) => {
      survive(
        Uint8Array.from({ length: random(2_000) }, () => random(256)),
        round,
      );
    });
    test.diagnostic(`${rounds} rounds from seed ${SEED}`);
  });

  it('four times as much damage takes about four times as long', () => {
    const random = randomFrom(SEED);
    const damaged = (count: number): Bytes =>
      Buffer.concat(
        Array.from({ length: count }, () => [harmless(mutate(pick(random), random)), Buffer.from('\n')]).flat(),
      );
    const parts = damaged(400);
    const small = shortest(parts);
    const large = shortest(Buffer.concat([parts, parts, parts, parts]));
    // Quadratic work would be 16 times; collectors and compilers make some noise.
    const ratio = large / Math.max(small, 5_000);
    assert.ok(
      ratio < 12,
      `seed ${SEED}: ${parts.length} bytes ${small} µs, four times ${large} µs, ratio ${ratio.toFixed(1)}`,
    );
  });
});

/** Sequences and parameters may make much of little, up to their bound: not what is measured here. */
const harmless = (bytes: Bytes): Bytes =>
  Buffer.from(
    Buffer.from(bytes)
      .toString('latin1')
      .replace(/[$~@]|include/g, '_'),
    'latin1',
  );

function shortest(bytes: Bytes): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 3; run++) {
    const before = process.cpuUsage();
    findings(bytes);
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, user + system);
  }
  return best;
}

describe('nesting', () => {
  const nested = (depth: number): Bytes => Buffer.from(`${'vrrp_instance {\n'.repeat(depth)}${'}\n'.repeat(depth)}`);
  const codes = (depth: number): readonly string[] => findings(nested(depth)).map(({ code }) => code);

  it(`is read ${MAXIMUM_NESTING} deep and refused beyond`, () => {
    assert.ok(!codes(MAXIMUM_NESTING).includes('nesting-too-deep'));
    assert.deepEqual(codes(MAXIMUM_NESTING + 1), ['nesting-too-deep']);
  });

  it('a hundred thousand deep is refused once, quickly', () => {
    const from = performance.now();
    assert.deepEqual(codes(100_000), ['nesting-too-deep']);
    assert.ok(performance.now() - from < PATIENCE_MS);
  });
});
