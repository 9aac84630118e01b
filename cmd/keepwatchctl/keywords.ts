/** `keepwatchctl keywords`: every keyword, from the tables the services read by. */
import { type CatalogueEntry, catalogueOf } from '../../services/shared/config/catalogue.js';
import { formatUsage } from '../../services/shared/config/keyword.js';
import { closest } from '../../services/shared/config/suggest.js';
import { KEYWORD_TABLES } from '../keepwatchd/keywordTables.js';
import { EXIT_GOOD, EXIT_USAGE } from './exitCode.js';
import { table } from './table.js';
import { Failure } from './target.js';

const TOP_LEVEL = 'top level';

/** `virtual_server/real_server`. */
const scopeOf = ({ blocks }: CatalogueEntry): string => (blocks.length === 0 ? TOP_LEVEL : blocks.join('/'));

/** Prints the keywords of a scope, a block's name or path, or all of them. */
export function showKeywords(scope: string | undefined, json: boolean): number {
  const all = catalogueOf(KEYWORD_TABLES);
  const shown = scope === undefined ? all : all.filter((entry) => isIn(entry, scope));
  if (scope !== undefined && shown.length === 0) {
    const meant = closest(scope, new Set(all.flatMap((entry) => [scopeOf(entry), entry.blocks.at(-1) ?? TOP_LEVEL])));
    throw new Failure(EXIT_USAGE, `no block '${scope}'${meant === undefined ? '' : `; did you mean '${meant}'?`}`);
  }
  const pending = shown.filter(({ spec }) => spec.status !== 'works').length;
  const counts = { total: shown.length, works: shown.length - pending, noEffectYet: pending };
  if (json) {
    process.stdout.write(`${JSON.stringify({ keywords: shown.map(record), counts }, undefined, 2)}\n`);
  } else {
    const rows = shown.map((entry) => [
      scopeOf(entry),
      formatUsage(entry.spec),
      entry.spec.status,
      entry.spec.default ?? '',
      entry.spec.doc,
    ]);
    const lines = table(['SCOPE', 'USAGE', 'STATUS', 'DEFAULT', 'DOCUMENTATION'], rows);
    const sum = `${counts.total} keywords: ${counts.works} work, ${counts.noEffectYet} have no effect yet`;
    process.stdout.write(`${lines.join('\n')}\n\n${sum}\n`);
  }
  return EXIT_GOOD;
}

function isIn(entry: CatalogueEntry, scope: string): boolean {
  return scopeOf(entry) === scope || entry.blocks.at(-1) === scope;
}

function record(entry: CatalogueEntry): object {
  const { name, aliases, misspellings, status, repeat, since, deprecated, consequence, doc } = entry.spec;
  return {
    name,
    scope: scopeOf(entry),
    kind: entry.kind,
    usage: formatUsage(entry.spec),
    arguments: entry.spec.arguments.map(({ shape }) => shape),
    aliases,
    misspellings,
    status,
    repeat,
    default: entry.spec.default,
    since,
    deprecated,
    consequence,
    doc,
  };
}
