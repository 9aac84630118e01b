/** Why a VRRP instance is what it is, what comes next and what would change it, in plain words. Pure. */
import type { HistoryEntry, SuiteStatus } from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import {
  type VrrpInstance,
  VrrpStateName,
  type VrrpTracker,
} from '../../services/shared/rpc/generated/keepwatch/v1/vrrp.js';
import { priorityText, vrrpStateText } from '../../services/shared/rpc/vrrpText.js';
import { historyLine } from './historyText.js';
import { formatMoment } from './time.js';

/** What happened this long before a transition may have led to it. */
const LEAD_UP_MS = 30_000;
/** Lines of the chain that are shown. */
const CHAIN_LIMIT = 12;

const { VRRP_STATE_NAME_MASTER, VRRP_STATE_NAME_BACKUP, VRRP_STATE_NAME_FAULT, VRRP_STATE_NAME_UNSPECIFIED } =
  VrrpStateName;

/** The explanation, a line each; undefined when there is no such instance. */
export function explainInstance(
  status: SuiteStatus,
  history: readonly HistoryEntry[],
  name: string,
  now: Date,
): string[] | undefined {
  const instance = status.vrrp?.instances.find((candidate) => candidate.name === name);
  if (instance === undefined) return undefined;
  const chain = chainOf(instance, history).map(historyLine);
  const sections: [string, string[]][] = [
    ['How it came to this', chain.length > 0 ? chain : ['Nothing is recorded.']],
    ['Priority', priority(instance, now)],
    ['The other router', otherRouter(instance)],
    ['What happens next', next(instance)],
    ['What would change it', changers(instance)],
  ];
  return [
    ...headline(instance, status, now),
    ...sections.flatMap(([title, lines]) => (lines.length === 0 ? [] : ['', `${title}:`, ...lines.map(indented)])),
  ];
}

const indented = (line: string): string => `  ${line}`;

function headline(instance: VrrpInstance, status: SuiteStatus, now: Date): string[] {
  const { name, state, interface: on, vrid, family, version, lastTransition } = instance;
  const where = `on ${on} (virtual router ${vrid}, IPv${family}, VRRP version ${version})`;
  if (state === VRRP_STATE_NAME_UNSPECIFIED) {
    const vrrpd = status.services.find((service) => service.name === 'vrrpd');
    const silence = vrrpd?.silenceMs === undefined ? '' : ` for ${seconds(Number(vrrpd.silenceMs))}`;
    return [`The state of ${name} ${where} is not known: vrrpd has not been heard${silence}.`];
  }
  const since = lastTransition === undefined ? '' : `, since ${formatMoment(lastTransition.at, now)}`;
  const cause = lastTransition?.cause?.text ?? '';
  return [`${name} ${where} is ${vrrpStateText(state)}${since}.`, ...(cause === '' ? [] : [`Because: ${cause}.`])];
}

/** What concerns the instance from shortly before its last transition until now. */
function chainOf(instance: VrrpInstance, history: readonly HistoryEntry[]): HistoryEntry[] {
  const subjects = new Set([
    `vrrp_instance ${instance.name}`,
    `vrrp_sync_group ${instance.group}`,
    'service vrrpd',
    ...instance.trackers.map(({ kind, name }) => `track_${kind} ${name}`),
  ]);
  const from = (instance.lastTransition?.at?.getTime() ?? Number.NEGATIVE_INFINITY) - LEAD_UP_MS;
  return history
    .filter(({ subject, at, code }) => {
      const concerns = subjects.has(subject) || (subject === 'suite' && code === 'reloaded');
      return concerns && (at?.getTime() ?? 0) >= from;
    })
    .slice(-CHAIN_LIMIT);
}

function priority(instance: VrrpInstance, now: Date): string[] {
  const lines = [priorityText(instance)];
  for (const { kind, name, up, detail, since, condition } of instance.trackers) {
    const when = since === undefined ? '' : `, since ${formatMoment(since, now)}`;
    const state = condition === '' ? (up ? 'good' : 'bad') : condition;
    lines.push(`${kind} ${name} is ${state}${detail === '' ? '' : ` (${detail})`}${when}`);
  }
  return lines;
}

function otherRouter({ state, masterAddress, masterPriority, lastAdvertAgeMs }: VrrpInstance): string[] {
  if (masterAddress === '') return ['No other router has been heard.'];
  const age = lastAdvertAgeMs === undefined ? '' : `, ${seconds(Number(lastAdvertAgeMs))} ago`;
  const role = state === VRRP_STATE_NAME_BACKUP ? 'is the master' : 'was the last one heard';
  return [`${masterAddress} with priority ${masterPriority} ${role}${age}.`];
}

function next({ state, nextDeadline, nextDeadlineInMs, masterAddress, faults, waits }: VrrpInstance): string[] {
  if (state === VRRP_STATE_NAME_FAULT) {
    return [...faults, ...waits].map((reason) => `It takes no part until this is over: ${reason}.`);
  }
  if (state === VRRP_STATE_NAME_UNSPECIFIED) return [];
  const within = nextDeadlineInMs === undefined ? '' : ` in ${seconds(Number(nextDeadlineInMs))}`;
  switch (nextDeadline) {
    case 'adver':
      return [`It sends its next advertisement${within}.`];
    case 'master-down': {
      const whose = masterAddress === '' ? 'a router' : masterAddress;
      return [`Unless ${whose} advertises before, it becomes MASTER${within}.`];
    }
    case 'preempt-delay':
      return [`Its preempt_delay ends${within}; then it takes over from a master with a lower priority.`];
    default:
      return waits.length > 0 ? waits.map((reason) => `It waits: ${reason}.`) : [];
  }
}

function changers(instance: VrrpInstance): string[] {
  const { state, effectivePriority, masterPriority, preempt, masterAddress, trackers } = instance;
  if (state === VRRP_STATE_NAME_UNSPECIFIED) return [];
  const lines: string[] = [];
  if (state === VRRP_STATE_NAME_MASTER) {
    lines.push(`A router that advertises a priority above ${effectivePriority} takes over.`);
  }
  if (state === VRRP_STATE_NAME_BACKUP && masterAddress !== '') {
    if (!preempt) lines.push(`It has nopreempt: it takes over only when ${masterAddress} falls silent or gives up.`);
    else if (effectivePriority <= masterPriority) {
      lines.push(`With a priority above ${masterPriority} it takes over; it has ${effectivePriority}.`);
    }
  }
  for (const tracker of trackers) {
    const text = trackerEffect(tracker, effectivePriority);
    if (text !== undefined) lines.push(text);
  }
  return lines;
}

/**
 * What the opposite result of a tracker would do. A positive weight counts while it is good, a negative one while it is bad;
 * reverse turns the sign (keepalived.conf(5), "weight"). What a file does depends on the number in it.
 */
function trackerEffect(
  { kind, name, up, weight, reverse, condition }: VrrpTracker,
  effectivePriority: number,
): string | undefined {
  if (condition === 'ignored' || condition === 'pending' || kind === 'file') return undefined;
  const turned = `${kind} ${name} turned ${up ? 'bad' : 'good'}`;
  if (weight === 0) return up === reverse ? `${turned}: one reason for FAULT less.` : `${turned}: FAULT.`;
  const adds = reverse ? -weight : weight;
  const after = effectivePriority + (weight > 0 === up ? -adds : adds);
  return `${turned}: priority ${Math.min(254, Math.max(1, after))}.`;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
