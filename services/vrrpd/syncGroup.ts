/** Sync groups: their members change state together. Pure rules; the engine carries them out. */
import type { FaultReason, RouterEvent } from './fsm/events.js';
import type { StateKind } from './fsm/state.js';

/** One member as the rules see it. */
export interface GroupMember {
  readonly name: string;
  readonly state: StateKind;
  /** Faults of its own, not those it shares. */
  readonly faults: readonly FaultReason[];
}

/** What a member's transition means for another member, if anything. */
export function followerEvent(
  group: string,
  changed: { readonly name: string; readonly from: StateKind; readonly to: StateKind },
  follower: GroupMember,
): RouterEvent | undefined {
  if (follower.name === changed.name) return undefined;
  if (changed.to === 'master' && follower.state === 'backup') {
    return { kind: 'group-master', group, member: changed.name };
  }
  // A member that only joins the election (from init or fault) takes nobody along.
  if (changed.from === 'master' && changed.to === 'backup' && follower.state === 'master') {
    return { kind: 'group-backup', group, member: changed.name };
  }
  return undefined;
}

/** The faults a member shares: while one member cannot take part, none does. */
export function sharedFaults(group: string, self: string, members: readonly GroupMember[]): readonly FaultReason[] {
  const shared: FaultReason[] = [];
  for (const member of members) {
    if (member.name === self) continue;
    for (const fault of member.faults) {
      shared.push({ code: 'group', text: `sync group ${group}: ${member.name}: ${fault.text}` });
    }
  }
  return shared;
}

/** The state of the group as a whole: FAULT when any member is, MASTER when all are. */
export function groupState(members: readonly Pick<GroupMember, 'state'>[]): StateKind {
  if (members.some((member) => member.state === 'fault')) return 'fault';
  if (members.some((member) => member.state === 'init')) return 'init';
  // A member that hands over still holds the addresses.
  const holds = ({ state }: Pick<GroupMember, 'state'>): boolean => state === 'master' || state === 'leaving';
  return members.length > 0 && members.every(holds) ? 'master' : 'backup';
}
