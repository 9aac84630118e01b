import type { Reporter } from '../reporter.js';
import type { SourceLine } from '../sourceLine.js';

/** What the preprocessor works with. */
export interface PreprocessorOptions {
  readonly configId: string;
  readonly environment: (name: string) => string | undefined;
  readonly randomSeed: number;
  readonly report: Reporter;
  /** Takes each line that is ready for the lexer. */
  readonly emit: (line: SourceLine) => void;
}

/** Resolves conditions, parameters, sequences and lists between reading and lexing. */
export class Preprocessor {
  readonly #options: PreprocessorOptions;

  constructor(options: PreprocessorOptions) {
    this.#options = options;
  }

  /** True while the lines belong to a parameter definition of several lines. */
  get insideDefinition(): boolean {
    return false;
  }

  /** A file begins; `directory` is its `${_PWD}`. */
  enterFile(_directory: string): void {}

  leaveFile(): void {}

  blankLine(): void {}

  addLine(line: SourceLine): void {
    this.#options.emit(line);
  }

  finish(): void {}
}
