/** docs/configuration.md. */
import { formatUsage, type KeywordSpec } from '../../services/shared/config/keyword.js';
import { notesOf, type ReferenceBlock } from './blocks.js';

export function configurationReference(blocks: readonly ReferenceBlock[]): string {
  const all = blocks.flatMap(({ keywords }) => keywords);
  const pending = all.filter(({ status }) => status !== 'works').length;
  const parts = blocks.map(section);
  return `# Configuration reference

<!-- Written by npm run generate from the keyword tables in services/*/config. Do not edit. -->

The language is that of keepalived.conf(5) 2.2.7 with some newer keywords. ${all.length} keywords and options, of which ${pending} have no
effect yet: they are read, checked and reported with a warning.

A boolean is on, off, true, false, yes or no, in lower case; a keyword without it means on. Times are in seconds, with a fraction
down to microseconds, unless another unit is given. Brackets mean optional, \`…\` after an argument that it may be repeated.

${parts.join('\n')}`;
}

function section({ paths, keywords, line }: ReferenceBlock): string {
  const title = paths.length === 0 ? 'Top level' : paths.map((path) => `\`${path}\``).join(', ');
  const intro = line === undefined ? '' : `Lines: \`${line}\`. Options:\n\n`;
  const rows = keywords.map(
    (spec) => `| ${cell(usage(spec))} | ${[spec.doc, ...notesOf(spec)].map(escaped).join(' ')} |`,
  );
  return `## ${title}\n\n${intro}| Keyword | Meaning |\n|---|---|\n${rows.join('\n')}\n`;
}

const usage = (spec: KeywordSpec): string =>
  spec.block?.kind === 'lines' ? formatUsage(spec).replace('…', spec.block.line) : formatUsage(spec);

const cell = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``;
const escaped = (text: string): string =>
  text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('*', '\\*').replaceAll('_', '\\_');
