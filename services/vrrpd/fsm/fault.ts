import type { Instant } from '../../shared/time/duration.js';
import { join } from './entering.js';
import type { RouterEvent } from './events.js';
import { type StepResult, unchanged } from './result.js';
import type { RouterState } from './state.js';

/** FAULT: out of the election until what is wrong is over. */
export function stepFault(state: RouterState, event: RouterEvent, now: Instant): StepResult {
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
