/** The keyword tables as a list of blocks, in the order of the reference. */
import { KEYWORD_TABLES } from '../../cmd/keepwatchd/keywordTables.js';
import type { KeywordSpec, KeywordTable } from '../../services/shared/config/keyword.js';

/** One heading of the reference. */
export interface ReferenceBlock {
  /** `virtual_server > real_server`; several where the contents are the same; empty: the top level. */
  readonly paths: string[];
  readonly keywords: readonly KeywordSpec[];
  /** For blocks of lines: what a line looks like. */
  readonly line?: string;
}

/** Every block once; blocks that share a table stand together. */
export function referenceBlocks(): readonly ReferenceBlock[] {
  const top: ReferenceBlock = { paths: [], keywords: KEYWORD_TABLES.flatMap(({ keywords }) => keywords) };
  const blocks: ReferenceBlock[] = [top];
  const known = new Map<KeywordTable, ReferenceBlock>();
  const visit = (keywords: readonly KeywordSpec[], path: readonly string[]): void => {
    for (const spec of keywords) {
      const inside = [...path, spec.name];
      const name = inside.join(' > ');
      const table = spec.block?.kind === 'keywords' ? spec.block.table : spec.block?.options;
      if (table === undefined) continue;
      const same = known.get(table);
      if (same !== undefined) {
        same.paths.push(name);
        continue;
      }
      const line = spec.block?.kind === 'lines' ? { line: spec.block.line } : {};
      const block: ReferenceBlock = { paths: [name], keywords: table.keywords, ...line };
      known.set(table, block);
      blocks.push(block);
      visit(table.keywords, inside);
    }
  };
  visit(top.keywords, []);
  return blocks;
}

/** The notes of a keyword after its documentation. */
export function notesOf(spec: KeywordSpec): readonly string[] {
  return [
    ...(spec.default === undefined ? [] : [`Default: ${spec.default}.`]),
    ...(spec.aliases.length === 0 ? [] : [`Also: ${spec.aliases.join(', ')}.`]),
    ...(spec.repeat === 'list' ? ['May be repeated.'] : []),
    ...(spec.since === undefined ? [] : [`Since keepalived ${spec.since}.`]),
    ...(spec.deprecated === undefined ? [] : [`Deprecated: ${spec.deprecated}.`]),
    ...(spec.status === 'works' ? [] : ['No effect yet.']),
  ];
}
