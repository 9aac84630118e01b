import type { SourcePosition } from '../../../shared/config/position.js';
import type { Block, Occurrence } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import { GLOBAL_TRACKING, GROUP, SYNC_GROUP_TRACKING_WEIGHT } from '../keywords/syncGroup.js';
import { TRACK_INTERFACE } from '../keywords/tracking.js';
import type { InstanceConfig, SyncGroupConfig } from '../model.js';
import { readNotify } from './notify.js';
import { readTrackers, type Trackable } from './trackers.js';
import { readTrackInterfaces } from './trackInterface.js';

/** What a group has to know of the others. */
export interface GroupContext {
  readonly globals: Block;
  /** All instances that are written down, right or wrong. */
  readonly instanceNames: ReadonlySet<string>;
  /** Group of each instance that is in one; filled here. */
  readonly memberOf: Map<string, string>;
  /** Groups whose members keep their weights; filled here. */
  readonly keepsWeights: Set<string>;
  readonly trackable: Trackable;
}

/** Gives meaning to one `vrrp_sync_group`; undefined when no member is left. */
export function readSyncGroup(
  found: Occurrence,
  name: string,
  context: GroupContext,
  report: Reporter,
): SyncGroupConfig | undefined {
  const { block, keyword } = found;
  const members = readMembers(block, name, context, report);
  const trackInterfaces = readTrackInterfaces(block.lines(TRACK_INTERFACE), report);
  const trackers = readTrackers(block, context.trackable, report);
  // keepalived made the first of the second; both let the members keep their weights.
  if (block.has(SYNC_GROUP_TRACKING_WEIGHT) || block.has(GLOBAL_TRACKING)) context.keepsWeights.add(name);
  const notify = readNotify(block, context.globals, report);
  if (members.length === 0) {
    report.warning(keyword, 'empty-group', `vrrp_sync_group ${name} has no members and is ignored`);
    return undefined;
  }
  if (members.length === 1) {
    const hint = 'a group keeps two or more instances together';
    report.warning(keyword, 'single-member', `vrrp_sync_group ${name} has only one member`, hint);
  }
  return { name, position: report.position(keyword), members, trackInterfaces, trackers, notify };
}

function readMembers(block: Block, name: string, context: GroupContext, report: Reporter): readonly string[] {
  const members: string[] = [];
  // keepalived takes every word of every line as a member.
  for (const word of block.lines(GROUP).flatMap((statement) => statement.words)) {
    const other = context.memberOf.get(word.text);
    if (!context.instanceNames.has(word.text)) {
      const message = `vrrp_sync_group ${name}: there is no vrrp_instance '${word.text}'`;
      report.error(word, 'unknown-instance', message);
    } else if (other === name) {
      report.warning(word, 'repeated-member', `vrrp_sync_group ${name}: '${word.text}' is listed twice`);
    } else if (other !== undefined) {
      const message = `'${word.text}' is already in vrrp_sync_group ${other}; it cannot be in ${name} too`;
      report.error(word, 'instance-in-two-groups', message);
    } else {
      context.memberOf.set(word.text, name);
      members.push(word.text);
    }
  }
  return members;
}

/**
 * Weights of members have no effect inside a group: all its instances have to agree, so what they track means FAULT there
 * (keepalived.conf(5), "VRRP synchronization group(s)"), unless the group has `sync_group_tracking_weight`.
 */
export function withoutWeights(
  instance: InstanceConfig,
  group: string,
  warn: (tracked: { readonly position: SourcePosition }, message: string) => void,
): InstanceConfig {
  const weightless = <Tracked extends Weighted>(
    all: readonly Tracked[],
    nameOf: (one: Tracked) => string,
  ): readonly Tracked[] =>
    all.map((tracked) => {
      if (tracked.weight === 0) return tracked;
      const what = `the weight of ${nameOf(tracked)} is ignored, since ${instance.name} is in vrrp_sync_group ${group}`;
      warn(tracked, `${instance.name}: ${what}`);
      return { ...tracked, weight: 0 };
    });
  return {
    ...instance,
    trackInterfaces: weightless(instance.trackInterfaces, (tracked) => tracked.interface),
    trackers: weightless(instance.trackers, ({ kind, name }) => `${kind} ${name}`),
  };
}

interface Weighted {
  readonly weight: number;
  readonly position: SourcePosition;
}
