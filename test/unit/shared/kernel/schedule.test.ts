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
  );
  const served: string[] = [];
  const item = (name: string, slack?: Micros): Scheduled => ({
    ...(slack === undefined ? {} : { slack }),
    due: (at: Instant, now: Instant) => served.push(`${name}@${elapsed(start, at)}/${elapsed(start, now)}`),
  });
  const ring = (at: Micros): void => {
    clock.advanceTo(after(start, at));
    expire();
  };
  return { schedule, at: (time: number) => after(start, micros(time)), item, served, armed, ring };
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
