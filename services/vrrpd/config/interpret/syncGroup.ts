import type { Block, Occurrence } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import { GROUP } from '../keywords/syncGroup.js';
import { TRACK_INTERFACE } from '../keywords/tracking.js';
import type { InstanceConfig, SyncGroupConfig, TrackInterface } from '../model.js';
import { readNotify } from './notify.js';
import { readTrackInterfaces } from './trackInterface.js';

/** What a group has to know of the others. */
export interface GroupContext {
  readonly globals: Block;
  /** All instances that are written down, right or wrong. */
  readonly instanceNames: ReadonlySet<string>;
  /** Group of each instance that is in one; filled here. */
  readonly memberOf: Map<string, string>;
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
  const notify = readNotify(block, context.globals, report);
  if (members.length === 0) {
    report.warning(keyword, 'empty-group', `vrrp_sync_group ${name} has no members and is ignored`);
    return undefined;
  }
  if (members.length === 1) {
    const hint = 'a group keeps two or more instances together';
    report.warning(keyword, 'single-member', `vrrp_sync_group ${name} has only one member`, hint);
  }
  return { name, position: report.position(keyword), members, trackInterfaces, notify };
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
 * Weights of members have no effect inside a group: all its instances have to agree, so a tracked interface
 * means FAULT there (keepalived.conf(5), "VRRP synchronization group(s)").
 */
export function withoutWeights(
  instance: InstanceConfig,
  group: string,
  warn: (tracked: TrackInterface, message: string) => void,
): InstanceConfig {
  if (instance.trackInterfaces.every(({ weight }) => weight === 0)) return instance;
  const trackInterfaces = instance.trackInterfaces.map((tracked) => {
    if (tracked.weight !== 0) {
      const what = `the weight of ${tracked.interface} is ignored, since ${instance.name} is in vrrp_sync_group ${group}`;
      warn(tracked, `${instance.name}: ${what}`);
    }
    return { ...tracked, weight: 0 };
  });
  return { ...instance, trackInterfaces };
}
