/** Applies a keyword table to statements: typed arguments out, everything wrong reported. */
import type { Argument, ArgumentProblem } from './argument.js';
import { type Arguments, formatUsage, type KeywordSpec, type KeywordTable, type ValuesOf } from './keyword.js';
import type { Reporter } from './reporter.js';
import { closest } from './suggest.js';
import { TOP_LEVEL_BLOCKS } from './topLevel.js';
import type { Statement, Word } from './tree.js';

/** One use of a keyword whose arguments are all right. */
export interface Occurrence<A extends Arguments = Arguments> {
  readonly keyword: Word;
  readonly values: ValuesOf<A>;
  readonly statement: Statement;
  /** Contents, when the keyword opens a block of keywords; empty when the braces were left out. */
  readonly block: Block;
}

const NONE: readonly Occurrence[] = [];

/**
 * The keywords found in one block. A large configuration has a block for each of its servers, so this is two short
 * lists rather than a map: no block has more different keywords than its table.
 */
export class Block {
  #specs: KeywordSpec[] | undefined;
  #found: Occurrence[][] | undefined;
  /** The bits of the keywords in it: most questions are about keywords that are not there. */
  #bits = 0;

  /** The occurrence that counts, when the keyword may stand only once. */
  last<A extends Arguments>(spec: KeywordSpec<A>): Occurrence<A> | undefined {
    const all = this.all(spec);
    return all[all.length - 1];
  }

