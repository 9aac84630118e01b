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
  /** How the text came to its place: parameters from the outermost inwards, then what included the file. */
  readonly trail?: readonly TrailStep[];
}

/** One step from a place in the expanded configuration back to where its text was written. */
export interface TrailStep {
  /** `${A} is defined here`, `included from here`. */
  readonly note: string;
  /** Absent for what no file says, such as `${_INSTANCE}`. */
  readonly position?: SourcePosition;
}

/** Result of giving meaning to a tree: a model when there was no error, and everything found. */
export interface Interpretation<Model> {
  /** Present exactly when no diagnostic is an error. */
  readonly model?: Model;
  readonly diagnostics: readonly Diagnostic[];
}
