/** Compiled regular expressions, kept while they are used. */
import { Pattern, PatternError, PCRE2_OPTIONS } from '../../shared/kernel/pcre2.js';
import type { RegexConfig } from '../config/checkerModel.js';
import type { Search } from './httpAnswer.js';

const compiled = new WeakMap<RegexConfig, Pattern>();

/** Compiles an expression. Throws Error in words. */
export function compilePattern(regex: RegexConfig): Pattern {
  let pattern = compiled.get(regex);
  if (pattern === undefined) {
    const options = regex.options.reduce((bits, name) => bits | (PCRE2_OPTIONS.get(name) ?? 0), 0);
    const { maxOffset, stack } = regex;
    pattern = new Pattern({
      pattern: regex.pattern,
      options: options >>> 0,
      ...(maxOffset === undefined ? {} : { maxOffset }),
      ...(stack === undefined ? {} : { stack }),
    });
    compiled.set(regex, pattern);
  }
  return pattern;
}

/** Searches with PCRE2. */
export const searchPattern: Search = (regex, body) => compilePattern(regex).search(body, regex.minOffset);

/** What PCRE2 says against an expression, in words; '' when it is right, undefined when it cannot be asked here. */
export function patternProblem(regex: RegexConfig): string | undefined {
  try {
    compilePattern(regex);
    return '';
  } catch (error) {
    return error instanceof PatternError ? error.message : undefined;
  }
}
