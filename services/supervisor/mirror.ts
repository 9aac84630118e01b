/**
 * What the supervisor knows of the services' states. The whole state comes first, then events that replace the listed
 * things by key and name the removed ones. Pure.
 */
import { type BfdEvent, type BfdState, BfdStateName } from '../shared/rpc/generated/keepwatch/v1/bfd.js';
import type { Origin } from '../shared/rpc/generated/keepwatch/v1/common.js';
import type { HealthEvent, HealthState } from '../shared/rpc/generated/keepwatch/v1/health.js';
import type { IpvsState } from '../shared/rpc/generated/keepwatch/v1/ipvs.js';
import type { ServiceEvent, ServiceState } from '../shared/rpc/generated/keepwatch/v1/lifecycle.js';
import type { NotifyEvent, NotifyState } from '../shared/rpc/generated/keepwatch/v1/notify.js';
import { type VrrpEvent, type VrrpState, VrrpStateName } from '../shared/rpc/generated/keepwatch/v1/vrrp.js';
import { ipvsKeyText } from './ipvsKey.js';

/** Results of notifications that are kept for the status. */
const RECENT_RESULTS = 50;

/** Last known states; a service that was never heard has none. */
export interface Mirror {
  readonly vrrp?: VrrpState;
  readonly health?: HealthState;
  readonly ipvs?: IpvsState;
  readonly notify?: NotifyState;
  readonly bfd?: BfdState;
}

/** One service's state with its place in the sequence of that service's events. */
export interface MirrorPosition {
  readonly incarnation: string;
  /** Last event included. */
  readonly sequence: bigint;
}

/** Where a whole state stands. */
export const positionOf = (origin: Origin | undefined): MirrorPosition => ({
  incarnation: origin?.incarnation ?? '',
  sequence: origin?.sequence ?? 0n,
});

/** Whether an event says something newer than what is known: events sent again are older than the state before them. */
export const isNewer = (known: MirrorPosition | undefined, origin: Origin): boolean =>
  known === undefined || known.incarnation !== origin.incarnation || origin.sequence > known.sequence;

/** Takes a whole state in. */
export function withState(mirror: Mirror, { state }: ServiceState): Mirror {
  switch (state?.$case) {
    case 'vrrp':
      return { ...mirror, vrrp: state.value };
    case 'health':
      return { ...mirror, health: state.value };
    case 'ipvs':
      return { ...mirror, ipvs: state.value };
    case 'notify':
      return { ...mirror, notify: state.value };
    case 'bfd':
      return { ...mirror, bfd: state.value };
    default:
      return mirror;
  }
}

/** The state of one of the services whose events carry everything that changes. */
export function stateIn({ health, ipvs }: Mirror, service: string): ServiceState | undefined {
  if (service === 'healthcheckerd' && health !== undefined) return { state: { $case: 'health', value: health } };
  if (service === 'ipvsd' && ipvs !== undefined) return { state: { $case: 'ipvs', value: ipvs } };
  return undefined;
}

/** What is known, but for one of them. */
export function without(mirror: Mirror, service: string): Mirror {
  const { health, ipvs, ...others } = mirror;
  if (service === 'healthcheckerd') return ipvs === undefined ? others : { ...others, ipvs };
  return service === 'ipvsd' ? (health === undefined ? others : { ...others, health }) : mirror;
}

/** Takes an event in. */
export function withEvent(mirror: Mirror, { event }: ServiceEvent): Mirror {
  switch (event?.$case) {
    case 'vrrp':
      return { ...mirror, vrrp: vrrpAfter(mirror.vrrp, event.value) };
    case 'health':
      return { ...mirror, health: healthAfter(mirror.health, event.value) };
    case 'ipvs':
      return event.value.state === undefined
        ? mirror
        : { ...mirror, ipvs: { ...event.value.state, desired: mirror.ipvs?.desired ?? [] } };
    case 'notify':
      return mirror.notify === undefined ? mirror : { ...mirror, notify: notifyAfter(mirror.notify, event.value) };
    case 'bfd':
      return { ...mirror, bfd: bfdAfter(mirror.bfd, event.value) };
    default:
      return mirror;
  }
}

