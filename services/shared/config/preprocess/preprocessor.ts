/**
 * Between reading and lexing: conditions (`@id`), parameters (`$NAME=`, `${NAME}`), sequences and lists
 * (`~SEQ`, `~LST`), as keepalived.conf(5), "ADVANCED CONFIGURATION" has them. Works on lines; each line that comes
 * out knows where its parts stood.
 */
import { skipBlanks, trimmedLength } from '../blank.js';
import { MAXIMUM_EXPANDED_CHARACTERS, MAXIMUM_EXPANSION_DEPTH, MAXIMUM_LINE_LENGTH, MAXIMUM_LINES } from '../limits.js';
import type { Origins } from '../origins.js';
import type { Reporter } from '../reporter.js';
import { isSubstituted, placeOf, type SourceLine, type SourcePlace } from '../sourceLine.js';
import { endOfText } from './comment.js';
import { Parameters } from './parameters.js';
import { joinPieces, type Piece, tail } from './pieces.js';
import { findReference, type Reference, readDefinition } from './reference.js';
import { endOfHead, readRepetition, startsRepetition } from './sequence.js';

/** What the preprocessor works with. */
export interface PreprocessorOptions {
  readonly configId: string;
  readonly environment: (name: string) => string | undefined;
  readonly randomSeed: number;
  readonly report: Reporter;
  /** Hears where expanded text came from. */
  readonly origins: Origins;
  /** Takes each line that is ready for the lexer. */
  readonly emit: (line: SourceLine) => void;
}

/** A definition of several lines that is being read; without name it is skipped. */
interface OpenDefinition {
  readonly name: string | undefined;
  readonly lines: SourceLine[];
}

/** Resolves conditions, parameters, sequences and lists. */
export class Preprocessor {
  readonly #options: PreprocessorOptions;
  readonly #parameters: Parameters;
  readonly #directories: string[] = [];
  #definition: OpenDefinition | undefined;
  #lines = 0;
  #characters = 0;
  /** Something in the current line cannot be expanded: the rest of it is dropped, so that one error stays one. */
  #lineFailed = false;
  /** A bound was reached: nothing is expanded any more. */
  #stopped = false;

