import { trimmedLength } from '../blank.js';
import { hasEscapedWords } from '../wordRules.js';

/**
 * Where the comment of a line begins, or the end of its text without blanks: the same decision as the lexer's,
 * made before parameters are put in, so that a `#` out of a parameter is none.
 */
export function endOfText(text: string): number {
  const [, condition = '', keyword = ''] = /^([\t-\r ]*(?:@[^\t-\r ]+[\t-\r ]+)?)([^\t-\r "'#!{}]*)/.exec(text) ?? [];
  const escaped = hasEscapedWords(keyword);
  let quote = '';
  // A quote in the name of a condition opens nothing.
  let offset = condition.length;
  while (offset < text.length) {
    const character = text.charAt(offset);
    if (character === '\\' && (quote !== '' || escaped) && offset + 1 < text.length) {
      offset += 2;
      continue;
    }
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '"' || (escaped && character === "'")) {
      quote = character;
    } else if (character === '#' || character === '!') {
      break;
    }
    offset++;
  }
  return trimmedLength(text, offset);
}
