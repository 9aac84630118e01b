/** Every keyword of some tables, block by block: for the reference, for completion and for counting what has no effect yet. */
import type { KeywordSpec, KeywordTable } from './keyword.js';

/** One keyword or option and where it may stand. */
export interface CatalogueEntry {
  /** Names of the blocks around it, outermost first; empty at the top level. */
  readonly blocks: readonly string[];
  readonly spec: KeywordSpec;
  /** `option`: stands in a line of its block, such as `dev` in `virtual_ipaddress`. */
  readonly kind: 'keyword' | 'option';
}

/** Every keyword of the tables and of the blocks they open, in their order, the contents of a block after it. */
export function catalogueOf(tables: readonly KeywordTable[]): readonly CatalogueEntry[] {
  return tables.flatMap((table) => entriesOf(table, [], 'keyword'));
}

function entriesOf(
  table: KeywordTable,
  blocks: readonly string[],
  kind: CatalogueEntry['kind'],
): readonly CatalogueEntry[] {
  return table.keywords.flatMap((spec) => [{ blocks, spec, kind }, ...contentsOf(spec, blocks)]);
}

function contentsOf(spec: KeywordSpec, blocks: readonly string[]): readonly CatalogueEntry[] {
  const inside = [...blocks, spec.name];
  if (spec.block?.kind === 'keywords') return entriesOf(spec.block.table, inside, 'keyword');
  return spec.block?.options === undefined ? [] : entriesOf(spec.block.options, inside, 'option');
}
