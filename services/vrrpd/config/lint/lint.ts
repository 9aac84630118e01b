/** Lint of the VRRP configuration: valid, but not what anybody can want. All of it are warnings with reason and fix. */
import type { Block } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import { readInterfaceDelays } from '../checks/interfaceDelays.js';
import { NOPREEMPT } from '../keywords/instance.js';
import { VRRP_INSTANCE } from '../keywords.js';
import type { InstanceConfig, SyncGroupConfig } from '../model.js';
import { lintDelays } from './delays.js';
import { lintGroupPreemption } from './nopreempt.js';
import { type DefaultWeights, lintWeights, lintWeightsWithoutPreemption, weightedTrackers } from './weights.js';

/** Looks at all instances and groups; `sessions`: the weights of BFD sessions. */
export function lintVrrp(
  root: Block,
  instances: readonly InstanceConfig[],
  groups: readonly SyncGroupConfig[],
  sessions: DefaultWeights,
  report: Reporter,
): void {
  const blocks = new Map(root.all(VRRP_INSTANCE).map(({ values: [name], block }) => [name, block]));
  const grouped = new Set(groups.flatMap(({ members }) => members));
  for (const instance of instances) {
    const block = blocks.get(instance.name);
    // In a group weights are ignored, which has its own warning.
    if (block === undefined || grouped.has(instance.name)) continue;
    const trackers = weightedTrackers(block, root, sessions);
    if (trackers === undefined) continue;
    if (instance.preempt) lintWeights(instance.name, instance.priority, trackers, report);
    else lintWeightsWithoutPreemption(instance.name, trackers, report);
  }
  const byName = new Map(instances.map((instance) => [instance.name, instance]));
  for (const { name, members } of groups) {
    const known = members.flatMap((member) => byName.get(member) ?? []);
    const words = known.map((member) => {
      const word = member.preempt ? undefined : blocks.get(member.name)?.last(NOPREEMPT)?.keyword;
      return { name: member.name, ...(word === undefined ? {} : { nopreempt: word }) };
    });
    lintGroupPreemption(name, words, report);
  }
  const delayed = instances.map((instance) => ({
    name: instance.name,
    advertInterval: instance.advertInterval,
    downTimerAdverts: instance.election.downTimerAdverts,
    interfaces: [
      ...(instance.trackPrimary && instance.interface !== '' ? [instance.interface] : []),
      ...instance.trackInterfaces.filter(({ weight }) => weight === 0).map((tracked) => tracked.interface),
    ],
  }));
  lintDelays(delayed, readInterfaceDelays(root, report), report);
}
