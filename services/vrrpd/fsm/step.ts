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
import type { BackupState, DownTimer, HeardAdvert, LeavingState, MasterState, RouterState } from './state.js';
import { answerSpacing, leaveTime, masterDownInterval, silenceAllowed, skewTime } from './timers.js';

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
    case 'leaving':
      return stepLeaving(state, event, now);
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
        state: masterState(settings, state.heard, event.lastAdvertAt),
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
    case 'leave':
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
    case 'leave':
      return {
        state: leavingState(state, undefined, now),
        actions: [{ kind: 'send-advert', priority: PRIORITY_STOP }],
      };
    case 'yield':
      return {
        state: leavingState(state, { text: event.text, ifAlone: event.ifAlone }, now),
        actions: [{ kind: 'send-advert', priority: PRIORITY_STOP }],
      };
    default:
      return unchanged(state);
  }
}

const leavingState = (
  { settings, heard }: MasterState,
  yielding: LeavingState['yielding'],
  now: Instant,
): LeavingState => ({ kind: 'leaving', settings, heard, leaveAt: after(now, leaveTime(settings)), yielding });

/** Waiting for the successor, for the time after which everyone who heard the goodbye has acted. */
function stepLeaving(state: LeavingState, event: RouterEvent, now: Instant): StepResult {
  switch (event.kind) {
    case 'advert': {
      const heard = remember(event, now);
      // Another router that says goodbye takes nothing over.
      if (event.priority === PRIORITY_STOP) return unchanged({ ...state, heard });
      return state.yielding === undefined
        ? left({ ...state, heard })
        : yielded({ ...state, heard }, state.yielding.text, event.interval, now);
    }
    case 'deadline': {
      if (now < state.leaveAt) return unchanged(state);
      if (state.yielding === undefined) return left(state);
      if (state.yielding.ifAlone === 'stay') return stayAlone(state, now);
      return yielded(state, state.yielding.text, state.settings.advertInterval, now);
    }
    case 'fault':
      if (state.yielding === undefined) return left(state);
      return {
        state: { kind: 'fault', settings: state.settings, heard: state.heard },
        actions: [
          { kind: 'remove-addresses' },
          { kind: 'enter', from: 'master', to: 'fault', cause: { code: 'fault', reason: event.reason } },
        ],
      };
    case 'leave':
      // It waits already, and then goes for good.
      return unchanged({ ...state, yielding: undefined });
    case 'shutdown':
      return left(state);
    case 'settings':
      return unchanged({ ...state, settings: event.settings });
    default:
      return unchanged(state);
  }
}

const left = (state: LeavingState): StepResult => ({
  state: { kind: 'init', settings: state.settings, heard: state.heard },
  actions: [{ kind: 'remove-addresses' }, { kind: 'enter', from: 'master', to: 'init', cause: { code: 'shutdown' } }],
});

/** The successor is here, or nobody may hold on. */
function yielded(state: LeavingState, text: string, masterInterval: Micros, now: Instant): StepResult {
  const { settings, heard } = state;
  const interval = settings.version === 3 ? masterInterval : settings.advertInterval;
  return {
    state: asBackup(settings, heard, 'master-down', interval, now),
    actions: [
      { kind: 'remove-addresses' },
      { kind: 'enter', from: 'master', to: 'backup', cause: { code: 'stands-down', text } },
    ],
  };
}

/** Nobody wanted the addresses: better here than nowhere. They were never removed, so nothing is announced. */
const stayAlone = ({ settings, heard }: LeavingState, now: Instant): StepResult => ({
  state: masterState(settings, heard, now),
  actions: [{ kind: 'send-advert', priority: settings.priority }, { kind: 'report-alone' }],
});

const masterState = (settings: RouterSettings, heard: HeardAdvert | undefined, now: Instant): MasterState => ({
  kind: 'master',
  settings,
  heard,
  adverAt: after(now, settings.advertInterval),
  lastAdvertAt: now,
  answeredAt: undefined,
  announcedAt: undefined,
  announcePending: false,
  displaced: undefined,
});

/** Adver_Timer fired. Deadlines follow each other, not the moments at which we got round to them, so nothing drifts. */
function advertise(state: MasterState, now: Instant): StepResult {
  if (now < state.adverAt) return unchanged(state);
  const { settings } = state;
  const silentFor = elapsed(state.lastAdvertAt, now);
  if (silentFor > silenceAllowed(settings)) {
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
      announcedAt: state.announcedAt,
      announcePending: false,
      displaced: state.displaced,
    },
    actions: state.announcePending
      ? [
          { kind: 'send-advert', priority: settings.priority },
          { kind: 'announce', why: 'handed-over' },
        ]
      : [{ kind: 'send-advert', priority: settings.priority }],
  };
}

