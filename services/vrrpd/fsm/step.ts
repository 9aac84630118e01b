/**
 * The state machine of one virtual router: RFC 3768 6.4 and RFC 9568 6.4, with keepalived's FAULT, preempt_delay and
 * sync groups. Pure: the same state, event and time always give the same answer.
 */
import { compareIpBytes } from '../../shared/net/address.js';
import { after, elapsed, type Instant, type Micros, micros } from '../../shared/time/duration.js';
import { PRIORITY_OWNER, PRIORITY_STOP } from '../packet/advertisement.js';
import type { Cause, RouterAction } from './actions.js';
import type { RouterEvent } from './events.js';
import type { RouterSettings } from './settings.js';
import type { BackupState, DownTimer, HeardAdvert, MasterState, RouterState } from './state.js';
import { answerSpacing, masterDownInterval, skewTime } from './timers.js';

/** The new state and what to do, in order. */
export interface StepResult {
  readonly state: RouterState;
  readonly actions: readonly RouterAction[];
}

type AdvertEvent = Extract<RouterEvent, { kind: 'advert' }>;

const NO_ACTIONS: readonly RouterAction[] = [];

const unchanged = (state: RouterState): StepResult => ({ state, actions: NO_ACTIONS });

/** What `event` at `now` does to a virtual router. Never throws. */
export function step(state: RouterState, event: RouterEvent, now: Instant): StepResult {
  switch (state.kind) {
    case 'init':
      return stepInit(state, event, now);
    case 'backup':
      return stepBackup(state, event, now);
    case 'master':
      return stepMaster(state, event, now);
    case 'fault':
      return stepFault(state, event, now);
  }
}

function stepInit(state: RouterState, event: RouterEvent, now: Instant): StepResult {
  switch (event.kind) {
    case 'startup':
      return join(state, { code: 'startup' }, now);
    case 'resume': {
      const { settings } = state;
      const silentFor = elapsed(event.lastAdvertAt, now);
      // Later than that a backup has taken over, or is about to.
      if (silentFor < 0 || silentFor >= masterDownInterval(settings, settings.advertInterval)) {
        return join(state, { code: 'startup' }, now);
      }
      return {
        state: {
          kind: 'master',
          settings,
          heard: state.heard,
          adverAt: after(event.lastAdvertAt, settings.advertInterval),
          lastAdvertAt: event.lastAdvertAt,
          answeredAt: undefined,
        },
        // Peers and clients noticed nothing, so nothing is announced.
        actions: [
          { kind: 'add-addresses' },
          {
            kind: 'enter',
            from: 'init',
            to: 'master',
            cause: { code: 'resumed', lastAdvertAt: event.lastAdvertAt },
          },
        ],
      };
    }
    case 'fault':
      return {
        state: { kind: 'fault', settings: state.settings, heard: state.heard },
        actions: [
          { kind: 'remove-addresses' },
          { kind: 'enter', from: 'init', to: 'fault', cause: { code: 'fault', reason: event.reason } },
        ],
      };
    case 'settings':
      return unchanged({ ...state, settings: event.settings });
    default:
      return unchanged(state);
  }
}

function stepBackup(state: BackupState, event: RouterEvent, now: Instant): StepResult {
  switch (event.kind) {
    case 'advert':
      return unchanged(hearAsBackup(state, event, now));
    case 'deadline':
      return now < state.masterDownAt ? unchanged(state) : becomeMaster(state, timerCause(state), now);
    case 'group-master':
      return becomeMaster(state, { code: 'group', group: event.group, member: event.member }, now);
    case 'settings': {
      if (event.settings.priority === PRIORITY_OWNER) {
        return becomeMaster({ ...state, settings: event.settings }, { code: 'owner' }, now);
      }
      // An interval that was not learned from a master is our own.
      const masterAdverInterval =
        state.masterAdverInterval === state.settings.advertInterval
          ? event.settings.advertInterval
          : state.masterAdverInterval;
      const changed = { ...state, settings: event.settings, masterAdverInterval };
      return unchanged(withTimer(changed, state.timerFor, state.timerSetAt));
    }
    case 'fault':
      return {
        state: { kind: 'fault', settings: state.settings, heard: state.heard },
        actions: [{ kind: 'enter', from: 'backup', to: 'fault', cause: { code: 'fault', reason: event.reason } }],
      };
    case 'shutdown':
      return {
        state: { kind: 'init', settings: state.settings, heard: state.heard },
        actions: [{ kind: 'enter', from: 'backup', to: 'init', cause: { code: 'shutdown' } }],
      };
    default:
      return unchanged(state);
  }
}

