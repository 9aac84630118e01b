import type { SourcePosition } from './position.js';

/** One finding about the configuration, as an operator reads it. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  /** Absent when the finding belongs to no place in a file. */
  readonly position?: SourcePosition;
  /** Stable token of the kind of finding, for scripts: `unknown-keyword`, `out-of-range`, … */
  readonly code: string;
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** Result of giving meaning to a tree: a model when there was no error, and everything found. */
export interface Interpretation<Model> {
  /** Present exactly when no diagnostic is an error. */
  readonly model?: Model;
  readonly diagnostics: readonly Diagnostic[];
}
