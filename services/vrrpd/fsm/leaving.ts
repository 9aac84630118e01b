import type { Instant, Micros } from '../../shared/time/duration.js';
import { PRIORITY_STOP } from '../packet/advertisement.js';
import { asBackup, masterState } from './entering.js';
import type { RouterEvent } from './events.js';
import { remember, type StepResult, unchanged } from './result.js';
import type { LeavingState } from './state.js';

/** Waiting for the successor, for the time after which everyone who heard the goodbye has acted. */
export function stepLeaving(state: LeavingState, event: RouterEvent, now: Instant): StepResult {
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
