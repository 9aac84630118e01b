/** docs/man/keepwatch.conf.5: the same for man(1). */
import { formatUsage } from '../../services/shared/config/keyword.js';
import { notesOf, type ReferenceBlock } from './blocks.js';

export function manPage(blocks: readonly ReferenceBlock[]): string {
  return `.\\" Written by npm run generate from the keyword tables. Do not edit.
.TH KEEPWATCH.CONF 5 "" Keepwatch "File formats"
.SH NAME
keepwatch.conf \\- configuration of Keepwatch, in the language of keepalived.conf(5)
.SH SYNOPSIS
.I /etc/keepwatch/keepwatch.conf
.br
.I /etc/keepalived/keepalived.conf
.SH DESCRIPTION
The first of these files that exists is read unless
.B keepwatchd \\-f
names another. It is made of keywords with arguments and of blocks in braces; # and ! begin comments.
The language is that of keepalived 2.2.7 with some newer keywords, and includes, conditions, parameters, sequences and lists.
A keyword with the note
.I No effect yet
is read and checked and reported with a warning.
.PP
A boolean is on, off, true, false, yes or no; a keyword without it means on.
Times are in seconds, with a fraction down to microseconds, unless another unit is given.
Brackets mean optional.
${blocks.map(section).join('')}.SH SEE ALSO
.BR keepwatchd (8),
.BR keepwatchctl (8),
.BR keepalived.conf (5)
`;
}

function section({ paths, keywords, line }: ReferenceBlock): string {
  const title = paths.length === 0 ? 'TOP LEVEL' : paths.join(', ');
  const intro = line === undefined ? '' : `Lines: ${text(line)}\n.br\nOptions:\n`;
  const entries = keywords.map(
    (spec) => `.TP\n.B ${text(formatUsage(spec))}\n${text([spec.doc, ...notesOf(spec)].join(' '))}\n`,
  );
  return `.SH "${text(title)}"\n${intro}${entries.join('')}`;
}

/** Escapes what roff would take for markup; minus signs stay minus signs. */
const text = (plain: string): string =>
  plain
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replaceAll('…', '...')
    .replaceAll('µ', '\\(mc')
    .replace(/^([.'])/, '\\&$1');
