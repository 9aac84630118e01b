/** Lint: nopreempt that cannot hold, because the sync group takes the instance along. */
import type { Reporter } from '../../../shared/config/reporter.js';
import type { Word } from '../../../shared/config/tree.js';

/** What the lint needs to know of a member of a sync group. */
export interface GroupMember {
  readonly name: string;
  /** The keyword nopreempt; undefined: it preempts. */
  readonly nopreempt?: Word;
}

/** Reports members with nopreempt beside members that preempt: the group moves as one, so the latter decide. */
export function lintGroupPreemption(group: string, members: readonly GroupMember[], report: Reporter): void {
  const other = members.find(({ nopreempt }) => nopreempt === undefined);
  if (other === undefined) return;
  for (const { name, nopreempt } of members) {
    if (nopreempt === undefined) continue;
    const message = `${name}: nopreempt does not hold, since ${other.name} preempts and takes vrrp_sync_group ${group} along`;
    report.warning(nopreempt, 'nopreempt-without-effect', message, `write nopreempt in ${other.name} too`);
  }
}
