/** Findings as JSON. Apart from their text form, which starts without the protobuf code. */
import type { Diagnostic } from '../../services/shared/config/diagnostic.js';
import { wireDiagnostics } from '../../services/shared/rpc/diagnostics.js';
import { Diagnostic as WireDiagnostic } from '../../services/shared/rpc/generated/keepwatch/v1/common.js';

/** One object with the list of findings, each as protobuf JSON of `keepwatch.v1.Diagnostic`. */
export const findingsJson = (findings: readonly Diagnostic[]): string =>
  `${JSON.stringify({ diagnostics: wireDiagnostics(findings).map((one) => WireDiagnostic.toJSON(one)) }, undefined, 2)}\n`;
