/** The judge of the chaos test, on faults planted for it: a judge that finds nothing proves nothing. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { duels, type Excuse, faults, heldTwice, lies, type Sample, type Watched } from '../../chaos/judge.js';
import type { Advert } from '../../topology/lib/frames.js';

const VIP = '10.9.0.101';
const WATCHED: Watched = { name: 'VI_1', vrid: 51, address: VIP };
const EVERY_MS = 250;

const advert = (at: number, source: string, more: Partial<Advert> = {}): Advert => ({
  kind: 'advert',
  at,
  sourceMac: '02:00:00:00:00:01',
  source,
  destination: '224.0.0.18',
  ttl: 255,
  version: 2,
  vrid: 51,
  priority: 100,
  addresses: [VIP],
  authType: 0,
  authText: '',
  ...more,
});

/** Samples every 250 ms, each made from its moment. */
const samples = (lengthMs: number, make: (at: number) => Omit<Sample, 'at'>): Sample[] =>
  Array.from({ length: Math.floor(lengthMs / EVERY_MS) + 1 }, (_, index) => ({
    at: index * EVERY_MS,
    ...make(index * EVERY_MS),
  }));

const held = (...routers: string[]): ReadonlyMap<string, readonly string[]> => new Map([[VIP, routers]]);
const says = (state: string): ReadonlyMap<string, string> => new Map([['r1 VI_1', state]]);
const always: readonly Excuse[] = [{ from: 0, to: 60_000 }];

describe('two masters that take turns', () => {
  const turns = Array.from({ length: 12 }, (_, index) => advert(index * 500, index % 2 ? '10.9.0.1' : '10.9.0.2'));

  test('are found', () => {
    assert.match(duels(turns, 51, []).join(), /two masters of VRID 51: 10\.9\.0\.\d and 10\.9\.0\.\d took turns/);
  });
  test('are not held against them while they could not hear each other, nor on another virtual router', () => {
    assert.deepEqual(duels(turns, 51, always), []);
    assert.deepEqual(duels(turns, 52, []), []);
  });
  test('a master that hands over once is none, and a farewell is no mastership', () => {
    assert.deepEqual(duels([...turns.slice(0, 3)], 51, []), []);
    const farewells = turns.map((one) => (one.source === '10.9.0.1' ? { ...one, priority: 0 } : one));
    assert.deepEqual(duels(farewells, 51, []), []);
  });
});

describe('an address on two machines', () => {
  const both = samples(12_000, () => ({ holders: held('r1', 'r2'), states: new Map() }));

  test('for longer than the limit is found, with the machines and how long', () => {
    assert.deepEqual(heldTwice(both, VIP, 10_000, []), [`${VIP} was on r1 and r2 for 12000 ms`]);
  });
  test('for less is not, nor during an excuse', () => {
    assert.deepEqual(heldTwice(both.slice(0, 30), VIP, 10_000, []), []);
    assert.deepEqual(heldTwice(both, VIP, 10_000, always), []);
  });
  test('counts from the end of the excuse', () => {
    assert.deepEqual(heldTwice(both, VIP, 10_000, [{ from: 0, to: 1_000 }]), [`${VIP} was on r1 and r2 for 11000 ms`]);
    assert.deepEqual(heldTwice(both, VIP, 10_000, [{ from: 0, to: 3_000 }]), []);
  });
});

describe('a status that lies', () => {
  const rows: readonly (readonly [state: string, holders: readonly string[], lie: RegExp | undefined])[] = [
    ['MASTER', [], /r1 said MASTER of VI_1 for 5000 ms without 10\.9\.0\.101/],
    ['MASTER', ['r2'], /said MASTER/],
    ['BACKUP', ['r1'], /r1 said BACKUP of VI_1 for 5000 ms with 10\.9\.0\.101/],
    ['FAULT', ['r1', 'r2'], /said FAULT/],
    ['MASTER', ['r1'], undefined],
    ['BACKUP', ['r2'], undefined],
    ['UNKNOWN', ['r1'], undefined],
  ];
  for (const [state, holders, lie] of rows) {
    test(`${state} while ${holders.join(' and ') || 'nobody'} has the address: ${lie === undefined ? 'true' : 'found'}`, () => {
      const seen = samples(5_000, () => ({ holders: held(...holders), states: says(state) }));
      const found = lies(seen, 'r1', WATCHED, 4_000);
      if (lie === undefined) assert.deepEqual(found, []);
      else assert.match(found.join(), lie);
    });
  }
  test('for no longer than a change takes is none', () => {
    const late = samples(8_000, (at) => ({ holders: held(), states: says(at < 3_500 ? 'MASTER' : 'BACKUP') }));
    assert.deepEqual(lies(late, 'r1', WATCHED, 4_000), []);
  });
});

test('errors of the program in a log are found, what a kill explains is not', () => {
  assert.deepEqual(faults('INFO ready\nTypeError: x is not a function\nvrrpd was killed by SIGKILL\n'), [
    'TypeError: x is not a function',
  ]);
});