function vrrpAfter(known: VrrpState | undefined, event: VrrpEvent): VrrpState {
  const state = known ?? { instances: [], groups: [], interfaceDrops: [], trackers: [], pace: undefined };
  return {
    ...state,
    instances: replaced(state.instances, event.instances, event.removedInstances, ({ name }) => name),
    groups: replaced(state.groups, event.groups, event.removedGroups, ({ name }) => name),
    trackers: replaced(state.trackers, event.trackers, event.removedTrackers, ({ kind, name }) => `${kind} ${name}`),
  };
}

function healthAfter(known: HealthState | undefined, event: HealthEvent): HealthState {
  const state = known ?? { virtualServers: [], desired: [], durations: [] };
  return {
    ...state,
    virtualServers: replaced(
      state.virtualServers,
      event.virtualServers,
      event.removedVirtualServers,
      ({ name }) => name,
    ),
    desired: replaced(state.desired, event.desired, event.removedDesired.map(ipvsKeyText), ({ key }) =>
      ipvsKeyText(key),
    ),
  };
}

function bfdAfter(known: BfdState | undefined, event: BfdEvent): BfdState {
  const state = known ?? { sessions: [], drops: [], realtimePriority: 0, latenessWorstUs: 0n };
  return { ...state, sessions: replaced(state.sessions, event.sessions, event.removedSessions, ({ name }) => name) };
}

function notifyAfter(known: NotifyState, { result }: NotifyEvent): NotifyState {
  if (result === undefined) return known;
  const count = (kind: string, ok: boolean): bigint => (result.kind === kind && result.ok === ok ? 1n : 0n);
  return {
    ...known,
    scriptsOk: known.scriptsOk + count('script', true),
    scriptsFailed: known.scriptsFailed + count('script', false),
    mailsOk: known.mailsOk + count('mail', true),
    mailsFailed: known.mailsFailed + count('mail', false),
    fifoLines: known.fifoLines + count('fifo', true),
    recent: [...known.recent, result].slice(-RECENT_RESULTS),
  };
}

/** Changed things take the place of those with their key, new ones come last, removed ones go. */
function replaced<T>(
  known: readonly T[],
  changed: readonly T[],
  removed: readonly string[],
  key: (thing: T) => string,
): T[] {
  if (changed.length === 0 && removed.length === 0) return known as T[];
  const [only] = changed;
  if (only !== undefined && changed.length === 1 && removed.length === 0) {
    // By far the most common: thousands of things change one by one when a router takes over.
    const wanted = key(only);
    const place = known.findIndex((thing) => key(thing) === wanted);
    const copy = [...known];
    copy.splice(place === -1 ? copy.length : place, 1, only);
    return copy;
  }
  const byKey = new Map(known.map((thing) => [key(thing), thing]));
  for (const thing of changed) byKey.set(key(thing), thing);
  for (const name of removed) byKey.delete(name);
  return [...byKey.values()];
}

/** The state as it may be shown while vrrpd is silent: what is here and why, but no claim about who is master. */
export const withUnknownStates = (state: VrrpState): VrrpState => ({
  ...state,
  instances: state.instances.map((instance) => ({ ...instance, state: VrrpStateName.VRRP_STATE_NAME_UNSPECIFIED })),
  groups: state.groups.map((group) => ({ ...group, state: VrrpStateName.VRRP_STATE_NAME_UNSPECIFIED })),
});

/** The same of BFD sessions while bfdd is silent. */
export const withUnknownSessions = (state: BfdState): BfdState => ({
  ...state,
  sessions: state.sessions.map((session) => ({ ...session, state: BfdStateName.BFD_STATE_NAME_UNSPECIFIED })),
});
