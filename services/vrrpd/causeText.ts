/** Causes of transitions in words. */
import { formatIpBytes } from '../shared/net/address.js';
import { elapsed, formatDuration, type Instant, type Micros } from '../shared/time/duration.js';
import type { Cause } from './fsm/actions.js';
import type { HeardAdvert } from './fsm/state.js';

/** Stable token of a cause: `master-down-timer`, `priority-zero-advert`, `interface-down`, … */
export function causeCode(cause: Cause): string {
  if (cause.code === 'fault') return cause.reason.code;
  return cause.code === 'master-down-timer' && cause.timer === 'skew' ? 'priority-zero-advert' : cause.code;
}

/** One line for a human: why a router changed its state at `now`. `ownPriority`: with what moved it. */
export function causeText(cause: Cause, heard: HeardAdvert | undefined, ownPriority: string, now: Instant): string {
  switch (cause.code) {
    case 'startup':
      return 'started';
    case 'owner':
      return 'priority 255: owner of the addresses';
    case 'resumed':
      return `restarted ${formatDuration(elapsed(cause.lastAdvertAt, now))} after its last advertisement`;
    case 'shutdown':
      return 'stopped';
    case 'master-down-timer':
      return timerText(cause.timer, cause.interval, heard, now);
    case 'preempt':
      return `${formatIpBytes(cause.source)} advertises lower priority ${cause.priority}, ours is ${ownPriority}`;
    case 'higher-priority-advert':
      return `${formatIpBytes(cause.source)} advertises priority ${cause.priority}, ours is ${ownPriority}`;
    case 'greater-address-advert':
      return `${formatIpBytes(cause.source)} advertises the same priority ${cause.priority} and has the greater address`;
    case 'stalled':
      return `no advertisement sent for ${formatDuration(cause.silentFor)}: this machine or process stood still`;
    case 'fault':
      return cause.reason.text;
    case 'stands-down':
      return heard === undefined || elapsed(heard.at, now) > 0
        ? cause.text
        : `${cause.text}; ${formatIpBytes(heard.source)} has taken over`;
    case 'recovered':
      return 'all that is tracked works again';
    case 'group':
      return `sync group ${cause.group} follows ${cause.member}`;
  }
}

function timerText(
  timer: 'master-down' | 'skew' | 'listen',
  interval: Micros,
  heard: HeardAdvert | undefined,
  now: Instant,
): string {
  const peer = heard === undefined ? '' : ` ${formatIpBytes(heard.source)}`;
  switch (timer) {
    case 'skew':
      return `master${peer} left (priority 0) and the skew time of ${formatDuration(interval)} passed`;
    case 'listen':
      return `nobody took over within ${formatDuration(interval)} after our stall`;
    case 'master-down': {
      const silence = heard === undefined ? interval : elapsed(heard.at, now);
      return `no advertisement${peer === '' ? '' : ` from${peer}`} for ${formatDuration(silence)} (master down interval ${formatDuration(interval)})`;
    }
  }
}
