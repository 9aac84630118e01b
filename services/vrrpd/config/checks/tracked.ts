/** Lines of `track_script`, `track_file`, `track_process` and `track_bfd`. */
import type { KeywordSpec } from '../../../shared/config/keyword.js';
import { readLineOptions } from '../../../shared/config/lineOptions.js';
import type { Block } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import { closest } from '../../../shared/config/suggest.js';
import type { Word } from '../../../shared/config/tree.js';

/** One line: what is tracked and how. */
export interface TrackedName {
  readonly word: Word;
  /** Undefined: as its definition says. */
  readonly weight?: number;
  readonly reverse?: boolean;
}

/** Reads the lines of a tracking block; what is wrong is reported. A name that stands twice counts once. */
export function readTrackedNames(block: Block, spec: KeywordSpec, report: Reporter): readonly TrackedName[] {
  const options = spec.block?.kind === 'lines' ? spec.block.options : undefined;
  const found = new Map<string, TrackedName>();
  for (const { words } of block.lines(spec)) {
    const [word, ...others] = words;
    if (word === undefined || options === undefined) continue;
    const uses = readLineOptions(others, options, report);
    if (found.has(word.text)) {
      report.warning(word, 'repeated-tracker', `'${word.text}' is tracked twice; the first line counts`);
      continue;
    }
    const weight = uses.findLast((use) => use.spec.name === 'weight')?.values[0];
    const direction = uses.findLast((use) => use.spec.name !== 'weight')?.spec.name;
    found.set(word.text, {
      word,
      ...(typeof weight === 'number' ? { weight } : {}),
      ...(direction === undefined ? {} : { reverse: direction === 'reverse' }),
    });
  }
  return [...found.values()];
}

/** Where the definitions of one kind stand, by name. */
export type Definitions = ReadonlyMap<string, Word>;

/**
 * Reports names that are not defined. keepalived ignores a name that is defined only further down, so that is worth a
 * warning; here the order does not matter.
 */
export function checkDefined(
  owner: string,
  keyword: string,
  names: readonly TrackedName[],
  defined: Definitions,
  report: Reporter,
): void {
  for (const { word } of names) {
    const definition = defined.get(word.text);
    if (definition === undefined) {
      const meant = closest(word.text, defined.keys());
      const hint = meant === undefined ? `define it: ${keyword} ${word.text} { … }` : `did you mean '${meant}'?`;
      report.tolerable(word, 'unknown-tracker', `${owner}: there is no ${keyword} '${word.text}'`, hint);
    } else if (definition.file === word.file && definition.line > word.line) {
      const message = `${owner}: ${keyword} '${word.text}' is defined further down, where keepalived does not see it`;
      report.warning(word, 'defined-later', message, `move the definition above line ${word.line}`);
    }
  }
}
