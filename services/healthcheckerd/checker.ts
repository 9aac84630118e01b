/**
 * The state machine of one checker. Pure: it is told what happened and when, and answers with its next state and what to do.
 *
 * - The first check comes within `warmup`, at a phase given from outside, so that many checkers spread evenly.
 * - While its verdict stands, a check starts every `delay_loop`, counted from start to start: the spread never drifts away.
 * - After a failed check comes a retry, `delay_before_retry` after the failure ended; after `retry` retries in a row the server
 *   is down. The very first check has no retries: without `alpha` a server is believed alive until its first check.
 * - While down the same pacing goes on, as keepalived's: one check, `retry` retries, pause of `delay_loop`.
 * - One success is enough to be up.
 */
import { after, type Instant, type Micros } from '../shared/time/duration.js';
import type { CheckerTiming } from './config/model.js';

/** What a checker does at the moment; every deadline is part of the state. */
type CheckerPhase =
  | { readonly kind: 'waiting'; readonly dueAt: Instant }
  /** `dueAt`: when the running check was due; the next regular one is counted from there. */
  | { readonly kind: 'running'; readonly dueAt: Instant; readonly startedAt: Instant }
  | { readonly kind: 'suspended' };

/** Verdict and progress of one checker. */
export interface CheckerState {
  readonly phase: CheckerPhase;
  readonly up: boolean;
  /** A check has ended. */
  readonly checked: boolean;
  /** Retries made since the last success or regular check. */
  readonly retries: number;
  readonly failuresInRow: number;
  /** Why the last check failed; empty after a success. */
  readonly lastError: string;
  readonly checks: number;
  readonly failures: number;
  readonly lastDuration?: Micros;
  readonly lastEndedAt?: Instant;
}

/** How one check ended. */
export type CheckResult =
  | { readonly kind: 'success' }
  /** `reason` in words: `connection refused`. */
  | { readonly kind: 'failure'; readonly reason: string }
  /** This machine could not check (no descriptors, no memory): says nothing about the server. */
  | { readonly kind: 'undecided'; readonly reason: string };

/** What can happen to a checker. */
export type CheckerEvent =
  | { readonly kind: 'due' }
  | { readonly kind: 'ended'; readonly result: CheckResult }
  | { readonly kind: 'suspend' }
  /** `firstDelay`: when to check next. */
  | { readonly kind: 'resume'; readonly firstDelay: Micros };

/** What the shell has to do, in order. */
export type CheckerAction =
  | { readonly kind: 'start' }
  | { readonly kind: 'cancel' }
  /** The verdict changed, or was confirmed for the first time (`first`). `retries`: how many were made before it. */
  | {
      readonly kind: 'verdict';
      readonly up: boolean;
      readonly changed: boolean;
      readonly first: boolean;
      readonly reason: string;
      readonly retries: number;
    }
  /** A check failed and a retry will follow. */
  | { readonly kind: 'failed-once'; readonly reason: string; readonly retriesLeft: number }
  | { readonly kind: 'undecided'; readonly reason: string };

/** Outcome of {@link step}. */
export interface CheckerStep {
  readonly state: CheckerState;
  readonly actions: readonly CheckerAction[];
}

/** A checker before its first check, which comes `phase` after `now`. Under `alpha` it starts down. */
export function initialChecker(timing: CheckerTiming, now: Instant, phase: Micros): CheckerState {
  return {
    phase: { kind: 'waiting', dueAt: after(now, phase) },
    up: !timing.alpha,
    checked: false,
    retries: 0,
    failuresInRow: 0,
    lastError: '',
    checks: 0,
    failures: 0,
  };
}

/** When the checker wants a `due` event. */
export const nextDue = (state: CheckerState): Instant | undefined =>
  state.phase.kind === 'waiting' ? state.phase.dueAt : undefined;

const unchanged = (state: CheckerState): CheckerStep => ({ state, actions: [] });

/** The next regular check: on the grid of `delay_loop` that the last one was on, but never in the past. */
function onGrid(dueAt: Instant, delayLoop: Micros, now: Instant): Instant {
  const loops = Math.max(1, Math.ceil((now - dueAt) / delayLoop));
  return after(dueAt, (loops * delayLoop) as Micros);
}

/** Advances one checker. */
export function step(state: CheckerState, event: CheckerEvent, timing: CheckerTiming, now: Instant): CheckerStep {
  switch (event.kind) {
    case 'due':
      if (state.phase.kind !== 'waiting' || state.phase.dueAt > now) return unchanged(state);
      return {
        state: { ...state, phase: { kind: 'running', dueAt: state.phase.dueAt, startedAt: now } },
        actions: [{ kind: 'start' }],
      };
    case 'ended':
      return state.phase.kind === 'running' ? ended(state, state.phase, event.result, timing, now) : unchanged(state);
    case 'suspend':
      if (state.phase.kind === 'suspended') return unchanged(state);
      return {
        state: { ...state, phase: { kind: 'suspended' }, retries: 0 },
        actions: state.phase.kind === 'running' ? [{ kind: 'cancel' }] : [],
      };
    case 'resume':
      if (state.phase.kind !== 'suspended') return unchanged(state);
      return { state: { ...state, phase: { kind: 'waiting', dueAt: after(now, event.firstDelay) } }, actions: [] };
  }
}

function ended(
  state: CheckerState,
  running: Extract<CheckerPhase, { kind: 'running' }>,
  result: CheckResult,
  timing: CheckerTiming,
  now: Instant,
): CheckerStep {
  const regular: CheckerPhase = { kind: 'waiting', dueAt: onGrid(running.dueAt, timing.delayLoop, now) };
  if (result.kind === 'undecided') {
    return { state: { ...state, phase: regular }, actions: [{ kind: 'undecided', reason: result.reason }] };
  }
  const counted = {
    ...state,
    checked: true,
    checks: state.checks + 1,
    lastDuration: (now - running.startedAt) as Micros,
    lastEndedAt: now,
  };
  const first = !state.checked;
  if (result.kind === 'success') {
    const up: CheckerState = { ...counted, phase: regular, up: true, retries: 0, failuresInRow: 0, lastError: '' };
    if (state.up && !first) return unchanged(up);
    const { retries } = state;
    return {
      state: up,
      actions: [{ kind: 'verdict', up: true, changed: !state.up, first, reason: '', retries }],
    };
  }

  const failed: CheckerState = {
    ...counted,
    failures: state.failures + 1,
    failuresInRow: state.failuresInRow + 1,
    lastError: result.reason,
    phase: regular,
  };
  if (!first && state.retries < timing.retry) {
    const retry: CheckerPhase = { kind: 'waiting', dueAt: after(now, timing.delayBeforeRetry) };
    return {
      state: { ...failed, retries: state.retries + 1, phase: retry },
      actions: state.up
        ? [{ kind: 'failed-once', reason: result.reason, retriesLeft: timing.retry - state.retries }]
        : [],
    };
  }
  // The regular check after retries counts from the last failure: keepalived pauses a whole delay_loop here.
  const paused: CheckerPhase = { kind: 'waiting', dueAt: after(now, timing.delayLoop) };
  const down: CheckerState = { ...failed, up: false, retries: 0, phase: first ? regular : paused };
  if (!state.up && !first) return unchanged(down);
  return {
    state: down,
    actions: [{ kind: 'verdict', up: false, changed: state.up, first, reason: result.reason, retries: state.retries }],
  };
}
