/** The engine's state as it goes over the wire. */
import { formatIpBytes } from '../shared/net/address.js';
import {
  type VrrpDropCounter,
  type VrrpEvent,
  type VrrpInstance,
  type VrrpPace,
  type VrrpState,
  VrrpStateName,
  type VrrpSyncGroup,
  type VrrpTrackerState,
  type VrrpTransition,
} from '../shared/rpc/generated/keepwatch/v1/vrrp.js';
import { elapsed, type Instant } from '../shared/time/duration.js';
import type { VrrpEngine } from './engine.js';
import type { EngineChange } from './engineHost.js';
import { LATENESS_BOUNDS, type Pace } from './pace.js';
import type { DropReason } from './packet/advertisement.js';
import type { KnownTracker } from './track/registry.js';
import { vipKey } from './virtualAddress.js';
import { type GroupRuntime, type Transition, type VirtualRouter, waitsFor } from './virtualRouter.js';

const STATE_NAMES: Readonly<Record<Transition['to'], VrrpStateName>> = {
  init: VrrpStateName.VRRP_STATE_NAME_INIT,
  backup: VrrpStateName.VRRP_STATE_NAME_BACKUP,
  master: VrrpStateName.VRRP_STATE_NAME_MASTER,
  fault: VrrpStateName.VRRP_STATE_NAME_FAULT,
  // It hands over and answers for the addresses until then; one that leaves for good says so itself.
  leaving: VrrpStateName.VRRP_STATE_NAME_MASTER,
  stop: VrrpStateName.VRRP_STATE_NAME_STOP,
  deleted: VrrpStateName.VRRP_STATE_NAME_STOP,
};

/** Everything there is to know at `now`. */
export function wholeState(engine: VrrpEngine, now: Instant): VrrpState {
  return {
    instances: [...engine.routers.values(), ...engine.departing].map((router) => instanceState(engine, router, now)),
    groups: engine.groups.map((group) => groupSnapshot(engine, group)),
    pace: wirePace(engine.pace),
    interfaceDrops: [...engine.packets.interfaceDrops].map(([name, drops]) => ({
      interface: name,
      drops: dropCounters(drops),
    })),
    trackers: [...engine.trackers.all()].map(trackerState),
  };
}

const trackerState = ({ kind, name, reading }: KnownTracker): VrrpTrackerState => ({
  kind,
  name,
  condition: reading.condition,
  value: reading.value === undefined ? undefined : BigInt(reading.value),
  detail: reading.detail,
  since: reading.since,
});

function wirePace(pace: Pace): VrrpPace {
  const { counts } = pace;
  return {
    realtimePriority: pace.realtimePriority ?? 0,
    deadlinesServed: BigInt(counts.reduce((sum, count) => sum + count, 0)),
    latenessTotalUs: BigInt(Math.round(pace.total)),
    latenessWorstUs: BigInt(Math.round(pace.worst)),
    lateness: counts.map((count, place) => ({
      upToUs: BigInt(LATENESS_BOUNDS[place] ?? 0),
      count: BigInt(count),
    })),
  };
}

/** A change as an event: what changed, whole. */
export function changeEvent(engine: VrrpEngine, change: EngineChange, now: Instant): VrrpEvent {
  return {
    transition: change.transition === undefined ? undefined : wireTransition(change.transition),
    instances: change.routers.map((router) => instanceState(engine, router, now)),
    groups: change.groups.map((group) => groupSnapshot(engine, group)),
    removedInstances: [...(change.removedRouters ?? [])],
    removedGroups: [...(change.removedGroups ?? [])],
    note: change.note ?? '',
    trackers: (change.trackers ?? []).map(trackerState),
    removedTrackers: [],
  };
}

