/** From a file name to a statement tree: reads files, follows includes, prepares lines, lexes and parses them. */
import { trimBlanks } from './blank.js';
import type { Diagnostic } from './diagnostic.js';
import type { FileAccess } from './fileAccess.js';
import { expandGlob } from './glob.js';
import { ALL_CHECKS, applyIncludeCheck, checksOfDirective, type IncludeChecks, NO_CHECKS } from './include.js';
import { type LexicalProblem, type LexSink, lexLine, type Token } from './lexer.js';
import { MAXIMUM_INCLUDE_DEPTH, MAXIMUM_INCLUDED_FILES, MAXIMUM_TEXT_PROBLEMS } from './limits.js';
import { Origins } from './origins.js';
import { directoryOf, normalizePath } from './path.js';
import { Preprocessor } from './preprocess/preprocessor.js';
import { Reporter } from './reporter.js';
import type { SourceLine, SourcePlace } from './sourceLine.js';
import type { ConfigTree, Word } from './tree.js';
import { MAXIMUM_NESTING, type StructureProblem, TreeBuilder } from './treeBuilder.js';

/** What to load and what the loader may know of the world. */
export interface LoadOptions {
  readonly file: string;
  readonly access: FileAccess;
  /** `-i`/`--config-id`, or the first part of the host name: what `@id` lines are compared with. */
  readonly configId: string;
  /** Values of `${_ENV NAME}`. Default: none is set. */
  readonly environment?: (name: string) => string | undefined;
  /** Seed of `${_RANDOM}` when the configuration sets none. Default: 0, so that loading is repeatable. */
  readonly randomSeed?: number;
  /** See {@link ConfigTree.lenient}. Default: strict. */
  readonly lenient?: boolean;
  /** Whatever an include names has to be there, as if `include_check` stood first (`-e`). */
  readonly allIncluded?: boolean;
}

/** What loading gave. */
export interface LoadedConfig {
  /**
   * Present whenever the statements can be told apart, even with errors, so that what interpreters find is
   * reported in the same run. A tree that came with an error must not be put in force.
   */
  readonly tree?: ConfigTree;
  readonly diagnostics: readonly Diagnostic[];
  /** What else can be told of places in it. */
  readonly origins: Origins;
}

/** Code of the diagnostic for a main file that cannot be read: `keepwatchd -t` ends with 4 for it. */
export const UNREADABLE_FILE = 'unreadable-file';

/** Code of the diagnostics for files that an include check demands: `keepwatchd -t` ends with 6 for it. */
export const INCLUDE_CHECK_FAILED = 'include-check-failed';

/** Loads a configuration. Never throws: whatever is wrong is a diagnostic. */
export function loadConfig(options: LoadOptions): LoadedConfig {
  return new Loader(options).load();
}

class Loader {
  readonly #access: FileAccess;
  readonly #main: string;
  readonly #files: string[] = [];
  readonly #fileIndex = new Map<string, number>();
  readonly #lenient: boolean;
  readonly #report: Reporter;
  readonly #origins: Origins;
  readonly #builder = new TreeBuilder();
  /** Of the line that is being read; used again for each. */
  readonly #sink: LexSink = { tokens: [], problems: [] };
  readonly #preprocessor: Preprocessor;
  /** Files being read, outermost first. */
  readonly #stack: string[] = [];
  #filesRead = 0;
  #textProblems = 0;

  readonly #firstChecks: IncludeChecks;

