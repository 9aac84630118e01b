/** `track_file`: vrrpd owns the blocks, and FILE_CHECK of healthcheckerd refers to them. */
import { choice, integer, optional, rest, word } from './argument.js';
import { KeywordTable, keyword } from './keyword.js';
import type { Occurrence } from './readBlock.js';
import type { Reporter } from './reporter.js';

/** After a weight: its sign is turned. */
export const REVERSE = optional(choice('reverse', ['reverse', 'noreverse', 'no_reverse']));

export const FILE_PATH = keyword('file', [word('path')], 'The file to watch; missing or empty counts as 0.');
export const FILE_WEIGHT = keyword(
  'weight',
  [integer('weight', { min: -2147483647, max: 2147483647 }), REVERSE],
  'Multiplier of its number; below -253 the product means FAULT.',
  { default: '1' },
);
export const FILE_INIT = keyword(
  'init_file',
  [rest(word('value, overwrite'), { atLeast: 0 })],
  'Writes the file when it is new: the value (0), where there is no file yet or with overwrite.',
);

const FILE_TABLE = new KeywordTable('track_file', [FILE_PATH, FILE_WEIGHT, FILE_INIT]);

export const TRACK_FILE_DEFINITION = keyword('track_file', [word('name')], 'A file with a number.', {
  aliases: ['vrrp_track_file'],
  block: { kind: 'keywords', table: FILE_TABLE },
  repeat: 'list',
});

/** `init_file [VALUE] [overwrite]`, in either order. */
export function readFileInit(
  { statement }: Occurrence,
  report: Reporter,
): { readonly value: number; readonly overwrite: boolean } {
  let value = 0;
  let overwrite = false;
  for (const word of statement.words.slice(1)) {
    if (word.text === 'overwrite') overwrite = true;
    else if (/^[+-]?[0-9]+$/.test(word.text)) value = Number(word.text);
    else {
      const hint = 'init_file [value] [overwrite]';
      report.tolerable(word, 'bad-value', `'init_file' takes a whole number and 'overwrite', not '${word.text}'`, hint);
    }
  }
  return { value, overwrite };
}