function instanceState(engine: VrrpEngine, router: VirtualRouter, now: Instant): VrrpInstance {
  const { config, state, standing, counters } = router;
  const waiting = waitsFor(router, engine.schedule);
  const heard = state.heard;
  return {
    name: config.name,
    interface: config.interface,
    vrid: config.vrid,
    family: config.family,
    version: config.version,
    state: STATE_NAMES[router.leaving ?? state.kind],
    wantedState:
      config.initialState === 'master' ? VrrpStateName.VRRP_STATE_NAME_MASTER : VrrpStateName.VRRP_STATE_NAME_BACKUP,
    basePriority: config.priority,
    effectivePriority: standing.effectivePriority,
    priorityTerms: standing.terms.map((term) => ({ since: undefined, ...term })),
    advertIntervalMs: Math.round(config.advertInterval / 1000),
    preempt: config.preempt,
    group: engine.groupOf(router),
    addresses: [...router.allVips()].map((vip) => {
      const name = vip.dev ?? config.interface;
      const link = engine.links.byName(name);
      const present = link !== undefined && engine.links.hasAddress(link.ifindex, vipKey(vip));
      return { address: vipKey(vip), interface: name, present, excluded: config.excludedVips.includes(vip) };
    }),
    trackers: standing.trackers.map((tracker) => ({ since: undefined, ...tracker })),
    lastTransition: router.lastTransition === undefined ? undefined : wireTransition(router.lastTransition),
    ...masterOf(router),
    lastAdvertAgeMs: heard === undefined ? undefined : BigInt(Math.round(elapsed(heard.at, now) / 1000)),
    nextDeadline: waiting?.what ?? '',
    nextDeadlineInMs: waiting === undefined ? undefined : BigInt(Math.round(elapsed(now, waiting.at) / 1000)),
    advertsSent: BigInt(counters.advertsSent),
    advertsReceived: BigInt(counters.advertsReceived),
    priorityZeroSent: BigInt(counters.priorityZeroSent),
    priorityZeroReceived: BigInt(counters.priorityZeroReceived),
    becameMaster: BigInt(counters.becameMaster),
    releasedMaster: BigInt(counters.releasedMaster),
    drops: dropCounters(router.drops),
    faults: router.faults.map((fault) => fault.text),
    waits: router.started && state.kind !== 'fault' ? [] : router.waits.map((wait) => wait.text),
  };
}

/** The master as this router sees it: itself, or the one it last heard. */
function masterOf(router: VirtualRouter): { readonly masterAddress: string; readonly masterPriority: number } {
  const { state, source } = router;
  if (state.kind === 'master') {
    return {
      masterAddress: source === undefined ? '' : formatIpBytes(source),
      masterPriority: state.settings.priority,
    };
  }
  const { heard } = state;
  return heard === undefined
    ? { masterAddress: '', masterPriority: 0 }
    : { masterAddress: formatIpBytes(heard.source), masterPriority: heard.priority };
}

function groupSnapshot(engine: VrrpEngine, group: GroupRuntime): VrrpSyncGroup {
  const configured = engine.config?.groups.find((config) => config.name === group.name);
  return {
    name: group.name,
    state: STATE_NAMES[group.state],
    members: [...(configured?.members ?? [])],
    lastTransition: group.lastTransition === undefined ? undefined : wireTransition(group.lastTransition),
  };
}

function wireTransition(transition: Transition): VrrpTransition {
  const { cause } = transition;
  return {
    name: transition.name,
    group: transition.group,
    from: STATE_NAMES[transition.from],
    to: STATE_NAMES[transition.to],
    priority: transition.priority,
    cause: {
      code: cause.code,
      text: cause.text,
      peerAddress: cause.peerAddress === undefined ? '' : formatIpBytes(cause.peerAddress),
      peerPriority: cause.peerPriority ?? 0,
      lastAdvertAgeUs: cause.lastAdvertAge === undefined ? undefined : BigInt(Math.round(cause.lastAdvertAge)),
      latenessUs: BigInt(Math.max(0, Math.round(cause.lateness))),
    },
    at: transition.at,
    monotonicNs: BigInt(Math.round(transition.monotonic)) * 1000n,
  };
}

const dropCounters = (drops: ReadonlyMap<DropReason, number>): VrrpDropCounter[] =>
  [...drops].map(([reason, count]) => ({ reason, count: BigInt(count) }));