/** RFC 3768 6.4.3, RFC 9568 6.4.3: reception in Master. */
function hearAsMaster(state: MasterState, event: AdvertEvent, now: Instant): StepResult {
  const { settings } = state;
  const { source, priority } = event;
  const silentFor = elapsed(state.lastAdvertAt, now);
  if (silentFor > masterDownInterval(settings, settings.advertInterval)) {
    // We stood still: this is the router that took over, and it is judged by the rules of a backup.
    const left = leaveMaster(state, { code: 'stalled', silentFor }, now, { goodbye: false, timer: 'listen' });
    return { state: hearAsBackup(left.state, event, now), actions: left.actions };
  }
  const heard = remember(event, now);
  if (priority > settings.priority) {
    return yieldTo({ ...state, heard }, event, { code: 'higher-priority-advert', source, priority }, now);
  }
  if (priority === settings.priority && compareIpBytes(source, settings.address) > 0) {
    return yieldTo({ ...state, heard }, event, { code: 'greater-address-advert', source, priority }, now);
  }
  // It is master beside us, or with priority 0 was until now: clients may have its link-layer address.
  const rival = meetRival({ ...state, heard }, source, priority, now);
  const { answeredAt } = state;
  // A flood is not answered by a flood.
  if (answeredAt !== undefined && elapsed(answeredAt, now) < answerSpacing(settings)) return rival;
  const answer: RouterAction = { kind: 'send-advert', priority: settings.priority };
  if (priority === PRIORITY_STOP) {
    const adverAt = after(now, settings.advertInterval);
    return {
      state: { ...rival.state, adverAt, lastAdvertAt: now, answeredAt: now },
      actions: [answer, ...rival.actions],
    };
  }
  if (!settings.answerLowerPriority) return rival;
  return { state: { ...rival.state, answeredAt: now }, actions: [answer, ...rival.actions] };
}

/**
 * Another master was heard and we are the one who stays: clients must learn our link-layer address again. At once, and
 * when it is heard again before the interval is over, once more with the next advertisement.
 */
function meetRival(
  state: MasterState,
  source: Uint8Array,
  priority: number,
  now: Instant,
): { readonly state: MasterState; readonly actions: readonly RouterAction[] } {
  const { announcedAt, settings } = state;
  if (announcedAt !== undefined && elapsed(announcedAt, now) < settings.advertInterval) {
    const report: RouterAction = { kind: 'report-rival', source, priority };
    return {
      state: { ...state, announcePending: true },
      actions: isLastWord(state, source, now) ? NO_ACTIONS : [report],
    };
  }
  const announced = { ...state, announcedAt: now, announcePending: false };
  if (isLastWord(state, source, now)) {
    return { state: announced, actions: [{ kind: 'announce', why: 'handed-over' }] };
  }
  return {
    state: announced,
    actions: [
      { kind: 'announce', why: 'lower-priority-advert' },
      { kind: 'report-rival', source, priority },
    ],
  };
}

/** The router we have just taken over from has heard us and lets go. */
function isLastWord({ displaced, settings }: MasterState, source: Uint8Array, now: Instant): boolean {
  if (displaced === undefined || elapsed(displaced.at, now) >= settings.advertInterval) return false;
  return compareIpBytes(displaced.source, source) === 0;
}

function yieldTo(state: MasterState, event: AdvertEvent, cause: Cause, now: Instant): StepResult {
  const learned = state.settings.version === 3 ? event.interval : state.settings.advertInterval;
  return leaveMaster(state, cause, now, {
    goodbye: false,
    lastWord: state.settings.lastWord,
    timer: 'master-down',
    masterAdverInterval: learned,
  });
}

function stepFault(state: RouterState, event: RouterEvent, now: Instant): StepResult {
  switch (event.kind) {
    case 'recovered':
      return join(state, { code: 'recovered' }, now);
    case 'shutdown':
    case 'leave':
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
      ...masterState(settings, state.heard, now),
      displaced: cause.code === 'preempt' ? { source: cause.source, priority: cause.priority, at: now } : undefined,
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
  /** Advertise once more when the addresses are gone, so that the winner announces itself again. */
  readonly lastWord?: boolean;
  readonly timer: DownTimer;
  readonly masterAdverInterval?: Micros;
}

function leaveMaster(
  state: MasterState,
  cause: Cause,
  now: Instant,
  leaving: Leaving,
): { readonly state: BackupState; readonly actions: readonly RouterAction[] } {
  const interval = leaving.masterAdverInterval ?? state.settings.advertInterval;
  const { priority } = state.settings;
  const lastWord: RouterAction[] = leaving.lastWord === true ? [{ kind: 'send-advert', priority }] : [];
  const enter: RouterAction = { kind: 'enter', from: 'master', to: 'backup', cause };
  const rest: RouterAction[] = [{ kind: 'remove-addresses' }, ...lastWord, enter];
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
