import { compareIpBytes } from '../../shared/net/address.js';
import { after, elapsed, type Instant, type Micros } from '../../shared/time/duration.js';
import { PRIORITY_OWNER, PRIORITY_STOP } from '../packet/advertisement.js';
import type { Cause, RouterAction } from './actions.js';
import { hearAsBackup } from './backup.js';
import { asBackup } from './entering.js';
import type { RouterEvent } from './events.js';
import { type AdvertEvent, NO_ACTIONS, remember, type StepResult, unchanged } from './result.js';
import type { BackupState, DownTimer, LeavingState, MasterState } from './state.js';
import { answerSpacing, leaveTime, masterDownInterval, silenceAllowed } from './timers.js';

/** MASTER: RFC 3768 and RFC 9568 6.4.3. */
export function stepMaster(state: MasterState, event: RouterEvent, now: Instant): StepResult {
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
  // The owner yields to nobody (RFC 3768 7.1), but asserts itself like every other master (RFC 9568 6.4.3).
  if (settings.priority === PRIORITY_OWNER) return hearAsOwner({ ...state, heard }, event, now);
  if (priority === settings.priority && compareIpBytes(source, settings.address) > 0) {
    return yieldTo({ ...state, heard }, event, { code: 'greater-address-advert', source, priority }, now);
  }
  return assertMastership({ ...state, heard }, event, now);
}

/** Two owners are a mistake that answers and announcements would only make worse. */
function hearAsOwner(state: MasterState, event: AdvertEvent, now: Instant): StepResult {
  const { source, priority } = event;
  if (priority !== PRIORITY_OWNER) return assertMastership(state, event, now);
  return { state, actions: [{ kind: 'report-rival', source, priority }] };
}

/** It is master beside us, or with priority 0 was until now: clients may have its link-layer address. */
function assertMastership(state: MasterState, { source, priority }: AdvertEvent, now: Instant): StepResult {
  const { settings, answeredAt } = state;
  const rival = meetRival(state, source, priority, now);
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
  const { settings } = state;
  const learned = settings.version === 3 ? event.interval : settings.advertInterval;
  return leaveMaster(state, cause, now, {
    goodbye: false,
    // The others would learn our interval from it, and with a shorter one than the winner's contest every advertisement.
    lastWord: settings.lastWord && learned <= settings.advertInterval,
    timer: 'master-down',
    masterAdverInterval: learned,
  });
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
