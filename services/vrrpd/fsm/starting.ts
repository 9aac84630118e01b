import { elapsed, type Instant } from '../../shared/time/duration.js';
import { join, masterState } from './entering.js';
import type { RouterEvent } from './events.js';
import { type StepResult, unchanged } from './result.js';
import type { RouterState } from './state.js';
import { masterDownInterval } from './timers.js';

/** INIT: before the election, and after leaving it. */
export function stepInit(state: RouterState, event: RouterEvent, now: Instant): StepResult {
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
