import { trimBlanks } from '../blank.js';

/** A parameter used in a line: `${NAME}`, `${NAME words}` or `$NAME` before a blank or the end. */
export interface Reference {
  readonly name: string;
  /** What stands after the name in braces, as in `${_RANDOM 1 6}`. */
  readonly argument: string;
  readonly start: number;
  readonly end: number;
  readonly braces: boolean;
}

const BRACED = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?:[\t-\r ]([^{}]*))?\}/y;
const BARE = /\$([A-Za-z_][A-Za-z0-9_]*)(?=[\t-\r ]|$)/y;

/** The first reference at or after `from`. */
export function findReference(text: string, from: number): Reference | undefined {
  for (let start = text.indexOf('$', from); start >= 0; start = text.indexOf('$', start + 1)) {
    const braces = text.charAt(start + 1) === '{';
    const pattern = braces ? BRACED : BARE;
    pattern.lastIndex = start;
    const match = pattern.exec(text);
    if (match === null) continue;
    const [whole, name = '', argument = ''] = match;
    return { name, argument: trimBlanks(argument), start, end: start + whole.length, braces };
  }
  return undefined;
}

const DEFINITION = /^[\t-\r ]*\$([A-Za-z_][A-Za-z0-9_]*)=/;

/** `$NAME=` at the beginning of a line: the name, and where the value begins. */
export function readDefinition(text: string): { readonly name: string; readonly valueAt: number } | undefined {
  const match = DEFINITION.exec(text);
  return match === null ? undefined : { name: match[1] ?? '', valueAt: match[0].length };
}
