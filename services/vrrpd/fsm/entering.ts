/** How a virtual router enters a state: the timers it sets, and what it does on the way in. */
import { after, type Instant, type Micros, micros } from '../../shared/time/duration.js';
import { PRIORITY_OWNER } from '../packet/advertisement.js';
import type { Cause } from './actions.js';
import type { StepResult } from './result.js';
import type { RouterSettings } from './settings.js';
import type { BackupState, DownTimer, HeardAdvert, MasterState, RouterState } from './state.js';
import { masterDownInterval, skewTime } from './timers.js';

/** Takes part in the election from outside it (RFC 3768 6.4.1): the owner as Master, everyone else as Backup. */
export function join(state: RouterState, cause: Cause, now: Instant): StepResult {
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

/** Enters MASTER: speaks first, then takes the addresses. */
export function becomeMaster(state: RouterState, cause: Cause, now: Instant): StepResult {
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

/** MASTER since `now`, with an advertisement just sent. */
export const masterState = (settings: RouterSettings, heard: HeardAdvert | undefined, now: Instant): MasterState => ({
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

/** BACKUP, with Master_Down_Timer set to what `timer` stands for. */
export function asBackup(
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

/** The same with Master_Down_Timer set anew at `setAt`. */
export function withTimer(state: BackupState, timer: DownTimer, setAt: Instant): BackupState {
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
