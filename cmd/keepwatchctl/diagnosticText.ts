import { formatDiagnostic } from '../../services/shared/config/formatDiagnostic.js';
import { plainDiagnostics } from '../../services/shared/rpc/diagnostics.js';
import type { Diagnostic } from '../../services/shared/rpc/generated/keepwatch/v1/common.js';

import { findingLines, findingsWithSource } from '../keepwatchd/findings.js';
import type { Target } from './target.js';

/** `file:line:column: error|warning: message (hint)`, as the other commands print it. Pure. */
export const formatWireDiagnostic = (diagnostic: Diagnostic): string =>
  plainDiagnostics([diagnostic]).map(formatDiagnostic).join('');

/** Findings on stderr. With the lines they are about when the suite reads the same files as we do. */
export function printDiagnostics(diagnostics: readonly Diagnostic[], { address }: Target): void {
  const plain = plainDiagnostics(diagnostics);
  process.stderr.write(address === undefined ? findingsWithSource(plain) : findingLines(plain));
}
