/** Lines of options, such as routes and rules: words of a table, each with its values, in any order. */
import type { Argument, ArgumentProblem } from './argument.js';
import { formatUsage, type KeywordSpec, type KeywordTable } from './keyword.js';
import type { Reporter } from './reporter.js';
import { closest } from './suggest.js';
import type { Word } from './tree.js';

/** One option of a line whose values are all right. */
export interface OptionUse {
  readonly spec: KeywordSpec;
  readonly keyword: Word;
  /** In the order of the arguments; an optional one that is not there is undefined. */
  readonly values: readonly unknown[];
}

/**
 * Reads the options of a line by a table. `positional` is offered every word that is no option; what it does not take is an
 * error. An optional argument takes the next word only if it fits, so `mtu lock 1400` and `mtu 1400` are both read.
 * Returns what is right; what is wrong is reported.
 */
export function readLineOptions(
  words: readonly Word[],
  table: KeywordTable,
  report: Reporter,
  positional: (word: Word) => boolean = () => false,
): readonly OptionUse[] {
  const uses: OptionUse[] = [];
  let next = 0;
  while (next < words.length) {
    const word = words[next++];
    if (word === undefined) break;
    const spec = table.find(word.text);
    if (spec === undefined) {
      if (positional(word)) continue;
      reportUnknownOption(word, table, report);
      // What follows may be its values.
      break;
    }
    if (spec.deprecated !== undefined) {
      report.warning(word, 'deprecated', `'${word.text}' is deprecated`, spec.deprecated);
    }
    const found = readValues(word, spec, words.slice(next), report);
    next += found.taken;
    if (found.values !== undefined) uses.push({ spec, keyword: word, values: found.values });
  }
  return uses;
}

interface Values {
  readonly taken: number;
  readonly values?: readonly unknown[];
}

function readValues(keyword: Word, spec: KeywordSpec, words: readonly Word[], report: Reporter): Values {
  const values: unknown[] = [];
  let taken = 0;
  for (const argument of spec.arguments) {
    const word = words[taken];
    const result = word === undefined ? undefined : argument.read(word.text, argument.absent);
    if (word !== undefined && result?.ok === true) {
      taken++;
      values.push(argument.shape.repeat ? readRest(argument, words.slice(taken - 1)) : result.value);
      if (argument.shape.repeat) taken = words.length;
    } else if (argument.shape.optional) {
      values.push(undefined);
    } else {
      reportValue(keyword, spec, word, result, report);
      // The word that does not fit was meant as the value: it is not an option.
      return { taken: word === undefined ? taken : taken + 1 };
    }
  }
  return { taken, values };
}

function readRest(argument: Argument<unknown>, words: readonly Word[]): unknown {
  return words.reduce<unknown>((previous, word) => {
    const result = argument.read(word.text, previous);
    return result.ok ? result.value : previous;
  }, argument.absent);
}

function reportValue(
  keyword: Word,
  spec: KeywordSpec,
  word: Word | undefined,
  problem: ArgumentProblem | { readonly ok: true } | undefined,
  report: Reporter,
): void {
  if (word === undefined || problem === undefined || !('message' in problem)) {
    report.tolerable(keyword, 'missing-argument', `'${keyword.text}' needs a value: ${formatUsage(spec)}`);
    return;
  }
  report.tolerable(word, problem.code, `'${keyword.text}' ${problem.message}`, problem.hint);
}

function reportUnknownOption(word: Word, table: KeywordTable, report: Reporter): void {
  const meant = closest(word.text, table.names());
  const hint = meant === undefined ? undefined : `did you mean '${meant}'?`;
  report.tolerable(word, 'unknown-option', `unknown option '${word.text}' of ${table.scope}`, hint);
}
