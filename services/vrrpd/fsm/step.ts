/**
 * The state machine of one virtual router: RFC 3768 6.4 and RFC 9568 6.4, with keepalived's FAULT, preempt_delay and
 * sync groups. Pure: the same state, event and time always give the same answer.
 */
import type { Instant } from '../../shared/time/duration.js';
import { stepBackup } from './backup.js';
import type { RouterEvent } from './events.js';
import { stepFault } from './fault.js';
import { stepLeaving } from './leaving.js';
import { stepMaster } from './master.js';
import type { StepResult } from './result.js';
import { stepInit } from './starting.js';
import type { RouterState } from './state.js';

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
