import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Schedule, type Scheduled } from '../../../../services/shared/kernel/schedule.js';
import { FakeClock } from '../../../../services/shared/time/clock.js';
import {
  after,
  elapsed,
  type Instant,
  type Micros,
  micros,
  millis,
} from '../../../../services/shared/time/duration.js';

/** A schedule whose timer is set down, and rung by the test. */
function scheduling() {
  const clock = new FakeClock();
  const start = clock.now();
  const armed: (number | undefined)[] = [];
  let expire = (): void => {};
  const served: string[] = [];
  const schedule = new Schedule(
    clock,
    (onExpire) => {
      expire = onExpire;
      return {
        arm: (at) => armed.push(at === undefined ? undefined : elapsed(start, at)),
        close: () => {},
      };
    },
    (task) => task(),
    () => {},
    () => {
      served.push(`ready@${elapsed(start, clock.now())}`);
      clock.advance(preparing.takes);
    },
  );
  const preparing = { takes: micros(0) };
  const item = (name: string, slack?: Micros, notice?: Micros): Scheduled => ({
    ...(slack === undefined ? {} : { slack }),
    ...(notice === undefined ? {} : { notice }),
    due: (at: Instant, now: Instant) => served.push(`${name}@${elapsed(start, at)}/${elapsed(start, now)}`),
  });
  const ring = (at: Micros): void => {
    clock.advanceTo(after(start, at));
    expire();
  };
  return { schedule, at: (time: number) => after(start, micros(time)), item, served, armed, ring, preparing };
}

describe('deadlines on one timer', () => {
  it('serves with a due deadline those that may be early, and tells them their own time', () => {
    const { schedule, at, item, served, armed, ring } = scheduling();
    schedule.set(item('a'), at(10_000));
    schedule.set(item('b', millis(5)), at(12_000));
    schedule.set(item('c', millis(5)), at(16_000));
    ring(millis(10));
    assert.deepEqual(served, ['a@10000/10000', 'b@12000/12000']);
    assert.equal(armed.at(-1), 16_000);
  });

  it('gets ready for a deadline that wants notice, and then sleeps until it', () => {
    const { schedule, at, item, served, armed, ring } = scheduling();
    schedule.set(item('a', undefined, millis(5)), at(100_000));
    assert.deepEqual(armed, [95_000]);
    ring(millis(95));
    assert.deepEqual([served, armed], [['ready@95000'], [95_000, 100_000]]);
    ring(millis(100));
    assert.deepEqual(served, ['ready@95000', 'a@100000/100000']);
  });

  it('does not get ready for a deadline that moved on, nor when there is no time for it', () => {
    const { schedule, at, item, served, armed, ring } = scheduling();
    const one = item('a', undefined, millis(5));
    schedule.set(one, at(100_000));
    schedule.set(one, at(200_000));
    ring(millis(95));
    assert.deepEqual([served, armed], [[], [95_000, 195_000]]);
    schedule.set(one, at(98_000));
    assert.equal(armed.at(-1), 98_000);
    ring(millis(98));
    assert.deepEqual(served, ['a@98000/98000']);
  });

  it('serves at once what became due while it got ready', () => {
    const { schedule, at, item, served, armed, ring, preparing } = scheduling();
    preparing.takes = millis(9);
    schedule.set(item('a', undefined, millis(5)), at(100_000));
    schedule.set(item('b'), at(101_000));
    ring(millis(95));
    assert.equal(armed.at(-1), 100_000, 'in the past: it rings again');
    ring(millis(104));
    assert.deepEqual(served.slice(1), ['a@100000/104000', 'b@101000/104000']);
  });

  it('serves nothing early without company', () => {
    const { schedule, at, item, served, ring } = scheduling();
    schedule.set(item('a', millis(5)), at(10_000));
    ring(millis(9));
    assert.deepEqual(served, []);
    ring(millis(10));
    assert.deepEqual(served, ['a@10000/10000']);
  });

  it('serves nothing early past a deadline that may not be', () => {
    const { schedule, at, item, served, ring } = scheduling();
    schedule.set(item('a'), at(10_000));
    schedule.set(item('b'), at(11_000));
    schedule.set(item('c', millis(5)), at(12_000));
    ring(millis(10));
    assert.deepEqual(served, ['a@10000/10000']);
  });

  it('leaves the timer when the next deadline moves away, and sets it when one comes nearer', () => {
    const { schedule, at, item, served, armed, ring } = scheduling();
    const backup = item('backup');
    schedule.set(backup, at(3_000));
    schedule.set(backup, at(4_000));
    schedule.set(backup, at(5_000));
    assert.deepEqual(armed, [3_000]);
    schedule.set(item('sooner'), at(2_000));
    assert.deepEqual(armed, [3_000, 2_000]);
    ring(micros(2_000));
    // Woken for nothing at most once; then the timer is right again.
    assert.deepEqual(armed, [3_000, 2_000, 5_000]);
    ring(micros(5_000));
    assert.deepEqual(served, ['sooner@2000/2000', 'backup@5000/5000']);
  });
});
