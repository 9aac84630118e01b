/** What a configuration would change, as the plan tells it. Pure. */
import { ChangeKind, type PlannedChange, type PlannedMove } from '../shared/rpc/generated/keepwatch/v1/lifecycle.js';
import type { VrrpConfig } from './config/model.js';
import { type ConfigDiff, type ChangeKind as DiffKind, diffConfigs, type InstanceChange } from './configDiff.js';

const CHANGE_KINDS: Readonly<Record<Exclude<DiffKind, 'same'>, ChangeKind>> = {
  add: ChangeKind.CHANGE_KIND_ADD,
  remove: ChangeKind.CHANGE_KIND_REMOVE,
  update: ChangeKind.CHANGE_KIND_UPDATE,
  restart: ChangeKind.CHANGE_KIND_RESTART,
};

/** The changed instances and groups, and what is static. */
export function planChanges(before: VrrpConfig | undefined, after: VrrpConfig): PlannedChange[] {
  return plannedChanges(diffConfigs(before, after));
}

/** See {@link planChanges}. */
export function plannedChanges(diff: ConfigDiff): PlannedChange[] {
  const changes: PlannedChange[] = [];
  const collect = (
    keyword: string,
    list: readonly { readonly kind: DiffKind; readonly name: string; readonly details: readonly string[] }[],
  ): void => {
    for (const { kind, name, details } of list) {
      if (kind === 'same') continue;
      changes.push({ kind: CHANGE_KINDS[kind], subject: `${keyword} ${name}`, details: [...details] });
    }
  };
  collect('vrrp_instance', diff.instances);
  collect('vrrp_sync_group', diff.groups);
  if (diff.statics.length > 0) {
    changes.push({ kind: ChangeKind.CHANGE_KIND_UPDATE, subject: 'static blocks', details: [...diff.statics] });
  }
  return changes;
}

/** Where an instance stands now. */
export interface Standing {
  readonly state: 'init' | 'backup' | 'master' | 'fault';
  readonly effectivePriority: number;
  /** Priority of the master it hears; undefined while it hears none. */
  readonly heardPriority: number | undefined;
}

/** Priority of the owner of the addresses (RFC 9568 5.2.4). */
const OWNER = 255;

/**
 * The states that would change, as far as they follow from the configuration and from what is heard now; what peers do
 * then is their configuration.
 */
export function planMoves(diff: ConfigDiff, standings: ReadonlyMap<string, Standing>): PlannedMove[] {
  return diff.instances.flatMap((change) => moveOf(change, standings.get(change.name)));
}

function moveOf(change: InstanceChange, standing: Standing | undefined): PlannedMove[] {
  const { kind, name, after } = change;
  const from = standing?.state.toUpperCase() ?? '';
  const move = (to: string, reason: string): PlannedMove[] => [{ subject: `vrrp_instance ${name}`, from, to, reason }];
  const start = after?.priority === OWNER ? 'MASTER' : 'BACKUP';
  const leaves = 'sends priority 0 and gives its addresses up';
  switch (kind) {
    case 'same':
      return [];
    case 'add':
      return move(start, start === 'MASTER' ? 'owner of the addresses' : 'listens for a master first');
    case 'remove':
      return move('', standing?.state === 'master' ? `removed: ${leaves}` : 'removed');
    case 'restart':
      if (standing?.state === 'master') return move(start, `cannot be changed in place: ${leaves}, then starts anew`);
      return from === start ? [] : move(start, 'starts anew');
    case 'update':
      return standing === undefined ? [] : priorityMove(change, standing, move);
  }
}

function priorityMove(
  { before, after }: InstanceChange,
  { state, effectivePriority, heardPriority }: Standing,
  move: (to: string, reason: string) => PlannedMove[],
): PlannedMove[] {
  if (before === undefined || after === undefined) return [];
  const priority = Math.max(1, Math.min(OWNER, effectivePriority + after.priority - before.priority));
  if (state === 'master' && after.priority < before.priority) {
    return move('BACKUP', `only if a backup that preempts has more than priority ${priority}`);
  }
  const mayPreempt = after.preempt || priority === OWNER;
  if (state === 'backup' && heardPriority !== undefined && mayPreempt && priority > heardPriority) {
    if (effectivePriority > heardPriority && before.preempt) return [];
    return move('MASTER', `its priority ${priority} is above the master's ${heardPriority}`);
  }
  return [];
}
