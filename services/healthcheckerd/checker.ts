/**
 * The state machine of one checker. Pure: it is told what happened and when, and answers with its next state and what to do.
 *
 * - The first check comes within `warmup`, at a phase given from outside, so that many checkers spread evenly.
 * - While its verdict stands, a check starts every `delay_loop`, counted from start to start: the spread never drifts away.
 * - After a failed check comes a retry, `delay_before_retry` after the failure ended; after `retry` retries in a row the server
 *   is down. The very first check has no retries: without `alpha` a server is believed alive until its first check.
 * - While down TCP_CHECK goes on with the same pacing: one check, `retry` retries, pause of `delay_loop`; SMTP_CHECK retries
 *   even its first check; the others check once each `delay_loop` until they succeed.
 * - One success is enough to be up. Only HTTP_GET, which gets one of its urls with each check, wants the url that failed first
 *   and then all of them from the first; with `fast_recovery` they follow each other without a pause.
 * - A standing check (FILE_CHECK) is started once and reports whenever there is something new; it has no retries.
 *
 * The pacing is keepalived's, measured on 2.2.7.
 */
import { after, type Instant, type Micros } from '../shared/time/duration.js';
import type { CheckerTiming } from './config/checkerModel.js';

/** What a checker does at the moment; every deadline is part of the state. */
type CheckerPhase =
  | { readonly kind: 'waiting'; readonly dueAt: Instant }
  /** `dueAt`: when the running check was due; the next regular one is counted from there. */
  | { readonly kind: 'running'; readonly dueAt: Instant; readonly startedAt: Instant }
  /** A standing check is under way. */
  | { readonly kind: 'standing'; readonly startedAt: Instant }
  | { readonly kind: 'suspended' };

/** What a check says about the weight of the server: a weight of its own, or a change of the configured one. */
export type CheckerWeight = { readonly set: number } | { readonly add: number };

/** When and how a checker checks: its timing and what is particular to its kind. */
export interface CheckerRules extends CheckerTiming {
  /** HTTP_GET: how many urls there are, one for each check. */
  readonly urls?: number;
  readonly fastRecovery?: boolean;
  /** When a failure is followed by retries: only while up, also while down (the default), or even at the first check. */
  readonly retries?: 'up' | 'checked' | 'always';
  /** Started once, reports by itself. */
  readonly standing?: boolean;
}

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
  /** HTTP_GET: number of the url to get next. */
  readonly url: number;
  /** HTTP_GET: the url that failed last and has to succeed first. */
  readonly failedUrl?: number;
  /** What the last success said about the weight. */
  readonly weight?: CheckerWeight;
}

/** How one check ended. */
export type CheckResult =
  | { readonly kind: 'success'; readonly weight?: CheckerWeight }
  /** `reason` in words: `connection refused`. `mail`: what a mail says instead of the customary sentence of the kind. */
  | { readonly kind: 'failure'; readonly reason: string; readonly mail?: string }
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
      readonly mail?: string;
    }
  /** The weight changed, the verdict did not. */
  | { readonly kind: 'weight' }
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
    url: 0,
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
export function step(state: CheckerState, event: CheckerEvent, rules: CheckerRules, now: Instant): CheckerStep {
  switch (event.kind) {
    case 'due':
      if (state.phase.kind !== 'waiting' || state.phase.dueAt > now) return unchanged(state);
      return {
        state: {
          ...state,
          phase:
            rules.standing === true
              ? { kind: 'standing', startedAt: now }
              : { kind: 'running', dueAt: state.phase.dueAt, startedAt: now },
        },
        actions: [{ kind: 'start' }],
      };
    case 'ended':
      return state.phase.kind === 'running' || state.phase.kind === 'standing'
        ? ended(state, state.phase, event.result, rules, now)
        : unchanged(state);
    case 'suspend':
      if (state.phase.kind === 'suspended') return unchanged(state);
      return {
        state: { ...state, phase: { kind: 'suspended' }, retries: 0 },
        actions: state.phase.kind === 'waiting' ? [] : [{ kind: 'cancel' }],
      };
    case 'resume':
      if (state.phase.kind !== 'suspended') return unchanged(state);
      return { state: { ...state, phase: { kind: 'waiting', dueAt: after(now, event.firstDelay) } }, actions: [] };
  }
}

type EndedPhase = Extract<CheckerPhase, { kind: 'running' | 'standing' }>;

