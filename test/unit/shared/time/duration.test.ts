import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '../../../../services/shared/time/clock.js';
import {
  centiseconds,
  elapsed,
  formatDuration,
  micros,
  millis,
  seconds,
} from '../../../../services/shared/time/duration.js';

describe('durations', () => {
  it('convert between units exactly', () => {
    assert.equal(seconds(1), 1_000_000);
    assert.equal(seconds(0.01), centiseconds(1));
    assert.equal(seconds(40.95), centiseconds(4095));
    assert.equal(millis(1.5), micros(1500));
  });

  for (const [duration, text] of [
    [seconds(3.609375), '3.609 s'],
    [seconds(1), '1 s'],
    [millis(12.34), '12.34 ms'],
    [micros(250), '250 µs'],
    [micros(-1500), '-1.5 ms'],
    [micros(0), '0 µs'],
  ] as const) {
    it(`reads as ${text}`, () => assert.equal(formatDuration(duration), text));
  }
});

describe('FakeClock', () => {
  it('moves only forward and takes the wall clock along', () => {
    const clock = new FakeClock();
    const before = clock.now();
    const wall = clock.wall().getTime();
    clock.advance(seconds(2));
    assert.equal(elapsed(before, clock.now()), seconds(2));
    assert.equal(clock.wall().getTime() - wall, 2000);
    assert.throws(() => clock.advance(micros(-1)), RangeError);
    assert.throws(() => clock.advanceTo(before), RangeError);
  });
});
