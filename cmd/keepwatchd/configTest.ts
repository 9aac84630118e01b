/** `keepwatchd -t` and `keepwatchctl check`: the whole configuration judged in this process, without starting anything. */
import { appendFileSync } from 'node:fs';
import type { Diagnostic } from '../../services/shared/config/diagnostic.js';
import { formatDiagnostic } from '../../services/shared/config/formatDiagnostic.js';
import { placementOf } from '../../services/shared/config/placement.js';
import type { ConfigTree } from '../../services/shared/config/tree.js';
import { SERVICE_NAMES } from '../../services/shared/rpc/service.js';
import { missingNamespace, placementProblems } from '../../services/supervisor/placement.js';
import { exitCodeFor } from './exitCode.js';
import { findingLines, findingsWithSource } from './findings.js';
import { interpretTyped, type TypedConfig } from './interpreters.js';
import { type ConfigPlace, loadFile } from './loadFile.js';
import { scriptFindings } from './scriptFindings.js';

export interface ConfigTestOptions extends ConfigPlace {
  /** Where the findings go instead of stderr, without source lines. */
  readonly output: string | undefined;
  readonly warningsAsErrors: boolean;
  /** Findings as JSON, to stdout when `output` does not say otherwise. */
  readonly json: boolean;
}

/** A configuration and everything found in it, in the order of the text. */
export interface JudgedConfig {
  /** Present when the statements can be told apart, even with errors. */
  readonly tree?: ConfigTree;
  readonly typed: TypedConfig;
  readonly findings: readonly Diagnostic[];
  /** Puts more findings among them: each once, in the order of the text, with what there is to tell of its place. */
  readonly inOrder: (findings: readonly Diagnostic[]) => readonly Diagnostic[];
}

/** Judges the configuration, writes the findings and returns the exit code. */
export async function testConfig({ output, warningsAsErrors, json, ...place }: ConfigTestOptions): Promise<number> {
  const judged = judgeFile(place);
  const places = judged.tree === undefined ? [] : placementFindings(judged.tree);
  const findings = judged.inOrder([...judged.findings, ...places, ...(await scriptFindings(judged.typed))]);
  if (json) {
    const { findingsJson } = await import('./findingsJson.js');
    if (output === undefined) process.stdout.write(findingsJson(findings));
    else appendFileSync(output, findingsJson(findings), { mode: 0o600 });
  } else if (findings.length > 0) {
    if (output === undefined) process.stderr.write(findingsWithSource(findings));
    else appendFileSync(output, findingLines(findings), { mode: 0o600 });
  }
  return exitCodeFor(findings, warningsAsErrors);
}

/** Namespaces that are not there: keepwatchd would not start, but they may be made on another machine, or later. */
const placementFindings = (tree: ConfigTree): readonly Diagnostic[] =>
  placementProblems(placementOf(tree), SERVICE_NAMES, missingNamespace).map((found) => ({
    ...found,
    severity: 'warning',
  }));

/** Loads and judges a configuration. */
export function judgeFile(place: ConfigPlace): JudgedConfig {
  const { tree, diagnostics, origins } = loadFile(place);
  const meaning = tree === undefined ? { typed: {}, diagnostics: [] } : interpretTyped(tree);
  const found = [...diagnostics, ...meaning.diagnostics];
  const files = new Map(tree?.files.map((file, index) => [file, index]));
  const inOrder = (all: readonly Diagnostic[]): readonly Diagnostic[] => {
    // Services find the same fault in what they share one by one.
    const unique = [...new Map(all.map((diagnostic) => [formatDiagnostic(diagnostic), diagnostic])).values()];
    return origins.trace(unique.sort((one, other) => compare(one, other, files)));
  };
  return { ...(tree === undefined ? {} : { tree }), typed: meaning.typed, findings: inOrder(found), inOrder };
}

/** In the order of the text; what belongs to no place comes first. */
function compare(one: Diagnostic, other: Diagnostic, files: ReadonlyMap<string, number>): number {
  const a = one.position;
  const b = other.position;
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return (files.get(a.file) ?? 0) - (files.get(b.file) ?? 0) || a.line - b.line || a.column - b.column;
}
