/** What a configuration would change, as the plan tells it. Pure. */
import { ChangeKind, type PlannedChange } from '../shared/rpc/generated/keepwatch/v1/lifecycle.js';
import type { BfdConfig } from './config/model.js';
import { type DiffKind, diffConfigs } from './configDiff.js';

const CHANGE_KINDS: Readonly<Record<Exclude<DiffKind, 'same'>, ChangeKind>> = {
  add: ChangeKind.CHANGE_KIND_ADD,
  remove: ChangeKind.CHANGE_KIND_REMOVE,
  update: ChangeKind.CHANGE_KIND_UPDATE,
  restart: ChangeKind.CHANGE_KIND_RESTART,
};

/** The changed sessions. */
export const planChanges = (before: BfdConfig | undefined, after: BfdConfig): PlannedChange[] =>
  diffConfigs(before, after).flatMap(({ kind, name, details }) =>
    kind === 'same' ? [] : { kind: CHANGE_KINDS[kind], subject: `bfd_instance ${name}`, details: [...details] },
  );
