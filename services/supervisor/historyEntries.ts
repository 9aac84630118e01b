/** What an event has to say to the history: the changes an operator asks about, not counters and ages. Pure. */
import { sessionStateText } from '../shared/rpc/bfdText.js';
import type { BfdEvent } from '../shared/rpc/generated/keepwatch/v1/bfd.js';
import type { Origin } from '../shared/rpc/generated/keepwatch/v1/common.js';
import type { HistoryEntry, WatchEventsResponse } from '../shared/rpc/generated/keepwatch/v1/control.js';
import type { HealthEvent } from '../shared/rpc/generated/keepwatch/v1/health.js';
import type { NotifyEvent } from '../shared/rpc/generated/keepwatch/v1/notify.js';
import type { VrrpEvent, VrrpState } from '../shared/rpc/generated/keepwatch/v1/vrrp.js';
import { priorityText, vrrpStateText } from '../shared/rpc/vrrpText.js';
import type { Mirror } from './mirror.js';

/** What changed and why, before the place it came from is added. */
type Change = Pick<HistoryEntry, 'subject' | 'change' | 'cause' | 'code'>;

/** The entries of one event. `before` is what was known when it came: only against it a tracker's change can be told. */
export function historyEntries({ origin, event }: WatchEventsResponse, before: Mirror): HistoryEntry[] {
  if (origin === undefined || event === undefined) return [];
  if (event.$case === 'supervisor') {
    const { code, service, text } = event.value;
    const subject = service === '' ? 'suite' : `service ${service}`;
    return [entry(origin, { subject, change: code, cause: text, code })];
  }
  const found = event.value.event;
  switch (found?.$case) {
    case 'vrrp':
      return vrrpChanges(found.value, before.vrrp).map((change) => entry(origin, change));
    case 'health':
      return healthChanges(found.value).map((change) => entry(origin, change));
    case 'ipvs':
      return found.value.note === ''
        ? []
        : [entry(origin, { subject: 'ipvs table', change: found.value.note, cause: '', code: 'ipvs' })];
    case 'bfd':
      return bfdChanges(found.value).map((change) => entry(origin, change));
    case 'notify':
      return notifyChanges(found.value).map((change) => entry(origin, change));
    default:
      return [];
  }
}

const entry = (origin: Origin, change: Change): HistoryEntry => ({
  at: origin.at,
  service: origin.service,
  incarnation: origin.incarnation,
  sequence: origin.sequence,
  generation: origin.generation,
  ...change,
});

function vrrpChanges(event: VrrpEvent, before: VrrpState | undefined): Change[] {
  const changes: Change[] = [];
  for (const tracker of event.trackers) {
    const known = before?.trackers.find(({ kind, name }) => kind === tracker.kind && name === tracker.name);
    if (known === undefined || known.condition === tracker.condition) continue;
    changes.push({
      subject: `track_${tracker.kind} ${tracker.name}`,
      change: `${known.condition} -> ${tracker.condition}`,
      cause: tracker.detail,
      code: `tracker-${tracker.condition}`,
    });
  }
  for (const instance of event.instances) {
    const known = before?.instances.find(({ name }) => name === instance.name);
    if (known === undefined || known.effectivePriority === instance.effectivePriority) continue;
    changes.push({
      subject: `vrrp_instance ${instance.name}`,
      change: `priority ${known.effectivePriority} -> ${instance.effectivePriority}`,
      cause: priorityText(instance),
      code: 'priority',
    });
  }
  const { transition, note } = event;
  if (transition !== undefined) {
    const subject = `${transition.group ? 'vrrp_sync_group' : 'vrrp_instance'} ${transition.name}`;
    changes.push({
      subject,
      change: `${vrrpStateText(transition.from)} -> ${vrrpStateText(transition.to)}`,
      cause: transition.cause?.text ?? '',
      code: transition.cause?.code ?? '',
    });
  } else if (note !== '') {
    const [only, ...others] = event.instances;
    const subject = only === undefined || others.length > 0 ? 'service vrrpd' : `vrrp_instance ${only.name}`;
    changes.push({ subject, change: note, cause: '', code: 'note' });
  }
  return changes;
}

function healthChanges({ transition }: HealthEvent): Change[] {
  if (transition === undefined) return [];
  const { virtualServer, realServer, up, cause } = transition;
  const state = up ? 'UP' : 'DOWN';
  return realServer === ''
    ? [{ subject: `virtual_server ${virtualServer}`, change: `quorum ${state}`, cause, code: 'quorum' }]
    : [{ subject: `real_server ${realServer} of ${virtualServer}`, change: state, cause, code: 'real-server' }];
}

function bfdChanges({ transition }: BfdEvent): Change[] {
  if (transition === undefined) return [];
  const { name, from, to, text, code } = transition;
  const change = `${sessionStateText(from)} -> ${sessionStateText(to)}`;
  return [{ subject: `bfd_instance ${name}`, change, cause: text, code }];
}

/** Only what was not told: that a script ran is in the status of notifications. */
function notifyChanges({ result }: NotifyEvent): Change[] {
  if (result === undefined || result.ok) return [];
  return [
    {
      subject: result.lane,
      change: `${result.kind} failed`,
      cause: `${result.what}: ${result.detail}`,
      code: 'notify',
    },
  ];
}
