import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seconds } from '../../../services/shared/time/duration.js';
import type { RouterEvent } from '../../../services/vrrpd/fsm/events.js';
import type { RouterSettings } from '../../../services/vrrpd/fsm/settings.js';
import { initialState, nextDeadline, type RouterState } from '../../../services/vrrpd/fsm/state.js';
import { step } from '../../../services/vrrpd/fsm/step.js';
import { address, at, START, settingsOf, words } from '../../unit/vrrpd/fsm/support.js';
import { type CaseHead, readFixtures } from './cases.js';

/** Times in seconds, addresses as text. */
interface CaseLine extends CaseHead {
  readonly settings: {
    readonly version?: 2 | 3;
    readonly priority?: number;
    readonly advertInterval?: number;
    readonly preempt?: boolean;
    readonly preemptDelay?: number;
    readonly address?: string;
    readonly answerLowerPriority?: boolean;
    readonly lastWord?: boolean;
  };
}

type EventText =
  | Exclude<RouterEvent, { kind: 'advert' | 'resume' | 'settings' }>
  | { readonly kind: 'advert'; readonly priority: number; readonly source?: string; readonly interval?: number };

interface EventLine {
  readonly at: number;
  readonly event: EventText;
  readonly actions: readonly string[];
  readonly state: string;
  readonly deadline: number | null;
}

function settings(text: CaseLine['settings']): RouterSettings {
  const { advertInterval, preemptDelay, address: own, ...plain } = text;
  return settingsOf({
    // No RFC knows it.
    lastWord: false,
    ...plain,
    ...(advertInterval === undefined ? {} : { advertInterval: seconds(advertInterval) }),
    ...(preemptDelay === undefined ? {} : { preemptDelay: seconds(preemptDelay) }),
    ...(own === undefined ? {} : { address: address(own) }),
  });
}

function eventOf(text: EventText, router: RouterSettings): RouterEvent {
  if (text.kind !== 'advert') return text;
  const interval = text.interval === undefined ? router.advertInterval : seconds(text.interval);
  return { kind: 'advert', priority: text.priority, source: address(text.source ?? '10.0.0.3'), interval };
}

for (const [name, cases] of readFixtures<CaseLine, EventLine>(new URL('.', import.meta.url))) {
  describe(name, () => {
    for (const { case: title, rfc, settings: text, steps } of cases) {
      it(title, () => {
        assert.ok(steps.length > 0, 'a case has events');
        const router = settings(text);
        let state: RouterState = initialState(router);
        for (const line of steps) {
          const result = step(state, eventOf(line.event, router), at(line.at));
          state = result.state;
          const deadline = nextDeadline(state);
          const found = {
            actions: words(result.actions),
            state: state.kind,
            deadline: deadline === undefined ? null : (deadline - START) / 1_000_000,
          };
          const wanted = { actions: line.actions, state: line.state, deadline: line.deadline };
          assert.deepEqual(found, wanted, `${rfc}\nat ${line.at} s: ${JSON.stringify(line.event)}`);
        }
      });
    }
  });
}
