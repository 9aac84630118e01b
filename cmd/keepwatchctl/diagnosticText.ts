import { formatDiagnostic } from '../../services/shared/config/formatDiagnostic.js';
import { plainDiagnostics } from '../../services/shared/rpc/diagnostics.js';
import type { Diagnostic } from '../../services/shared/rpc/generated/keepwatch/v1/common.js';

/** `file:line:column: error|warning: message (hint)`, as the other commands print it. Pure. */
export const formatWireDiagnostic = (diagnostic: Diagnostic): string =>
  plainDiagnostics([diagnostic]).map(formatDiagnostic).join('');
