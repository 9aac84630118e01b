import type { Schedule, Scheduled } from '../shared/kernel/schedule.js';
import type { Clock } from '../shared/time/clock.js';
import { after, type Instant, instant, micros } from '../shared/time/duration.js';
import type { RouterSettings } from './fsm/settings.js';
import { initialState, nextDeadline, type RouterState } from './fsm/state.js';
import { step } from './fsm/step.js';

const SOURCE = Uint8Array.of(192, 0, 2, 1);
const SETTINGS: RouterSettings = {
  version: 3,
  priority: 100,
  advertInterval: micros(1_000_000),
  preempt: true,
  preemptDelay: micros(0),
  address: Uint8Array.of(192, 0, 2, 2),
  answerLowerPriority: true,
  lastWord: true,
  downTimerAdverts: 3,
  rivalPriority: 100,
};
const ROUNDS = 8;
const TIMER_ROUNDS = 4;
const TIMER_STEP = micros(500);

/** One life of a virtual router that nobody sees: it takes over, advertises, yields. */
export function liveOnce(): void {
  let state: RouterState = initialState(SETTINGS);
  let now: Instant = instant(1);
  const advance = (): void => {
    now = nextDeadline(state) ?? now;
    state = step(state, { kind: 'deadline' }, now).state;
  };
  const hear = (priority: number): void => {
    const interval = SETTINGS.advertInterval;
    state = step(state, { kind: 'advert', source: SOURCE, priority, interval }, now).state;
  };
  state = step(state, { kind: 'startup' }, now).state;
  hear(110);
  advance();
  advance();
  hear(110);
  advance();
}

/**
 * Goes through a takeover with a virtual router of its own, and has the timer expire a few times. A backup does neither before
 * the one moment that counts, and code is compiled on first use.
 */
export function rehearse(clock: Clock, schedule: Schedule): void {
  for (let round = 0; round < ROUNDS; round++) liveOnce();
  let left = TIMER_ROUNDS;
  const item: Scheduled = {
    due: (_at, now) => {
      left--;
      if (left > 0) schedule.set(item, after(now, TIMER_STEP));
    },
  };
  schedule.set(item, after(clock.now(), TIMER_STEP));
}