  constructor(options: PreprocessorOptions) {
    this.#options = options;
    this.#parameters = new Parameters({
      instance: options.configId,
      environment: options.environment,
      randomSeed: options.randomSeed,
    });
  }

  /** True while the lines belong to a parameter definition of several lines. */
  get insideDefinition(): boolean {
    return this.#definition !== undefined;
  }

  /** A file begins; `directory` is its `${_PWD}`. */
  enterFile(directory: string): void {
    this.#directories.push(directory);
    this.#parameters.directory = directory;
  }

  /** A file ends. A definition does not go on in the file that included it. */
  leaveFile(): void {
    this.#endDefinition();
    this.#directories.pop();
    this.#parameters.directory = this.#directories.at(-1) ?? '.';
  }

  /** `random_seed` was read. */
  seed(value: number): void {
    this.#parameters.seed(value);
  }

  /** Takes one line of a file. */
  addLine(line: SourceLine): void {
    this.#lineFailed = false;
    if (this.#definition === undefined && !NEEDS_WORK.test(line.text)) {
      this.#emit(line);
      return;
    }
    if (line.text.length > MAXIMUM_LINE_LENGTH) {
      const message = `a line with parameters is longer than ${MAXIMUM_LINE_LENGTH} characters`;
      this.#options.report.error({ file: line.file, line: line.line, column: 1 }, 'expansion-too-long', message);
      return;
    }
    const end = endOfText(line.text);
    if (skipBlanks(line.text) >= end) return;
    const text = joinPieces([tail(line, 0, end)]);
    if (this.#definition === undefined) this.#process(text, 0);
    else this.#continueDefinition(text);
  }

  #process(start: SourceLine, depth: number): void {
    let line = start;
    for (;;) {
      if (this.#lineFailed || this.#stopped) return;
      if (/^[\t-\r ]*@/.test(line.text)) {
        const rest = this.#applyCondition(line);
        if (rest === undefined) return;
        line = rest;
        continue;
      }
      if (startsRepetition(line.text)) {
        this.#repeat(line, depth);
        return;
      }
      if (this.#startDefinition(line)) return;
      const next = this.#substitute(line, depth);
      if (next === undefined) return;
      line = next;
    }
  }

  /** The line without its condition; undefined when it does not hold here. */
  #applyCondition(line: SourceLine): SourceLine | undefined {
    const [whole = '', negated = '', id = ''] = /^[\t-\r ]*@(\^?)([^\t-\r ]*)[\t-\r ]*/.exec(line.text) ?? [];
    if (id !== '' && (id === this.#options.configId) === (negated === '')) {
      return joinPieces([tail(line, whole.length)]);
    }
    // The lines of a definition go where its first line goes.
    if (line.text.endsWith('\\') && readDefinition(line.text.slice(whole.length)) !== undefined) {
      this.#definition = { name: undefined, lines: [] };
    }
    return undefined;
  }

  #startDefinition(line: SourceLine): boolean {
    const found = readDefinition(line.text);
    if (found === undefined) return false;
    const { name, valueAt } = found;
    if (!line.text.endsWith('\\')) {
      this.#parameters.define(name, [trimmed(line, valueAt, line.text.length)]);
      return true;
    }
    const first = trimmed(line, valueAt, line.text.length - 1);
    this.#definition = { name, lines: first.text === '' ? [] : [first] };
    return true;
  }

  #continueDefinition(line: SourceLine): void {
    const goesOn = line.text.endsWith('\\');
    const part = trimmed(line, 0, line.text.length - (goesOn ? 1 : 0));
    if (part.text !== '') this.#definition?.lines.push(part);
    if (!goesOn) this.#endDefinition();
  }

  #endDefinition(): void {
    const definition = this.#definition;
    this.#definition = undefined;
    if (definition?.name !== undefined) this.#parameters.define(definition.name, definition.lines);
  }

  /**
   * Puts in the parameters of a line and emits it; gives the line back when what was put in at its beginning
   * has to be looked at again.
   */
  #substitute(start: SourceLine, depth: number): SourceLine | undefined {
    let line = start;
    let from = 0;
    /** Ends of the values that the position is in, counted from the end of the line. */
    const inside: number[] = [];
    let warned = false;
    for (;;) {
      const reference = findReference(line.text, from);
      if (reference === undefined) {
        this.#emit(line);
        return undefined;
      }
      while (inside.length > 0 && line.text.length - (inside.at(-1) ?? 0) <= reference.start) inside.pop();
      const value = this.#parameters.lookUp(reference, line);
      if (value === undefined) {
        if (!warned) this.#warnUndefined(line, reference);
        warned = true;
        from = reference.end;
        continue;
      }
      if (depth + inside.length >= MAXIMUM_EXPANSION_DEPTH) {
        this.#failLine(line, reference, `parameters refer to each other more than ${MAXIMUM_EXPANSION_DEPTH} deep`);
        return undefined;
      }
      const atBeginning = skipBlanks(line.text) === reference.start;
      if (value.length > 1) {
        this.#substituteLines(line, reference, value, depth);
        return undefined;
      }
      inside.push(line.text.length - reference.end);
      line = this.#replace(line, reference, value[0]);
      if (this.#lineFailed || this.#stopped) return undefined;
      from = reference.start;
      if (atBeginning && (/^[\t-\r ]*[@~]/.test(line.text) || readDefinition(line.text) !== undefined)) return line;
    }
  }

  #replace(line: SourceLine, reference: Reference, value: SourceLine | undefined): SourceLine {
    const at = placeOf(line, reference.start);
    this.#remember(line, reference, value, at);
    const pieces: Piece[] = [tail(line, 0, reference.start)];
    if (value !== undefined) pieces.push({ ...tail(value, 0), at });
    pieces.push(tail(line, reference.end));
    const joined = joinPieces(pieces);
    this.#spend(joined.text.length, line, reference);
    // An empty value leaves an empty line, which still has its place.
    return { ...joined, file: line.file, line: line.line };
  }

  #remember(line: SourceLine, reference: Reference, value: SourceLine | undefined, at: SourcePlace): void {
    const { text, from } = this.#parameters.describe(reference, value);
    const inside = isSubstituted(line, reference.start);
    this.#options.origins.substituted(at, text, from, value?.text ?? '', inside);
  }

  /** The lines of the value come one after the other, so that a definition in one holds in the next. */
  #substituteLines(line: SourceLine, reference: Reference, value: readonly SourceLine[], depth: number): void {
    const at = placeOf(line, reference.start);
    for (const [index, one] of value.entries()) {
      this.#options.origins.usedAt(one, `\${${reference.name}} is used here`, at);
      const pieces: Piece[] = index === 0 ? [tail(line, 0, reference.start)] : [];
      pieces.push(tail(one, 0));
      if (index === value.length - 1) pieces.push(tail(line, reference.end));
      const joined = joinPieces(pieces.filter((piece) => piece.end > piece.start));
      this.#spend(joined.text.length, line, reference);
      this.#process(joined, depth + 1);
      if (this.#lineFailed || this.#stopped) return;
    }
  }

  #repeat(line: SourceLine, depth: number): void {
    const expanded = this.#expandHead(line, depth);
    if (expanded === undefined) return;
    const repetition = readRepetition(expanded.text);
    if ('problem' in repetition) {
      const place = placeOf(line, skipBlanks(line.text));
      this.#options.report.error(place, 'bad-sequence', `this sequence or list cannot be read: ${repetition.problem}`);
      this.#lineFailed = true;
      return;
    }
    if (depth >= MAXIMUM_EXPANSION_DEPTH) {
      const place = placeOf(line, skipBlanks(line.text));
      const message = `sequences stand more than ${MAXIMUM_EXPANSION_DEPTH} deep in each other`;
      this.#options.report.error(place, 'expansion-too-deep', message);
      this.#lineFailed = true;
      return;
    }
    const rest = joinPieces([tail(expanded, repetition.restAt)]);
    for (const values of repetition.rounds()) {
      const restore = this.#parameters.shadow(repetition.names, values, line);
      if (this.#count(line)) this.#process(rest, depth + 1);
      restore();
      if (this.#lineFailed || this.#stopped) return;
    }
  }

  /** Puts parameters into the parentheses of a sequence, not into what it repeats. */
  #expandHead(start: SourceLine, depth: number): SourceLine | undefined {
    let line = start;
    for (let round = 0; ; round++) {
      const end = endOfHead(line.text) ?? line.text.length;
      const reference = findReference(line.text, 0);
      const value =
        reference === undefined || reference.end > end ? undefined : this.#parameters.lookUp(reference, line);
      if (reference === undefined || value === undefined) return line;
      if (value.length > 1 || depth + round >= MAXIMUM_EXPANSION_DEPTH) {
        this.#failLine(line, reference, 'this parameter cannot stand in a sequence');
        return undefined;
      }
      line = this.#replace(line, reference, value[0]);
      if (this.#lineFailed || this.#stopped) return undefined;
    }
  }

  #warnUndefined(line: SourceLine, reference: Reference): void {
    const before = line.text.slice(0, reference.start);
    const quoted = (before.match(/"/g)?.length ?? 0) % 2 === 1;
    if (quoted || !reference.braces) return;
    const text = line.text.slice(reference.start, reference.end);
    const hint = `define it before: $${reference.name}=…`;
    const message = `${text} is not defined and stays as it is`;
    this.#options.report.warning(placeOf(line, reference.start), 'undefined-parameter', message, hint);
  }

  #failLine(line: SourceLine, reference: Reference, message: string): void {
    const text = line.text.slice(reference.start, reference.end);
    this.#options.report.error(placeOf(line, reference.start), 'expansion-too-deep', `${text}: ${message}`);
    this.#lineFailed = true;
  }

  /** Counts what expansion makes, and ends it where it would never end. */
  #spend(characters: number, line: SourceLine, reference: Reference): void {
    this.#characters += characters;
    const place = placeOf(line, reference.start);
    if (characters > MAXIMUM_LINE_LENGTH) {
      const message = `a line becomes longer than ${MAXIMUM_LINE_LENGTH} characters`;
      this.#options.report.error(place, 'expansion-too-long', message);
      this.#lineFailed = true;
    } else if (this.#characters > MAXIMUM_EXPANDED_CHARACTERS && !this.#stopped) {
      this.#stop(line, `expansion makes more than ${MAXIMUM_EXPANDED_CHARACTERS} characters`);
    }
  }

  #stop(line: SourceLine, message: string): void {
    this.#stopped = true;
    const hint = 'the rest of the configuration is not read';
    this.#options.report.error(placeOf(line, 0), 'configuration-too-large', message, hint);
  }

  #emit(line: SourceLine): void {
    if (this.#count(line)) this.#options.emit(line);
  }

  /** Counts a line or a round; false when there are too many. */
  #count(line: SourceLine): boolean {
    if (this.#stopped) return false;
    this.#lines++;
    if (this.#lines <= MAXIMUM_LINES) return true;
    this.#stop(line, `the configuration becomes more than ${MAXIMUM_LINES} lines`);
    return false;
  }
}

/** A line with a parameter, or one that begins with a condition or a sequence. */
const NEEDS_WORK = /\$|^[\t-\r ]*[@~]/;

function trimmed(line: SourceLine, start: number, end: number): SourceLine {
  const to = Math.max(start, trimmedLength(line.text, end));
  return joinPieces([tail(line, Math.min(skipBlanks(line.text, start), to), to)]);
}
