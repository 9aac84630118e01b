import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FakeClock } from '../../../services/shared/time/clock.js';
import { elapsed, millis, seconds, toMillis } from '../../../services/shared/time/duration.js';
import { BACKOFF_POLICY, becameReady, died, FRESH, isLooping } from '../../../services/supervisor/backoff.js';

test('waits 100 ms, doubles with every death, and never waits longer than 30 s', () => {
  const clock = new FakeClock();
  let backoff = FRESH;
  const delays: number[] = [];
  for (let death = 0; death < 12; death++) {
    const restart = died(backoff, clock.now());
    backoff = restart.backoff;
    delays.push(toMillis(restart.delay));
    assert.equal(elapsed(clock.now(), restart.at), restart.delay);
    clock.advance(restart.delay);
  }
  assert.deepEqual(delays, [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000, 30000]);
});

test('60 s of health make it forget; a moment less does not', () => {
  for (const [healthy, delay] of [
    [60_000, 100],
    [59_999, 400],
  ] as const) {
    const clock = new FakeClock();
    let backoff = died(died(FRESH, clock.now()).backoff, clock.now()).backoff;
    backoff = becameReady(backoff, clock.now());
    clock.advance(millis(healthy));
    assert.equal(toMillis(died(backoff, clock.now()).delay), delay, `${healthy} ms of health`);
  }
});

test('the fifth death within a minute begins a crash loop, told once, ended by 60 s of health', () => {
  const clock = new FakeClock();
  let backoff = FRESH;
  const told: boolean[] = [];
  for (let death = 0; death < 8; death++) {
    clock.advance(seconds(3));
    const restart = died(backoff, clock.now());
    told.push(restart.loopBegins);
    backoff = becameReady(restart.backoff, clock.now());
  }
  assert.deepEqual(told, [false, false, false, false, true, false, false, false]);
  assert.equal(isLooping(backoff, clock.now()), true);
  clock.advance(seconds(60));
  assert.equal(isLooping(backoff, clock.now()), false);
});

test('deaths far apart are no crash loop, however many', () => {
  const clock = new FakeClock();
  let backoff = FRESH;
  for (let death = 0; death < 50; death++) {
    clock.advance(seconds(20));
    const restart = died(backoff, clock.now());
    assert.equal(restart.loopBegins, false);
    backoff = restart.backoff;
  }
});

test('property: the wait is always within its limits, and the memory of deaths is bounded by the window', () => {
  const step = fc.record({ pause: fc.integer({ min: 0, max: 100_000 }), ready: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const clock = new FakeClock();
      let backoff = FRESH;
      for (const { pause, ready } of steps) {
        if (ready) backoff = becameReady(backoff, clock.now());
        clock.advance(millis(pause));
        const restart = died(backoff, clock.now());
        assert.ok(restart.delay >= BACKOFF_POLICY.first && restart.delay <= BACKOFF_POLICY.longest);
        assert.ok(restart.backoff.recent.every((death) => elapsed(death, clock.now()) < BACKOFF_POLICY.loopWindow));
        const { readySince: _, ...rest } = restart.backoff;
        backoff = rest;
      }
    }),
  );
});