/** Why Master_Down_Timer fired: silence, or a master that is not good enough. */
function timerCause(state: BackupState): Cause {
  const { heard, settings, timerSetAt, timerFor } = state;
  if (heard !== undefined && heard.at > timerSetAt && heard.priority < settings.priority) {
    return { code: 'preempt', source: heard.source, priority: heard.priority };
  }
  return { code: 'master-down-timer', timer: timerFor, interval: elapsed(timerSetAt, state.masterDownAt) };
}

/** RFC 3768 6.4.2, RFC 9568 6.4.2: reception in Backup only ever moves Master_Down_Timer. */
function hearAsBackup(state: BackupState, event: AdvertEvent, now: Instant): BackupState {
  const heard = remember(event, now);
  const { settings } = state;
  if (event.priority === PRIORITY_STOP) return withTimer({ ...state, heard }, 'skew', now);
  const lower = event.priority < settings.priority;
  let { preemptDelayUntil } = state;
  if (!lower) preemptDelayUntil = undefined;
  else if (settings.preempt && settings.preemptDelay > 0) preemptDelayUntil ??= after(now, settings.preemptDelay);
  const preempting = lower && settings.preempt && (preemptDelayUntil === undefined || now >= preemptDelayUntil);
  if (preempting) return { ...state, heard, preemptDelayUntil };
  const masterAdverInterval = settings.version === 3 ? event.interval : settings.advertInterval;
  return withTimer({ ...state, heard, preemptDelayUntil, masterAdverInterval }, 'master-down', now);
}

function stepMaster(state: MasterState, event: RouterEvent, now: Instant): StepResult {
  const { settings } = state;
  switch (event.kind) {
    case 'advert':
      return hearAsMaster(state, event, now);
    case 'deadline':
      return advertise(state, now);
    case 'group-backup':
      return leaveMaster(state, { code: 'group', group: event.group, member: event.member }, now, {
        goodbye: true,
        timer: 'master-down',
      });
    case 'settings': {
      const next = after(state.lastAdvertAt, event.settings.advertInterval);
      const adverAt = event.settings.advertInterval === settings.advertInterval ? state.adverAt : next;
      return unchanged({ ...state, settings: event.settings, adverAt });
    }
    case 'fault':
      return {
        state: { kind: 'fault', settings, heard: state.heard },
        actions: [
          { kind: 'send-advert', priority: PRIORITY_STOP },
          { kind: 'remove-addresses' },
          { kind: 'enter', from: 'master', to: 'fault', cause: { code: 'fault', reason: event.reason } },
        ],
      };
    case 'shutdown':
      return {
        state: { kind: 'init', settings, heard: state.heard },
        actions: [
          { kind: 'send-advert', priority: PRIORITY_STOP },
          { kind: 'remove-addresses' },
          { kind: 'enter', from: 'master', to: 'init', cause: { code: 'shutdown' } },
        ],
      };
    default:
      return unchanged(state);
  }
}

/** Adver_Timer fired. Deadlines follow each other, not the moments at which we got round to them, so nothing drifts. */
function advertise(state: MasterState, now: Instant): StepResult {
  if (now < state.adverAt) return unchanged(state);
  const { settings } = state;
  const silentFor = elapsed(state.lastAdvertAt, now);
  if (silentFor > masterDownInterval(settings, settings.advertInterval)) {
    // Someone else is master by now: listen for one interval instead of fighting.
    return leaveMaster(state, { code: 'stalled', silentFor }, now, { goodbye: false, timer: 'listen' });
  }
  const onTime = after(state.adverAt, settings.advertInterval);
  return {
    state: {
      kind: 'master',
      settings,
      heard: state.heard,
      adverAt: onTime > now ? onTime : after(now, settings.advertInterval),
      lastAdvertAt: now,
      answeredAt: state.answeredAt,
    },
    actions: [{ kind: 'send-advert', priority: settings.priority }],
  };
}

/** RFC 3768 6.4.3, RFC 9568 6.4.3: reception in Master. */
function hearAsMaster(state: MasterState, event: AdvertEvent, now: Instant): StepResult {
  const { settings } = state;
  const { source, priority } = event;
  const heard = remember(event, now);
  if (priority === PRIORITY_STOP) {
    return {
      state: { ...state, heard, adverAt: after(now, settings.advertInterval), lastAdvertAt: now },
      actions: [{ kind: 'send-advert', priority: settings.priority }],
    };
  }
  if (priority > settings.priority) {
    return yieldTo({ ...state, heard }, event, { code: 'higher-priority-advert', source, priority }, now);
  }
  if (priority === settings.priority && compareIpBytes(source, settings.address) > 0) {
    return yieldTo({ ...state, heard }, event, { code: 'greater-address-advert', source, priority }, now);
  }
  const answered = state.answeredAt;
  if (answered !== undefined && elapsed(answered, now) < answerSpacing(settings)) {
    return unchanged({ ...state, heard });
  }
  const report: RouterAction = { kind: 'report-rival', source, priority };
  return {
    state: { ...state, heard, answeredAt: now },
    actions: settings.answerLowerPriority
      ? [
          { kind: 'send-advert', priority: settings.priority },
          { kind: 'announce', why: 'lower-priority-advert' },
          report,
        ]
      : [{ kind: 'announce', why: 'lower-priority-advert' }, report],
  };
}

