/** Findings about a configuration as people and programs get them. */
import type { Diagnostic } from '../../services/shared/config/diagnostic.js';
import { formatDiagnostic, formatStep } from '../../services/shared/config/formatDiagnostic.js';
import { nodeFileAccess } from '../../services/shared/config/nodeFileAccess.js';
import type { SourcePosition } from '../../services/shared/config/position.js';
import { sourceExcerpt } from '../../services/shared/config/sourceExcerpt.js';

/** One line each, for logs and files. */
export const findingLines = (findings: readonly Diagnostic[]): string =>
  findings.map((finding) => `${formatDiagnostic(finding)}\n`).join('');

/** For a terminal: below each finding the line it is about, with a caret. The files are read as they are now. */
export function findingsWithSource(findings: readonly Diagnostic[]): string {
  const files = new Map<string, readonly string[]>();
  return findings
    .map((finding) => {
      const trail = (finding.trail ?? []).map((step) => `${formatStep(step)}\n${excerpt(step.position, files)}`);
      return `${formatDiagnostic(finding)}\n${excerpt(finding.position, files)}${trail.join('')}`;
    })
    .join('');
}

function excerpt(position: SourcePosition | undefined, files: Map<string, readonly string[]>): string {
  const line = position === undefined ? undefined : linesOf(position.file, files)[position.line - 1];
  return line === undefined || position === undefined ? '' : `${sourceExcerpt(line, position.column)}\n`;
}

function linesOf(file: string, known: Map<string, readonly string[]>): readonly string[] {
  const found = known.get(file);
  if (found !== undefined) return found;
  const content = nodeFileAccess.read(file);
  // Decoded and split as the loader does, so that columns fit. A file that is gone has no line to show.
  const lines = content.ok ? new TextDecoder().decode(content.bytes).split('\n') : [];
  known.set(file, lines);
  return lines;
}
