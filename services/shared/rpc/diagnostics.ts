/** Diagnostics of the language package on the wire, and back. Structural, so that neither side imports the other. Pure. */
import { type Diagnostic, Severity } from './generated/keepwatch/v1/common.js';

/** Shape of `shared/config/diagnostic.ts`. */
export interface PlainDiagnostic {
  readonly severity: 'error' | 'warning';
  readonly position?: { readonly file: string; readonly line: number; readonly column: number };
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly trail?: readonly PlainStep[];
}

interface PlainStep {
  readonly note: string;
  readonly position?: { readonly file: string; readonly line: number; readonly column: number };
}

/** For the answers of Validate, Plan and Configure. */
export const wireDiagnostics = (diagnostics: readonly PlainDiagnostic[]): Diagnostic[] =>
  diagnostics.map((diagnostic) => ({
    severity: diagnostic.severity === 'error' ? Severity.SEVERITY_ERROR : Severity.SEVERITY_WARNING,
    position: diagnostic.position === undefined ? undefined : { ...diagnostic.position },
    code: diagnostic.code,
    message: diagnostic.message,
    hint: diagnostic.hint ?? '',
    trail: (diagnostic.trail ?? []).map(({ note, position }) => ({ note, position: position && { ...position } })),
  }));

/** Back from the wire. An unknown severity counts as an error: never accept what we do not understand. */
export const plainDiagnostics = (diagnostics: readonly Diagnostic[]): PlainDiagnostic[] =>
  diagnostics.map((diagnostic) => ({
    severity: diagnostic.severity === Severity.SEVERITY_WARNING ? 'warning' : 'error',
    ...(diagnostic.position === undefined ? {} : { position: diagnostic.position }),
    code: diagnostic.code,
    message: diagnostic.message,
    ...(diagnostic.hint === '' ? {} : { hint: diagnostic.hint }),
    ...(diagnostic.trail.length === 0 ? {} : { trail: diagnostic.trail.map(plainStep) }),
  }));

const plainStep = ({ note, position }: Diagnostic['trail'][number]): PlainStep =>
  position === undefined ? { note } : { note, position };

/** An error that belongs to no place in a file. */
export const errorWithoutPlace = (code: string, message: string): Diagnostic => ({
  severity: Severity.SEVERITY_ERROR,
  position: undefined,
  code,
  message,
  hint: '',
  trail: [],
});

/** Whether a configuration with these findings must be refused. */
export const hasError = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some((diagnostic) => diagnostic.severity !== Severity.SEVERITY_WARNING);
