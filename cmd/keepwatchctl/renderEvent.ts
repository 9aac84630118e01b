/** One event as one line. Pure. */
import { sessionStateText } from '../../services/shared/rpc/bfdText.js';
import type { WatchEventsResponse } from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import type { ServiceEvent } from '../../services/shared/rpc/generated/keepwatch/v1/lifecycle.js';
import { vrrpStateText } from '../../services/shared/rpc/vrrpText.js';

/** `12:03:55.123 vrrpd        VI_1 BACKUP -> MASTER: …`; undefined for events that say nothing to a person. */
export function renderEvent({ origin, event }: WatchEventsResponse): string | undefined {
  const text =
    event?.$case === 'supervisor' ? event.value.text : event === undefined ? undefined : serviceText(event.value);
  if (text === undefined) return undefined;
  return `${(origin?.at ?? new Date(0)).toISOString()} ${(origin?.service ?? '').padEnd(14)} ${text}`;
}

function serviceText({ event, notifications }: ServiceEvent): string | undefined {
  switch (event?.$case) {
    case 'vrrp': {
      const { transition, note } = event.value;
      if (transition === undefined) return note === '' ? undefined : note;
      const group = transition.group ? 'group ' : '';
      return `${group}${transition.name} ${vrrpStateText(transition.from)} -> ${vrrpStateText(transition.to)}: ${transition.cause?.text ?? ''}`;
    }
    case 'health': {
      const { transition } = event.value;
      if (transition === undefined) return undefined;
      const what = transition.realServer === '' ? 'quorum of ' : `${transition.realServer} of `;
      return `${what}${transition.virtualServer} ${transition.up ? 'UP' : 'DOWN'}: ${transition.cause}`;
    }
    case 'bfd': {
      const { transition, note } = event.value;
      if (transition === undefined) return note === '' ? undefined : note;
      const { name, from, to, text } = transition;
      return `BFD ${name} ${sessionStateText(from)} -> ${sessionStateText(to)}: ${text}`;
    }
    case 'ipvs':
      return event.value.note === '' ? undefined : event.value.note;
    case 'notify': {
      const { result } = event.value;
      if (result === undefined) return undefined;
      return `${result.kind} for ${result.lane} ${result.ok ? 'done' : 'failed'}: ${result.what}${result.detail === '' ? '' : ` (${result.detail})`}`;
    }
    default:
      return notifications.length === 0 ? undefined : notifications.map(({ summary }) => summary).join(', ');
  }
}