function yieldTo(state: MasterState, event: AdvertEvent, cause: Cause, now: Instant): StepResult {
  const learned = state.settings.version === 3 ? event.interval : state.settings.advertInterval;
  return leaveMaster(state, cause, now, { goodbye: false, timer: 'master-down', masterAdverInterval: learned });
}

function stepFault(state: RouterState, event: RouterEvent, now: Instant): StepResult {
  switch (event.kind) {
    case 'recovered':
      return join(state, { code: 'recovered' }, now);
    case 'shutdown':
      return {
        state: { kind: 'init', settings: state.settings, heard: state.heard },
        actions: [{ kind: 'enter', from: 'fault', to: 'init', cause: { code: 'shutdown' } }],
      };
    case 'settings':
      return unchanged({ ...state, settings: event.settings });
    default:
      return unchanged(state);
  }
}

/** Takes part in the election from outside it (RFC 3768 6.4.1): the owner as Master, everyone else as Backup. */
function join(state: RouterState, cause: Cause, now: Instant): StepResult {
  if (state.settings.priority === PRIORITY_OWNER) return becomeMaster(state, { code: 'owner' }, now);
  return {
    state: asBackup(state.settings, state.heard, 'master-down', state.settings.advertInterval, now),
    actions: [
      // Left-overs of a predecessor that died.
      { kind: 'remove-addresses' },
      { kind: 'enter', from: state.kind, to: 'backup', cause },
    ],
  };
}

function becomeMaster(state: RouterState, cause: Cause, now: Instant): StepResult {
  const { settings } = state;
  return {
    state: {
      kind: 'master',
      settings,
      heard: state.heard,
      adverAt: after(now, settings.advertInterval),
      lastAdvertAt: now,
      answeredAt: undefined,
    },
    actions: [
      { kind: 'send-advert', priority: settings.priority },
      { kind: 'add-addresses' },
      { kind: 'announce', why: 'became-master' },
      { kind: 'enter', from: state.kind, to: 'master', cause },
    ],
  };
}

interface Leaving {
  /** Say so with priority 0. */
  readonly goodbye: boolean;
  readonly timer: DownTimer;
  readonly masterAdverInterval?: Micros;
}

function leaveMaster(state: MasterState, cause: Cause, now: Instant, leaving: Leaving): StepResult {
  const interval = leaving.masterAdverInterval ?? state.settings.advertInterval;
  const rest: RouterAction[] = [{ kind: 'remove-addresses' }, { kind: 'enter', from: 'master', to: 'backup', cause }];
  return {
    state: asBackup(state.settings, state.heard, leaving.timer, interval, now),
    actions: leaving.goodbye ? [{ kind: 'send-advert', priority: PRIORITY_STOP }, ...rest] : rest,
  };
}

function asBackup(
  settings: RouterSettings,
  heard: HeardAdvert | undefined,
  timer: DownTimer,
  masterAdverInterval: Micros,
  now: Instant,
): BackupState {
  return {
    kind: 'backup',
    settings,
    heard,
    masterAdverInterval,
    timerSetAt: now,
    timerFor: timer,
    masterDownAt: after(now, timerLength(settings, timer, masterAdverInterval)),
    preemptDelayUntil: undefined,
  };
}

function withTimer(state: BackupState, timer: DownTimer, setAt: Instant): BackupState {
  const length = timerLength(state.settings, timer, state.masterAdverInterval);
  return { ...state, timerSetAt: setAt, timerFor: timer, masterDownAt: after(setAt, length) };
}

function timerLength(settings: RouterSettings, timer: DownTimer, masterAdverInterval: Micros): Micros {
  switch (timer) {
    case 'master-down':
      return masterDownInterval(settings, masterAdverInterval);
    case 'skew':
      return skewTime(settings, masterAdverInterval);
    case 'listen':
      return micros(masterAdverInterval + skewTime(settings, masterAdverInterval));
  }
}

const remember = (event: AdvertEvent, now: Instant): HeardAdvert => ({
  source: event.source,
  priority: event.priority,
  at: now,
});
