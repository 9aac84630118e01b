import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { TrackerKind, TrackLine } from '../../../../services/vrrpd/config/model.js';
import type { Reading } from '../../../../services/vrrpd/track/reading.js';
import { TrackerRegistry } from '../../../../services/vrrpd/track/registry.js';
import { weigh } from '../../../../services/vrrpd/track/weigh.js';
import { position } from '../support.js';

const line = (kind: TrackerKind, weight: number, reverse = false): TrackLine => ({
  kind,
  name: 'x',
  weight,
  reverse,
  position,
});
const reading = (condition: Reading['condition'], value?: number): Reading => ({
  condition,
  detail: 'so',
  since: new Date(0),
  ...(value === undefined ? {} : { value }),
});
const effect = (track: TrackLine, known: Reading | undefined): number | 'fault' | 'wait' => {
  const { adds, fault, wait } = weigh(track, known);
  return fault !== undefined ? 'fault' : wait !== undefined ? 'wait' : (adds ?? 0);
};

describe('a tracker that is good or bad', () => {
  // weight, reverse, good, bad: keepalived 2.2.7 gives the same.
  const cases: readonly (readonly [number, boolean, number | 'fault', number | 'fault'])[] = [
    [0, false, 0, 'fault'],
    [0, true, 'fault', 0],
    [20, false, 20, 0],
    [20, true, -20, 0],
    [-20, false, 0, -20],
    [-20, true, 0, 20],
  ];
  for (const [weight, reverse, good, bad] of cases) {
    it(`weight ${weight}${reverse ? ' reverse' : ''}`, () => {
      const track = line('script', weight, reverse);
      assert.deepEqual([effect(track, reading('good')), effect(track, reading('bad'))], [good, bad]);
      assert.equal(effect(track, reading('ignored')), 0);
      assert.equal(effect(track, undefined), weight === 0 ? 'wait' : 0);
    });
  }

  it('with init_fail counts as failed where it has a weight', () => {
    const assumed: Reading = { ...reading('pending'), assumed: 'bad' };
    assert.equal(effect(line('script', -20), assumed), -20);
    assert.equal(effect(line('script', 20), assumed), 0);
    assert.equal(effect(line('script', 0), assumed), 'wait');
  });

  it('waits for a process or file whatever its weight: they are known within moments', () => {
    assert.equal(effect(line('process', 5), undefined), 'wait');
    assert.equal(effect(line('file', 5), undefined), 'wait');
  });
});

describe('a number in a file', () => {
  const cases: readonly (readonly [number, number, boolean, number | 'fault'])[] = [
    [1, -253, false, -253],
    [1, -254, false, 'fault'],
    [1, 254, false, 253],
    [1, 254, true, 'fault'],
    [1, -254, true, 253],
    [3, -84, false, -252],
    [3, -85, false, 'fault'],
    [-2, 127, false, 'fault'],
    [-254, 1, false, 'fault'],
    [-254, 0, false, 0],
    [0, 0, false, 0],
    [0, 1, false, 'fault'],
    [0, -1, false, 'fault'],
    [0, 0, true, 'fault'],
    [0, 5, true, 0],
  ];
  for (const [weight, value, reverse, expected] of cases) {
    it(`${value} with weight ${weight}${reverse ? ' reverse' : ''}`, () => {
      assert.equal(effect(line('file', weight, reverse), reading('good', value)), expected);
    });
  }

  it('is never added beyond 253, and reverse is the opposite number', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: -2147483647, max: 2147483647 }), (value, weight) => {
        const plain = effect(line('file', weight), reading('good', value));
        if (typeof plain === 'number') assert.ok(Math.abs(plain) <= 253);
        if (weight === 0) return;
        const turned = effect(line('file', weight, true), reading('good', value));
        assert.equal(turned, effect(line('file', -weight), reading('good', value)));
      }),
    );
  });
});

describe('the registry', () => {
  it('tells only what is another reading, and keeps since when', () => {
    const told: string[] = [];
    const registry = new TrackerRegistry((kind, name, before) => told.push(`${kind} ${name} ${before?.condition}`));
    const at = (ms: number): Pick<Reading, 'since'> => ({ since: new Date(ms) });
    registry.report('bfd', 'b', { condition: 'good', detail: 'up', ...at(1) });
    registry.report('bfd', 'b', { condition: 'good', detail: 'up', ...at(2) });
    registry.report('bfd', 'b', { condition: 'good', detail: 'up, slower', ...at(3) });
    assert.equal(registry.reading('bfd', 'b')?.since.getTime(), 1);
    registry.report('bfd', 'b', { condition: 'bad', detail: 'down', ...at(4) });
    assert.equal(registry.reading('bfd', 'b')?.since.getTime(), 4);
    assert.deepEqual(told, ['bfd b undefined', 'bfd b good', 'bfd b good']);
    registry.retain('bfd', new Set());
    assert.equal(registry.reading('bfd', 'b'), undefined);
  });
});