  /** All occurrences, in order. */
  all<A extends Arguments>(spec: KeywordSpec<A>): readonly Occurrence<A>[] {
    if ((this.#bits & spec.bit) === 0) return NONE as readonly Occurrence<Arguments>[] as readonly Occurrence<A>[];
    const index = this.#specs?.indexOf(spec as KeywordSpec) ?? -1;
    // Occurrences are stored under the specification that read them, so their values have its types.
    return (this.#found?.[index] ?? NONE) as readonly Occurrence<Arguments>[] as readonly Occurrence<A>[];
  }

  has(spec: KeywordSpec): boolean {
    return (this.#bits & spec.bit) !== 0 && this.#specs?.includes(spec) === true;
  }

  /** The statements of all blocks of this keyword, one after the other. */
  lines(spec: KeywordSpec): readonly Statement[] {
    return this.all(spec).flatMap((occurrence) => occurrence.statement.children);
  }

  /** @internal Used by {@link readBlock}. */
  add(spec: KeywordSpec, occurrence: Occurrence): void {
    this.#bits |= spec.bit;
    if (this.#specs === undefined || this.#found === undefined) {
      // A literal has room for one, an empty list that is pushed to for many.
      this.#specs = [spec];
      this.#found = [[occurrence]];
      return;
    }
    const index = this.#specs.indexOf(spec);
    if (index >= 0) {
      this.#found[index]?.push(occurrence);
      return;
    }
    this.#specs.push(spec);
    this.#found.push([occurrence]);
  }
}

/** Reads statements by a table. Blocks of keywords are read with all that is in them. */
export function readBlock(statements: readonly Statement[], table: KeywordTable, report: Reporter): Block {
  return readInside(statements, table, report, false);
}

/** `pending`: stands in a block of which it was already said that it has no effect. */
function readInside(statements: readonly Statement[], table: KeywordTable, report: Reporter, pending: boolean): Block {
  const block = new Block();
  for (const statement of statements) readStatement(statement, table, report, block, pending);
  return block;
}

function readStatement(
  statement: Statement,
  table: KeywordTable,
  report: Reporter,
  into: Block,
  pending: boolean,
): void {
  const [first] = statement.words;
  if (first === undefined) return;
  const spec = first.quoted ? undefined : table.find(first.text);
  if (spec === undefined) {
    reportUnknown(first, table, report);
    return;
  }
  const previous = into.last(spec);
  if (previous !== undefined && !reportRepeated(spec, first, previous.keyword, report)) return;
  if (spec.deprecated !== undefined) {
    report.warning(first, 'deprecated', `'${first.text}' is deprecated`, spec.deprecated);
  }
  const noEffect = spec.status === 'no effect yet';
  if (noEffect && !pending) {
    report.warning(first, 'no-effect-yet', `'${first.text}' has no effect yet`, spec.consequence);
  }
  const values = readArguments(statement.words, spec, report);
  checkBraces(statement, spec, first, report);
  const children =
    spec.block?.kind === 'keywords'
      ? readInside(statement.children, spec.block.table, report, pending || noEffect)
      : EMPTY_BLOCK;
  if (values !== undefined) into.add(spec, { keyword: first, values, statement, block: children });
}

const EMPTY_BLOCK = new Block();

/** False when this occurrence does not count. */
function reportRepeated(spec: KeywordSpec, word: Word, earlier: Word, report: Reporter): boolean {
  if (spec.repeat === 'list') return true;
  const where = `line ${earlier.line}${earlier.file === word.file ? '' : ' of another file'}`;
  if (spec.repeat === 'refuse') {
    report.tolerable(word, 'repeated-keyword', `'${word.text}' stands here a second time`, `first on ${where}`);
    return false;
  }
  const hint = `first on ${where}; remove one`;
  report.warning(word, 'repeated-keyword', `'${word.text}' stands here a second time; the last one counts`, hint);
  return true;
}

function readArguments(words: readonly Word[], spec: KeywordSpec, report: Reporter): readonly unknown[] | undefined {
  const keyword = words[0];
  if (keyword === undefined) return undefined;
  if (spec.arguments.length === 0 && words.length === 1) return NO_VALUES;
  const values: unknown[] = spec.arguments.map(absentOf);
  // One bit for each argument that has its word.
  let taken = 0;
  let next = 1;
  let good = true;
  for (let word = words[next]; word !== undefined; word = words[++next]) {
    const index = argumentFor(word.text, spec.arguments, taken);
    const argument = spec.arguments[index];
    if (argument === undefined) break;
    const result = argument.read(word.text, values[index]);
    if (result.ok) values[index] = result.value;
    else good = reportArgument(keyword, word, result, report);
    taken |= 1 << index;
  }
  if (misses(spec.arguments, taken)) {
    report.tolerable(keyword, 'missing-argument', `'${keyword.text}' needs a value: ${formatUsage(spec)}`);
    return undefined;
  }
  const extra = words[next];
  if (extra !== undefined) {
    const message = `'${extra.text}' after '${words.slice(0, next).map(textOf).join(' ')}' is ignored`;
    report.warning(extra, 'extra-words', message, `usage: ${formatUsage(spec)}`);
  }
  return good ? values : undefined;
}

const absentOf = ({ absent }: Argument<unknown>): unknown => absent;

const NO_VALUES: readonly unknown[] = [];

/** The first argument that is free for a word and takes it; -1: none. */
function argumentFor(text: string, args: Arguments, taken: number): number {
  for (let index = 0; index < args.length; index++) {
    const argument = args[index];
    if (argument === undefined || ((taken & (1 << index)) !== 0 && !argument.shape.repeat)) continue;
    if (argument.accepts === undefined || argument.accepts(text)) return index;
  }
  return -1;
}

function misses(args: Arguments, taken: number): boolean {
  for (let index = 0; index < args.length; index++) {
    if (args[index]?.shape.optional === false && (taken & (1 << index)) === 0) return true;
  }
  return false;
}

const textOf = (word: Word): string => word.text;

function reportArgument(keyword: Word, word: Word, found: ArgumentProblem, report: Reporter): false {
  report.tolerable(word, found.code, `'${keyword.text}' ${found.message}`, found.hint);
  return false;
}

function checkBraces(statement: Statement, spec: KeywordSpec, first: Word, report: Reporter): void {
  if (spec.block === undefined && statement.block) {
    report.tolerable(first, 'unexpected-block', `'${first.text}' takes no block`, `usage: ${formatUsage(spec)}`);
  } else if (spec.block !== undefined && !statement.block && !spec.blockOptional) {
    report.error(first, 'missing-block', `'${first.text}' needs a block: ${formatUsage(spec)}`);
  }
}

/** Reports a word that is no keyword of the table, with what was probably meant. */
export function reportUnknown(word: Word, table: KeywordTable, report: Reporter): void {
  report.tolerable(word, 'unknown-keyword', `unknown keyword '${word.text}' in ${table.scope}`, hintFor(word, table));
}

function hintFor(word: Word, table: KeywordTable): string | undefined {
  if (word.quoted && table.find(word.text) !== undefined) return 'a keyword does not stand in quotes';
  if (TOP_LEVEL_BLOCKS.has(word.text)) return "it belongs to the top level: is a '}' missing before it?";
  const meant = table.corrected(word.text) ?? closest(word.text, table.names());
  return meant === undefined ? undefined : `did you mean '${meant}'?`;
}
