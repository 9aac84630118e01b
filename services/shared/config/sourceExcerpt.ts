/** A line of the configuration with a caret under the place a finding is about, for a terminal. */

/** Characters of the line that are shown at most. */
const WIDTH = 120;
/** How many of them stand before the caret when the line is longer. */
const BEFORE = 60;

const INDENT = '    ';

/**
 * Two lines: the source and, below, the caret under `column` (counts UTF-16 units from 1, as positions do). A long line is
 * cut around it. Control characters other than tabs are shown as escapes, so that nothing moves the cursor.
 */
export function sourceExcerpt(line: string, column: number): string {
  const at = Math.min(Math.max(column - 1, 0), line.length);
  let start = line.length <= WIDTH ? 0 : Math.max(0, Math.min(at - BEFORE, line.length - WIDTH));
  let end = Math.min(line.length, start + WIDTH);
  // A character outside the BMP is two units: it is not cut in half.
  if (start > 0 && isLowSurrogate(line.charCodeAt(start))) start++;
  if (end < line.length && isLowSurrogate(line.charCodeAt(end))) end--;
  const before = (start > 0 ? '…' : '') + visible(line.slice(start, at));
  const rest = visible(line.slice(at, end)) + (end < line.length ? '…' : '');
  return `${INDENT}${before}${rest}\n${INDENT}${blanksFor(before)}^`;
}

const isLowSurrogate = (code: number): boolean => code >= 0xdc00 && code <= 0xdfff;

const visible = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cs}]/gu, (character) =>
    character === '\t' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** As wide as `text` on a terminal; tabs stay tabs, so that they end in the same columns. */
function blanksFor(text: string): string {
  let blanks = '';
  for (const character of text) blanks += character === '\t' ? '\t' : ' '.repeat(widthOf(character));
  return blanks;
}

const ZERO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
/** East Asian wide and fullwidth blocks, and emoji. */
const WIDE =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation})$/u;

function widthOf(character: string): number {
  if (ZERO_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
