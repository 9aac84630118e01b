import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { TimerfdDeadlineTimer } from '../../../../services/shared/kernel/deadlineTimer.js';
import { SystemClock } from '../../../../services/shared/kernel/systemClock.js';
import { after, type Instant, instant, millis } from '../../../../services/shared/time/duration.js';

const clock = new SystemClock();
const noError = (error: Error): void => {
  throw error;
};

/** A timer whose expiries can be awaited one by one. */
function awaitable(): { timer: TimerfdDeadlineTimer; next: () => Promise<Instant> } {
  let wake: (at: Instant) => void = () => {};
  const timer = new TimerfdDeadlineTimer(() => wake(clock.now()), noError);
  const next = (): Promise<Instant> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  return { timer, next };
}

it('never fires before its deadline', async () => {
  const { timer, next } = awaitable();
  for (let round = 0; round < 40; round++) {
    const deadline = instant(after(clock.now(), millis(2)) + round / 40);
    timer.arm(deadline);
    const fired = await next();
    // The clock is read in whole microseconds, rounded down.
    assert.ok(fired >= Math.floor(deadline), `fired ${deadline - fired} µs early`);
  }
  timer.close();
});

it('a deadline in the past, even 0, fires at once; a later arm replaces an earlier one; undefined disarms', async () => {
  const { timer, next } = awaitable();
  for (const past of [instant(0), instant(-5), instant(1), after(clock.now(), millis(-1000))]) {
    timer.arm(past);
    await next();
  }
  const started = clock.now();
  timer.arm(after(started, millis(5000)));
  timer.arm(after(started, millis(5)));
  assert.ok((await next()) - started < 4_000_000);
  let fired = false;
  const other = new TimerfdDeadlineTimer(() => {
    fired = true;
  }, noError);
  other.arm(after(clock.now(), millis(1)));
  other.arm(undefined);
  timer.arm(after(clock.now(), millis(20)));
  await next();
  assert.equal(fired, false);
  other.close();
  timer.close();
  // Harmless once closed.
  timer.arm(instant(0));
  timer.close();
});

it('an expiry already on its way when the timer is armed anew does not count', async () => {
  let count = 0;
  const late = new TimerfdDeadlineTimer(() => {
    count += 1;
  }, noError);
  late.arm(instant(1));
  // The loop has not turned yet; the descriptor is readable already.
  late.arm(after(clock.now(), millis(30)));
  const { timer, next } = awaitable();
  timer.arm(after(clock.now(), millis(5)));
  await next();
  assert.equal(count, 0);
  late.close();
  timer.close();
});

it('an exception in the callback is reported, and polling goes on', async () => {
  const reported: string[] = [];
  const broken = new TimerfdDeadlineTimer(
    () => {
      throw new Error('broken callback');
    },
    (error) => reported.push(error.message),
  );
  const { timer, next } = awaitable();
  for (let round = 1; round <= 3; round++) {
    broken.arm(instant(1));
    timer.arm(after(clock.now(), millis(3)));
    await next();
    assert.equal(reported.length, round);
  }
  assert.deepEqual(new Set(reported), new Set(['broken callback']));
  broken.close();
  timer.close();
});

it('promises and ticks started in the callback run in the same turn of the loop', async () => {
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    const timer = new TimerfdDeadlineTimer(() => {
      timer.close();
      // Nothing else is due for a long time: only the poller's care can run these.
      const watchdog = setTimeout(() => order.push('late'), 3000);
      process.nextTick(() => order.push('tick'));
      void Promise.resolve()
        .then(() => order.push('promise'))
        .then(() => {
          clearTimeout(watchdog);
          resolve();
        });
    }, noError);
    timer.arm(instant(1));
  });
  assert.deepEqual(order, ['tick', 'promise']);
});

it('a timer nobody else references keeps firing across garbage collections', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let rounds = 0;
  await new Promise<void>((resolve) => {
    (() => {
      const timer = new TimerfdDeadlineTimer(() => {
        collect();
        if (++rounds < 5) timer.arm(after(clock.now(), millis(1)));
        else {
          timer.close();
          resolve();
        }
      }, noError);
      timer.arm(instant(1));
    })();
    collect();
  });
  assert.equal(rounds, 5);
});

it('descriptors are close-on-exec and given back', () => {
  const timers = (): string[] =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).includes('timerfd');
      } catch {
        return false;
      }
    });
  const before = timers().length;
  const opened = Array.from({ length: 50 }, () => new TimerfdDeadlineTimer(() => {}, noError));
  assert.equal(timers().length, before + 50);
  for (const fd of timers()) {
    const flags = /flags:\s+([0-7]+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0';
    assert.ok(Number.parseInt(flags, 8) & 0o2000000);
  }
  for (const timer of opened) timer.close();
  assert.equal(timers().length, before);
});
