import { parseIpAddress } from '../../../../services/shared/net/address.js';
import { type Instant, instant, type Micros, micros, seconds } from '../../../../services/shared/time/duration.js';
import type { RouterAction } from '../../../../services/vrrpd/fsm/actions.js';
import type { RouterEvent } from '../../../../services/vrrpd/fsm/events.js';
import type { RouterSettings } from '../../../../services/vrrpd/fsm/settings.js';
import { initialState, type RouterState } from '../../../../services/vrrpd/fsm/state.js';
import { step } from '../../../../services/vrrpd/fsm/step.js';

export const address = (text: string): Uint8Array => {
  const parsed = parseIpAddress(text);
  if (parsed === undefined) throw new Error(`not an address: ${text}`);
  return parsed.bytes;
};

export const START = instant(1_000_000_000);

/** The moment so many seconds after START. */
export const at = (secondsLater: number): Instant => instant(START + seconds(secondsLater));

export const settingsOf = (changes: Partial<RouterSettings> = {}): RouterSettings => ({
  version: 2,
  priority: 100,
  advertInterval: seconds(1),
  preempt: true,
  preemptDelay: micros(0),
  address: address('10.0.0.2'),
  answerLowerPriority: true,
  lastWord: true,
  downTimerAdverts: 3,
  rivalPriority: changes.priority ?? 100,
  ...changes,
});

export const advert = (priority: number, source = '10.0.0.3', interval: Micros = seconds(1)): RouterEvent => ({
  kind: 'advert',
  priority,
  source: address(source),
  interval,
});

/** Plays events at seconds after START and returns where that leads. */
export function play(settings: RouterSettings, ...events: readonly (readonly [number, RouterEvent])[]): RouterState {
  let state: RouterState = initialState(settings);
  for (const [when, event] of events) state = step(state, event, at(when)).state;
  return state;
}

/** Actions as short words: `send 100`, `add`, `enter master master-down-timer`. */
export function words(actions: readonly RouterAction[]): string[] {
  return actions.map(word);
}

function word(action: RouterAction): string {
  switch (action.kind) {
    case 'send-advert':
      return `send ${action.priority}`;
    case 'add-addresses':
      return 'add';
    case 'remove-addresses':
      return 'remove';
    case 'announce':
      return `announce ${action.why}`;
    case 'report-rival':
      return `rival ${action.priority}`;
    case 'report-alone':
      return 'alone';
    case 'enter':
      return `enter ${action.to} ${action.cause.code}`;
  }
}
