/** `keepwatchd -t`: the whole configuration judged in this process, without starting anything. */
import { appendFileSync } from 'node:fs';
import type { Diagnostic } from '../../services/shared/config/diagnostic.js';
import { formatDiagnostic } from '../../services/shared/config/formatDiagnostic.js';
import { exitCodeFor } from './exitCode.js';
import { interpretAll } from './interpreters.js';
import { type ConfigPlace, loadFile } from './loadFile.js';

export interface ConfigTestOptions extends ConfigPlace {
  /** Where the findings go instead of stderr. */
  readonly output: string | undefined;
  readonly warningsAsErrors: boolean;
}

/** Judges the configuration, writes the findings and returns the exit code. */
export function testConfig({ output, warningsAsErrors, ...place }: ConfigTestOptions): number {
  const { tree, diagnostics } = loadFile(place);
  const found = [...diagnostics, ...(tree === undefined ? [] : interpretAll(tree))];
  const unique = new Map(found.map((diagnostic) => [formatDiagnostic(diagnostic), diagnostic]));
  const files = tree?.files ?? [];
  const ordered = [...unique].sort(([, one], [, other]) => compare(one, other, files)).map(([text]) => `${text}\n`);
  if (ordered.length > 0) {
    if (output === undefined) process.stderr.write(ordered.join(''));
    else appendFileSync(output, ordered.join(''), { mode: 0o600 });
  }
  return exitCodeFor([...unique.values()], warningsAsErrors);
}

/** In the order of the text; what belongs to no place comes first. */
function compare(one: Diagnostic, other: Diagnostic, files: readonly string[]): number {
  const a = one.position;
  const b = other.position;
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column;
}
