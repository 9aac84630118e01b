/** Views of VRRP instances and groups. Pure. */
import type { VrrpInstance, VrrpSyncGroup, VrrpTracker } from '../../shared/rpc/generated/keepwatch/v1/vrrp.js';
import { VrrpStateName } from '../../shared/rpc/generated/keepwatch/v1/vrrp.js';
import { vrrpStateText } from '../../shared/rpc/vrrpText.js';
import type { GroupView, InstanceView, MasterView, RouterState, Tone, TrackerView } from './view.js';

export const groupView = ({ name, state, members, lastTransition }: VrrpSyncGroup): GroupView => ({
  name,
  state: routerState(state),
  members,
  since: lastTransition?.at?.getTime(),
  why: lastTransition?.cause?.text ?? '',
});

/** `now`: when the status was made. */
export function instanceView(instance: VrrpInstance, now: Date): InstanceView {
  const { lastTransition, version, family } = instance;
  return {
    name: instance.name,
    group: instance.group,
    state: routerState(instance.state),
    since: lastTransition?.at?.getTime(),
    why: lastTransition?.cause?.text ?? '',
    interface: instance.interface,
    vrid: instance.vrid,
    protocol: `VRRPv${version} IPv${family}`,
    advertIntervalMs: instance.advertIntervalMs,
    preempt: instance.preempt,
    priority: instance.effectivePriority,
    terms: instance.priorityTerms.map(({ reason, value }) => ({ reason, value })),
    addresses: instance.addresses.map(({ address, interface: on, present, excluded }) => ({
      address,
      interface: on,
      present,
      excluded,
    })),
    trackers: instance.trackers.map(trackerView),
    faults: instance.faults,
    waits: instance.waits,
    master: masterView(instance, now),
    advertsSent: Number(instance.advertsSent),
    advertsReceived: Number(instance.advertsReceived),
    becameMaster: Number(instance.becameMaster),
  };
}

const routerState = (state: VrrpStateName): RouterState => vrrpStateText(state) as RouterState;

function trackerView({ kind, name, up, condition, weight, reverse, detail, since }: VrrpTracker): TrackerView {
  const word = kind === 'interface' || condition === '' ? (up ? 'up' : 'down') : condition;
  return {
    kind,
    name,
    tone: trackerTone(up, condition),
    condition: reverse ? `${word}, reversed` : word,
    weight,
    detail,
    since: since?.getTime(),
  };
}

function trackerTone(up: boolean, condition: string): Tone {
  if (condition === 'ignored') return 'calm';
  if (condition === 'pending') return 'busy';
  return up ? 'good' : 'bad';
}

/** The other router, as a backup hears it. */
function masterView(instance: VrrpInstance, now: Date): MasterView | undefined {
  const { state, masterAddress, masterPriority, lastAdvertAgeMs } = instance;
  if (state === VrrpStateName.VRRP_STATE_NAME_MASTER || masterAddress === '') return undefined;
  return {
    address: masterAddress,
    priority: masterPriority,
    heardAt: lastAdvertAgeMs === undefined ? undefined : now.getTime() - Number(lastAdvertAgeMs),
  };
}
