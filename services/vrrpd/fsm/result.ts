/** What a step of the state machine answers. */
import type { Instant } from '../../shared/time/duration.js';
import type { RouterAction } from './actions.js';
import type { RouterEvent } from './events.js';
import type { HeardAdvert, RouterState } from './state.js';

/** The new state and what to do, in order. */
export interface StepResult {
  readonly state: RouterState;
  readonly actions: readonly RouterAction[];
}

/** An advertisement that passed all checks. */
export type AdvertEvent = Extract<RouterEvent, { kind: 'advert' }>;

/** Nothing to do. */
export const NO_ACTIONS: readonly RouterAction[] = [];

/** Nothing to do, in this state. */
export const unchanged = (state: RouterState): StepResult => ({ state, actions: NO_ACTIONS });

/** What is kept of an advertisement. */
export const remember = (event: AdvertEvent, now: Instant): HeardAdvert => ({
  source: event.source,
  priority: event.priority,
  at: now,
});
