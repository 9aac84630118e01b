import { after, elapsed, type Instant } from '../../shared/time/duration.js';
import { PRIORITY_OWNER, PRIORITY_STOP } from '../packet/advertisement.js';
import type { Cause } from './actions.js';
import { becomeMaster, withTimer } from './entering.js';
import type { RouterEvent } from './events.js';
import { type AdvertEvent, remember, type StepResult, unchanged } from './result.js';
import type { BackupState } from './state.js';
import { masterDownInterval } from './timers.js';

/** BACKUP: RFC 3768 and RFC 9568 6.4.2. */
export function stepBackup(state: BackupState, event: RouterEvent, now: Instant): StepResult {
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
export function hearAsBackup(state: BackupState, event: AdvertEvent, now: Instant): BackupState {
  const heard = remember(event, now);
  const { settings } = state;
  // The owner waits for nobody (RFC 3768 7.1).
  if (settings.priority === PRIORITY_OWNER) return { ...state, heard };
  if (event.priority === PRIORITY_STOP) return withTimer({ ...state, heard }, 'skew', now);
  const lower = event.priority < settings.priority;
  let { preemptDelayUntil } = state;
  if (!lower) preemptDelayUntil = undefined;
  else if (settings.preempt && settings.preemptDelay > 0) preemptDelayUntil ??= after(now, settings.preemptDelay);
  const preempting = lower && settings.preempt && (preemptDelayUntil === undefined || now >= preemptDelayUntil);
  if (preempting) return { ...state, heard, preemptDelayUntil };
  const masterAdverInterval = settings.version === 3 ? event.interval : settings.advertInterval;
  // Written out, for this is done for every advertisement that is heard.
  return {
    kind: 'backup',
    settings,
    heard,
    masterAdverInterval,
    timerSetAt: now,
    timerFor: 'master-down',
    masterDownAt: after(now, masterDownInterval(settings, masterAdverInterval)),
    preemptDelayUntil,
  };
}