function ended(
  state: CheckerState,
  phase: EndedPhase,
  result: CheckResult,
  rules: CheckerRules,
  now: Instant,
): CheckerStep {
  const regular: CheckerPhase =
    phase.kind === 'standing' ? phase : { kind: 'waiting', dueAt: onGrid(phase.dueAt, rules.delayLoop, now) };
  if (result.kind === 'undecided') {
    return { state: { ...state, phase: regular }, actions: [{ kind: 'undecided', reason: result.reason }] };
  }
  const counted: CheckerState = {
    ...state,
    phase: regular,
    checks: state.checks + 1,
    lastDuration: (phase.kind === 'standing' ? 0 : now - phase.startedAt) as Micros,
    lastEndedAt: now,
  };
  return result.kind === 'success'
    ? succeeded(state, counted, result, rules, now)
    : failed(state, counted, result, rules, now);
}

function succeeded(
  before: CheckerState,
  counted: CheckerState,
  result: Extract<CheckResult, { kind: 'success' }>,
  rules: CheckerRules,
  now: Instant,
): CheckerStep {
  const state = nextUrl(before, { ...counted, failuresInRow: 0, lastError: '' }, rules);
  const settled = before.up && before.checked;
  if (!settled && state.url !== 0) return unchanged(betweenUrls(state, rules, now));
  if (!settled && before.failedUrl !== undefined) return unchanged(betweenUrls(state, rules, now));
  const { weight: _, ...weightless } = state;
  const up: CheckerState = {
    ...weightless,
    up: true,
    checked: true,
    retries: 0,
    ...(result.weight === undefined ? {} : { weight: result.weight }),
  };
  if (!settled) {
    const { retries } = before;
    const changed = !before.up;
    return {
      state: up,
      actions: [{ kind: 'verdict', up: true, changed, first: !before.checked, reason: '', retries }],
    };
  }
  return { state: up, actions: sameWeight(before.weight, up.weight) ? [] : [{ kind: 'weight' }] };
}

/** After a url was right: the next one, or the first one once the url that had failed is right again. */
function nextUrl(before: CheckerState, state: CheckerState, { urls = 1 }: CheckerRules): CheckerState {
  if (before.failedUrl === undefined) return { ...state, url: (before.url + 1) % urls };
  const { failedUrl: _, ...rest } = state;
  return { ...rest, url: 0 };
}

/** The verdict waits for more urls. */
function betweenUrls(state: CheckerState, rules: CheckerRules, now: Instant): CheckerState {
  return rules.fastRecovery === true ? { ...state, phase: { kind: 'waiting', dueAt: now } } : state;
}

function failed(
  before: CheckerState,
  counted: CheckerState,
  result: Extract<CheckResult, { kind: 'failure' }>,
  rules: CheckerRules,
  now: Instant,
): CheckerStep {
  const first = !before.checked;
  const state: CheckerState = {
    ...counted,
    failures: before.failures + 1,
    failuresInRow: before.failuresInRow + 1,
    lastError: result.reason,
    ...(rules.urls === undefined ? {} : { failedUrl: before.url }),
  };
  if (retriesNow(before, rules) && before.retries < rules.retry) {
    const retry: CheckerPhase = { kind: 'waiting', dueAt: after(now, rules.delayBeforeRetry) };
    return {
      state: { ...state, retries: before.retries + 1, phase: retry },
      actions: before.up
        ? [{ kind: 'failed-once', reason: result.reason, retriesLeft: rules.retry - before.retries }]
        : [],
    };
  }
  // After retries the pause counts from the last failure, as keepalived's.
  const paused: CheckerPhase =
    before.retries === 0 ? state.phase : { kind: 'waiting', dueAt: after(now, rules.delayLoop) };
  const down: CheckerState = { ...state, checked: true, up: false, retries: 0, phase: paused };
  if (!before.up && !first) return unchanged(down);
  const { reason, mail } = result;
  const { retries } = before;
  const told = mail === undefined ? {} : { mail };
  return {
    state: down,
    actions: [{ kind: 'verdict', up: false, changed: before.up, first, reason, retries, ...told }],
  };
}

function retriesNow(before: CheckerState, rules: CheckerRules): boolean {
  if (rules.standing === true) return false;
  if (rules.retries === 'always') return true;
  return before.checked && (before.up || rules.retries !== 'up');
}

function sameWeight(left: CheckerWeight | undefined, right: CheckerWeight | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  if ('set' in left) return 'set' in right && left.set === right.set;
  return 'add' in right && left.add === right.add;
}
