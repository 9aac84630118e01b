import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type CheckerAction,
  type CheckerState,
  type CheckResult,
  initialChecker,
  nextDue,
  step,
} from '../../../services/healthcheckerd/checker.js';
import type { CheckerTiming } from '../../../services/healthcheckerd/config/checkerModel.js';
import {
  elapsed,
  type Instant,
  instant,
  type Micros,
  millis,
  seconds,
} from '../../../services/shared/time/duration.js';
import { refused, timing } from './support.js';

const START = instant(1_000_000);
const ok: CheckResult = { kind: 'success' };

/** Runs a checker against answers given by time; tells when checks started and which verdicts changed, in seconds. */
function run(
  config: CheckerTiming,
  phase: Micros,
  answer: (at: number, check: number) => CheckResult,
  until: number,
  duration: Micros = millis(0),
): { starts: number[]; verdicts: string[]; state: CheckerState } {
  let state = initialChecker(config, START, phase);
  const starts: number[] = [];
  const verdicts: string[] = [];
  const at = (now: Instant): number => elapsed(START, now) / 1e6;
  const note = (now: Instant, actions: readonly CheckerAction[]): void => {
    for (const action of actions)
      if (action.kind === 'verdict' && action.changed) verdicts.push(`${at(now)} ${action.up}`);
  };
  for (;;) {
    const due = nextDue(state);
    if (due === undefined || at(due) > until) return { starts, verdicts, state };
    const begun = step(state, { kind: 'due' }, config, due);
    assert.deepEqual(begun.actions, [{ kind: 'start' }]);
    starts.push(at(due));
    const end = instant(due + duration);
    const ended = step(begun.state, { kind: 'ended', result: answer(at(due), starts.length) }, config, end);
    note(end, ended.actions);
    state = ended.state;
  }
}

test('good checks start every delay_loop, counted from start to start, however long they take', () => {
  const { starts, verdicts } = run(timing, seconds(3), () => ok, 45, seconds(2));
  assert.deepEqual(starts, [3, 13, 23, 33, 43]);
  assert.deepEqual(verdicts, []);
});

test('a check slower than delay_loop skips whole loops and stays on its grid', () => {
  const { starts } = run({ ...timing, delayLoop: seconds(1) }, seconds(0), () => ok, 10, millis(2500));
  assert.deepEqual(starts, [0, 3, 6, 9]);
});

test('down after a failure = phase + retry × delay_before_retry + (retry + 1) × time of a failure', () => {
  // The server dies just after the check at 10 s; the next comes at 20 s and every failure takes half a second.
  const { starts, verdicts } = run(timing, seconds(0), (at) => (at > 10 ? refused : ok), 22.9, millis(500));
  assert.deepEqual(starts, [0, 10, 20, 21.5]);
  assert.deepEqual(verdicts, []);
  const full = run(timing, seconds(0), (at) => (at > 10 ? refused : ok), 23, millis(500));
  assert.deepEqual(full.starts, [0, 10, 20, 21.5, 23]);
  assert.deepEqual(full.verdicts, ['23.5 false']);
});

test('without alpha the very first failure is believed at once, without retries', () => {
  const { starts, verdicts, state } = run(timing, seconds(4), () => refused, 4);
  assert.deepEqual([starts, verdicts, state.up], [[4], ['4 false'], false]);
});

test('while down the pacing is that of keepalived: delay_loop, then the retries, then a whole delay_loop', () => {
  const { starts } = run({ ...timing, delayLoop: seconds(4) }, seconds(0), () => refused, 17);
  assert.deepEqual(starts, [0, 4, 5, 6, 10, 11, 12, 16, 17]);
});

test('a success between failures starts the retries anew, and one success is enough to be up', () => {
  const flapping = run(timing, seconds(0), (_, check) => (check % 2 === 0 ? refused : ok), 60);
  assert.deepEqual(flapping.verdicts, []);
  const back = run(timing, seconds(0), (at) => (at < 5 ? refused : ok), 12);
  assert.deepEqual(back.verdicts, ['0 false', '10 true']);
});

test('under alpha a server is down until its first success, and a first failure changes nothing', () => {
  const alpha = { ...timing, alpha: true };
  assert.equal(initialChecker(alpha, START, seconds(1)).up, false);
  assert.deepEqual(run(alpha, seconds(1), () => refused, 5).verdicts, []);
  assert.deepEqual(run(alpha, seconds(1), () => ok, 5).verdicts, ['1 true']);
});

test('trouble of this machine leaves the verdict alone', () => {
  const { verdicts, state } = run(timing, seconds(0), () => ({ kind: 'undecided', reason: 'no descriptors' }), 60);
  assert.deepEqual(verdicts, []);
  assert.deepEqual([state.up, state.checked, state.checks], [true, false, 0]);
});

test('suspending ends a running check, keeps the verdict, and late answers count no more', () => {
  const waiting = initialChecker(timing, START, seconds(0));
  const running = step(waiting, { kind: 'due' }, timing, START).state;
  const suspended = step(running, { kind: 'suspend' }, timing, START);
  assert.deepEqual(suspended.actions, [{ kind: 'cancel' }]);
  assert.equal(nextDue(suspended.state), undefined);
  const late = step(suspended.state, { kind: 'ended', result: refused }, timing, START);
  assert.deepEqual(late, { state: suspended.state, actions: [] });
  const resumed = step(suspended.state, { kind: 'resume', firstDelay: seconds(2) }, timing, instant(START + 5e6));
  assert.equal(nextDue(resumed.state), START + 7e6);
  assert.equal(resumed.state.up, true);
});

test('whatever happens: down only after retry+1 failures in a row, up with each success, never a deadline in the past', () => {
  const events = fc.array(fc.constantFrom('success', 'failure', 'undecided', 'suspend', 'resume'), { maxLength: 60 });
  fc.assert(
    fc.property(
      events,
      fc.nat(4),
      fc.boolean(),
      fc.integer({ min: 0, max: 3_000_000 }),
      (happenings, retry, alpha, took) => {
        const config = { ...timing, retry, alpha };
        let now = START;
        let state = initialChecker(config, now, seconds(1));
        let failures = 0;
        for (const happening of happenings) {
          const before = state.up;
          if (happening === 'suspend') state = step(state, { kind: 'suspend' }, config, now).state;
          else if (happening === 'resume')
            state = step(state, { kind: 'resume', firstDelay: seconds(1) }, config, now).state;
          else {
            const due = nextDue(state);
            if (due === undefined) continue;
            now = due;
            state = step(state, { kind: 'due' }, config, now).state;
            now = instant(now + took);
            const result: CheckResult =
              happening === 'success' ? ok : happening === 'failure' ? refused : { kind: 'undecided', reason: '' };
            const first = !state.checked;
            state = step(state, { kind: 'ended', result }, config, now).state;
            if (happening === 'success') {
              failures = 0;
              assert.equal(state.up, true);
            } else if (happening === 'failure') {
              failures++;
              if (before && !state.up) assert.ok(first || failures > retry, `${failures} failures, ${retry} retries`);
              if (failures > retry * 2 + 1) assert.equal(state.up, false);
            }
            const next = nextDue(state);
            assert.ok(next !== undefined && next >= now);
          }
          if (happening !== 'success' && happening !== 'failure') assert.equal(state.up, before);
          if (happening === 'suspend') failures = Math.min(failures, 0);
        }
      },
    ),
  );
});
