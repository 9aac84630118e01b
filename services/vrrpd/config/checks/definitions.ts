/** The definitions of what can be tracked: complete, and each name once. */

import type { KeywordSpec } from '../../../shared/config/keyword.js';
import type { Block, Occurrence } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import { FILE_PATH, TRACK_FILE_DEFINITION } from '../../../shared/config/trackFile.js';
import type { Word } from '../../../shared/config/tree.js';
import * as T from '../keywords/tracking.js';
import type { Definitions } from './tracked.js';

/** What each kind of definition cannot do without. */
const NEEDED: readonly { readonly spec: KeywordSpec; readonly needs: KeywordSpec }[] = [
  { spec: T.VRRP_SCRIPT, needs: T.SCRIPT_COMMAND },
  { spec: TRACK_FILE_DEFINITION, needs: FILE_PATH },
  { spec: T.VRRP_TRACK_PROCESS, needs: T.PROCESS_COMMAND },
];

/** Reports incomplete and repeated definitions and contradictions in them. */
export function checkDefinitions(block: Block, report: Reporter): void {
  for (const { spec, needs } of NEEDED) {
    const seen = new Map<string, Word>();
    for (const found of block.all(spec)) {
      const name = nameOf(found);
      const earlier = seen.get(name);
      if (earlier !== undefined) {
        const hint = `first on line ${earlier.line}`;
        report.tolerable(found.keyword, 'duplicate-name', `${spec.name} ${name} already exists`, hint);
      }
      seen.set(name, found.keyword);
      if (!found.block.has(needs)) {
        const message = `${spec.name} ${name} has no '${needs.name}' and is ignored`;
        report.warning(found.keyword, 'missing-keyword', message, `add '${needs.name}' to it`);
      }
    }
  }
  for (const found of block.all(T.VRRP_TRACK_PROCESS)) checkQuorum(found, report);
}

function checkQuorum(found: Occurrence, report: Reporter): void {
  const quorum = found.block.last(T.PROCESS_QUORUM)?.values[0] ?? 1;
  const most = found.block.last(T.PROCESS_QUORUM_MAX);
  // `quorum_max 0` without quorum: it has to be that none runs.
  if (most === undefined || most.values[0] >= quorum) return;
  if (most.values[0] === 0 && !found.block.has(T.PROCESS_QUORUM)) return;
  const message = `vrrp_track_process ${nameOf(found)}: quorum_max ${most.values[0]} is below quorum ${quorum} and is ignored`;
  report.warning(most.keyword, 'ignored', message);
}

/** Where the definitions of one kind stand. */
export function definitionsOf(block: Block, spec: KeywordSpec): Definitions {
  return new Map(block.all(spec).map((found) => [nameOf(found), found.keyword]));
}

const nameOf = (found: Occurrence): string => found.statement.words[1]?.text ?? '';
