import type { Diagnostic } from './diagnostic.js';
import { MAXIMUM_FINDINGS } from './limits.js';
import type { SourcePosition } from './position.js';
import type { SourcePlace } from './sourceLine.js';

/** Collects diagnostics of one run and knows the names of the files. */
export class Reporter {
  readonly #files: readonly string[];
  readonly #diagnostics: Diagnostic[] = [];
  readonly #lenient: boolean;
  readonly #counts = { error: 0, warning: 0 };

  /** `lenient`: what is {@link tolerable} is a warning. */
  constructor(files: readonly string[], lenient = false) {
    this.#files = files;
    this.#lenient = lenient;
  }

  /** What was found, in the order found; of very many the first, and how many more there are. */
  get diagnostics(): readonly Diagnostic[] {
    const more = (['error', 'warning'] as const).flatMap((severity) => {
      const count = this.#counts[severity] - MAXIMUM_FINDINGS;
      return count > 0 ? [unshown(severity, count)] : [];
    });
    return more.length === 0 ? this.#diagnostics : [...this.#diagnostics, ...more];
  }

  get hasErrors(): boolean {
    return this.#counts.error > 0;
  }

  /** Names the file of a place. */
  position(place: SourcePlace): SourcePosition {
    return { file: this.#files[place.file] ?? '?', line: place.line, column: place.column };
  }

  /** `place` undefined: the finding belongs to no place in a file. */
  error(place: SourcePlace | undefined, code: string, message: string, hint?: string): void {
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
    if (this.#takes('error')) this.#diagnostics.push({ severity: 'error', position, code, message });
  }

  /** See {@link errorAt}. */
  warningAt(position: SourcePosition, code: string, message: string): void {
    if (this.#takes('warning')) this.#diagnostics.push({ severity: 'warning', position, code, message });
  }

  /** Counts a finding; false when there are enough of its kind. */
  #takes(severity: Diagnostic['severity']): boolean {
    this.#counts[severity]++;
    return this.#counts[severity] <= MAXIMUM_FINDINGS;
  }

  #add(
    severity: Diagnostic['severity'],
    place: SourcePlace | undefined,
    code: string,
    message: string,
    hint: string | undefined,
  ): void {
    if (!this.#takes(severity)) return;
    this.#diagnostics.push({
      severity,
      ...(place === undefined ? {} : { position: this.position(place) }),
      code,
      message,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

function unshown(severity: Diagnostic['severity'], count: number): Diagnostic {
  const what =
    severity === 'error' ? (count === 1 ? 'error is' : 'errors are') : count === 1 ? 'warning is' : 'warnings are';
  return {
    severity,
    code: 'too-many-findings',
    message: `${count} more ${what} not shown`,
    hint: 'mend the first ones',
  };
}
