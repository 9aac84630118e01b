/** The difference of two configurations in words, for `Plan`. Pure. */
import { ChangeKind, type PlannedChange } from '../shared/rpc/generated/keepwatch/v1/lifecycle.js';
import type { IpvsConfig } from './config/model.js';

/** Nothing is listed for a first configuration. */
export function configChanges(before: IpvsConfig | undefined, next: IpvsConfig): PlannedChange[] {
  if (before === undefined) return [];
  const keys = ['flushOnStart', 'flushOnStop', 'timeouts', 'syncDaemon', 'marks'] as const;
  const details = keys
    .filter((key) => plain(before[key]) !== plain(next[key]))
    .map((key) => `${key} ${plain(before[key]) ?? 'none'} -> ${plain(next[key]) ?? 'none'}`);
  return details.length === 0 ? [] : [{ kind: ChangeKind.CHANGE_KIND_UPDATE, subject: 'global_defs (IPVS)', details }];
}

/** A value for comparison and for people, without its place in the file. */
const plain = (value: unknown): string | undefined =>
  JSON.stringify(value, (key, inner) => (key === 'position' ? undefined : inner));
