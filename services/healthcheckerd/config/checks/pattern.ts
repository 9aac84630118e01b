/**
 * What is unclosed in a regular expression of PCRE2, or undefined. Only what is wrong under every option is found: brackets and
 * parentheses; `\Q…\E` and classes are passed over as pcre2pattern(3) has them.
 */
export function unclosedIn(pattern: string): string | undefined {
  let open = 0;
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern[index];
    if (character === '\\') {
      if (index + 1 === pattern.length) return "a '\\' at its end";
      index = afterEscape(pattern, index);
    } else if (character === '[') {
      const end = endOfClass(pattern, index);
      if (end === undefined) return "a '[' without ']'";
      index = end;
    } else if (character === '(') {
      open++;
    } else if (character === ')') {
      if (open === 0) return "a ')' without '('";
      open--;
    }
  }
  return open === 0 ? undefined : "a '(' without ')'";
}

/** Index of the last character of an escape. */
function afterEscape(pattern: string, index: number): number {
  if (pattern[index + 1] !== 'Q') return index + 1;
  const end = pattern.indexOf('\\E', index + 2);
  return end < 0 ? pattern.length : end + 1;
}

/** Index of the bracket that closes a class; the first character may be a bracket. */
function endOfClass(pattern: string, start: number): number | undefined {
  let index = start + 1;
  if (pattern[index] === '^') index++;
  if (pattern[index] === ']') index++;
  for (; index < pattern.length; index++) {
    if (pattern[index] === '\\') index = afterEscape(pattern, index);
    else if (pattern[index] === '[' && pattern[index + 1] === ':') index = endOfNamed(pattern, index);
    else if (pattern[index] === ']') return index;
  }
  return undefined;
}

/** Index of the last character of `[:alpha:]`; the bracket itself when it is none. */
function endOfNamed(pattern: string, start: number): number {
  const found = /^\[:\^?[a-z]+:\]/.exec(pattern.slice(start, start + 16));
  return found === null ? start : start + found[0].length - 1;
}
