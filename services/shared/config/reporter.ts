import type { Diagnostic } from './diagnostic.js';
import type { SourcePosition } from './position.js';
import type { SourcePlace } from './sourceLine.js';

/** Collects diagnostics of one run and knows the names of the files. */
export class Reporter {
  readonly #files: readonly string[];
  readonly #diagnostics: Diagnostic[] = [];
  readonly #lenient: boolean;
  #errors = 0;

  /** `lenient`: what is {@link tolerable} is a warning. */
  constructor(files: readonly string[], lenient = false) {
    this.#files = files;
    this.#lenient = lenient;
  }

  /** All that was found, in the order found. */
  get diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics;
  }

  get hasErrors(): boolean {
    return this.#errors > 0;
  }

  /** Names the file of a place. */
  position(place: SourcePlace): SourcePosition {
    return { file: this.#files[place.file] ?? '?', line: place.line, column: place.column };
  }

  /** `place` undefined: the finding belongs to no place in a file. */
  error(place: SourcePlace | undefined, code: string, message: string, hint?: string): void {
    this.#errors++;
    this.#add('error', place, code, message, hint);
  }

  /**
   * An error unless the configuration is read leniently: what keepalived answers with a warning and leaves out.
   * Only for what the caller does leave out, as if it were not written.
   */
  tolerable(place: SourcePlace | undefined, code: string, message: string, hint?: string): void {
    if (this.#lenient) this.warning(place, code, `${message}; ignored`, hint);
    else this.error(place, code, message, hint);
  }

  warning(place: SourcePlace | undefined, code: string, message: string, hint?: string): void {
    this.#add('warning', place, code, message, hint);
  }

  /** For findings about something whose position is already known by file name. */
  errorAt(position: SourcePosition, code: string, message: string): void {
    this.#errors++;
    this.#diagnostics.push({ severity: 'error', position, code, message });
  }

  /** See {@link errorAt}. */
  warningAt(position: SourcePosition, code: string, message: string): void {
    this.#diagnostics.push({ severity: 'warning', position, code, message });
  }

  #add(
    severity: Diagnostic['severity'],
    place: SourcePlace | undefined,
    code: string,
    message: string,
    hint: string | undefined,
  ): void {
    this.#diagnostics.push({
      severity,
      ...(place === undefined ? {} : { position: this.position(place) }),
      code,
      message,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}