  constructor(options: LoadOptions) {
    this.#access = options.access;
    this.#main = options.file;
    this.#lenient = options.lenient ?? false;
    this.#firstChecks = options.allIncluded === true ? ALL_CHECKS : NO_CHECKS;
    this.#report = new Reporter(this.#files, this.#lenient);
    this.#origins = new Origins(this.#files);
    this.#preprocessor = new Preprocessor({
      configId: options.configId,
      environment: options.environment ?? (() => undefined),
      randomSeed: options.randomSeed ?? 0,
      report: this.#report,
      origins: this.#origins,
      emit: (line) => this.#addLine(line),
    });
  }

  load(): LoadedConfig {
    const origins = this.#origins;
    if (!this.#readFile(this.#main, undefined, this.#firstChecks))
      return { diagnostics: this.#report.diagnostics, origins };
    const { statements, problems } = this.#builder.finish();
    for (const problem of problems) this.#reportStructure(problem);
    if (this.#textProblems > MAXIMUM_TEXT_PROBLEMS) {
      const more = this.#textProblems - MAXIMUM_TEXT_PROBLEMS;
      this.#report.error(undefined, 'too-many-problems', `${more} more problems with the text are not shown`);
    }
    const diagnostics = this.#report.diagnostics;
    // A stray brace closes nothing: without it the statements are as they stand.
    if (problems.some(({ code }) => code !== 'stray-close' || !this.#lenient)) return { diagnostics, origins };
    const tree = { files: this.#files, statements };
    return { tree: this.#lenient ? { ...tree, lenient: true } : tree, diagnostics, origins };
  }

  #addLine(line: SourceLine): void {
    const { tokens, problems } = this.#sink;
    tokens.length = 0;
    problems.length = 0;
    lexLine(line, this.#sink);
    for (const problem of problems) this.#reportText(problem);
    this.#builder.addLine(tokens);
    const [first, second] = tokens;
    // The numbers of ${_RANDOM} begin anew where the seed is set, so it has to be known while lines are read.
    if (first?.kind === 'word' && first.word.text === 'random_seed' && second?.kind === 'word') {
      this.#preprocessor.seed(Number(second.word.text) || 0);
    }
  }

  /** False when the file cannot be read; that is reported then. */
  #readFile(path: string, from: SourcePlace | undefined, checks: IncludeChecks): boolean {
    this.#filesRead++;
    const content = this.#access.read(path);
    if (!content.ok) {
      this.#reportUnreadable(path, content.reason, from, checks);
      return false;
    }
    const file = this.#indexOf(path);
    if (from !== undefined) this.#origins.included(file, from);
    const text = new TextDecoder().decode(content.bytes);
    this.#stack.push(normalizePath(path));
    this.#preprocessor.enterFile(directoryOf(path));
    let inForce = checks;
    let line = 1;
    let start = 0;
    while (start <= text.length) {
      const newline = text.indexOf('\n', start);
      const end = newline < 0 ? text.length : newline;
      if (end > start) inForce = this.#readLine({ text: text.slice(start, end), file, line }, inForce, path);
      start = end + 1;
      line++;
    }
    this.#preprocessor.leaveFile();
    this.#stack.pop();
    return true;
  }

  /** Returns the include checks in force from the next line on. */
  #readLine(line: SourceLine, checks: IncludeChecks, path: string): IncludeChecks {
    // `include` and its kin are found before conditions and parameters, as keepalived.conf(5) says.
    if (this.#preprocessor.insideDefinition || !INCLUDE_LINE.test(line.text)) {
      this.#preprocessor.addLine(line);
      return checks;
    }
    const tokens: Token[] = [];
    const problems: LexicalProblem[] = [];
    lexLine(line, { tokens, problems });
    const words = tokens.flatMap((token) => (token.kind === 'word' ? [token.word] : []));
    const keyword = words[0]?.text ?? '';
    if (keyword === 'include_check') {
      const result = applyIncludeCheck(
        words.slice(1).map((word) => word.text),
        checks,
      );
      this.#preprocessor.addLine(line);
      return result.checks;
    }
    const wanted = checksOfDirective(keyword, checks);
    if (wanted === undefined) this.#preprocessor.addLine(line);
    else this.#include(line, words[0], wanted, path);
    return checks;
  }

  #include(line: SourceLine, keyword: Word | undefined, checks: IncludeChecks, path: string): void {
    if (keyword === undefined) return;
    // The name may have braces, which are tokens elsewhere, so it is taken from the text.
    const rest = line.text.slice(keyword.column - 1 + keyword.text.length);
    const name = includeName(rest);
    const place = { file: line.file, line: line.line, column: keyword.column };
    if (name === '') {
      this.#report.error(place, 'missing-argument', `'${keyword.text}' needs a file name`);
      return;
    }
    if (this.#stack.length >= MAXIMUM_INCLUDE_DEPTH) {
      const message = `files include each other more than ${MAXIMUM_INCLUDE_DEPTH} deep; '${name}' is not read`;
      this.#report.error(place, 'include-too-deep', message, `chain: ${this.#stack.slice(-3).join(' → ')}`);
      return;
    }
    const found = expandGlob(name, directoryOf(path), this.#access);
    if (found.tooMany) {
      this.#report.error(place, 'include-too-many', `'${name}' stands for too many files`);
      return;
    }
    for (const pattern of found.unmatched) {
      if (found.hasBraces ? checks.braceMatch || checks.wildcardMatch : checks.wildcardMatch) {
        this.#report.error(place, INCLUDE_CHECK_FAILED, `no file matches '${pattern}'`);
      }
    }
    for (const one of found.paths) {
      const normalized = normalizePath(one);
      const cycle = this.#stack.indexOf(normalized);
      if (cycle >= 0) {
        const chain = [...this.#stack.slice(cycle), normalized].join(' → ');
        this.#report.error(place, 'include-cycle', `'${one}' includes itself`, `chain: ${chain}`);
      } else if (this.#filesRead >= MAXIMUM_INCLUDED_FILES) {
        const message = `more than ${MAXIMUM_INCLUDED_FILES} files are included; '${one}' is not read`;
        this.#report.error(place, 'include-too-many', message);
        return;
      } else {
        const demanded = found.hasBraces
          ? { ...checks, match: checks.match || checks.braceMatch }
          : { ...checks, match: checks.match };
        this.#readFile(one, place, demanded);
      }
    }
  }

  #indexOf(path: string): number {
    const known = this.#fileIndex.get(path);
    if (known !== undefined) return known;
    this.#files.push(path);
    this.#fileIndex.set(path, this.#files.length - 1);
    return this.#files.length - 1;
  }

  #reportUnreadable(path: string, reason: string, from: SourcePlace | undefined, checks: IncludeChecks): void {
    const message = `cannot read '${path}': ${reason}`;
    if (from === undefined) {
      this.#report.error(undefined, UNREADABLE_FILE, message);
    } else if (checks.match || checks.wildcardMatch || checks.readable) {
      this.#report.error(from, INCLUDE_CHECK_FAILED, message);
    } else {
      const hint = 'nothing is included; includer, includem or include_check make this an error';
      this.#report.warning(from, 'include-unreadable', message, hint);
    }
  }

  #reportText(problem: LexicalProblem): void {
    const { place } = problem;
    if (problem.code === 'literal-quote') {
      const hint = 'use " to quote; only scripts, files and patterns know single quotes';
      this.#report.warning(place, problem.code, 'the single quote is taken as part of the word', hint);
      return;
    }
    this.#textProblems++;
    if (this.#textProblems > MAXIMUM_TEXT_PROBLEMS) return;
    if (problem.code === 'unclosed-quote') {
      this.#report.error(place, problem.code, 'the quote that opens here is not closed on its line');
    } else if (problem.code === 'nul-byte') {
      this.#report.error(place, problem.code, 'NUL byte in the configuration');
    } else {
      const hint = 'save the file as UTF-8; comments may hold anything';
      this.#report.error(place, problem.code, 'this word is not valid UTF-8', hint);
    }
  }

  #reportStructure(problem: StructureProblem): void {
    const { place } = problem;
    if (problem.code === 'stray-close') {
      this.#report.tolerable(place, problem.code, "'}' without a '{' before it");
    } else if (problem.code === 'stray-open') {
      this.#report.error(place, problem.code, "'{' without a keyword before it");
    } else if (problem.code === 'nesting-too-deep') {
      this.#report.error(place, problem.code, `blocks stand more than ${MAXIMUM_NESTING} deep in each other`);
    } else {
      const subject = problem.subject === undefined || problem.subject === '' ? 'block' : problem.subject;
      this.#report.error(place, problem.code, `the '{' of '${subject}' is never closed: a '}' is missing`);
    }
  }
}

const INCLUDE_LINE = /^[\t-\r ]*include[a-z_]*(?:[\t-\r ]|$)/;

/** The rest of an include line: without the comment, blanks around it and quotes. */
function includeName(rest: string): string {
  const trimmed = trimBlanks(rest);
  const quoted = /^"([^"]*)"/.exec(trimmed);
  if (quoted !== null) return quoted[1] ?? '';
  return /^[^\t-\r #!]*/.exec(trimmed)?.[0] ?? '';
}
