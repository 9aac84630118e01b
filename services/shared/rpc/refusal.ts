/** Answers of a service that does not take a configuration. Pure. */
import { type PlainDiagnostic, wireDiagnostics } from './diagnostics.js';
import type { ConfigureOutcome, ServiceName } from './service.js';

/** Nothing was changed, for these reasons. */
export const refused = (diagnostics: readonly PlainDiagnostic[]): ConfigureOutcome => ({
  accepted: false,
  diagnostics: wireDiagnostics(diagnostics),
  changes: [],
});

/** The reason of a service that is on its way out. */
export const isStopping = (name: ServiceName): PlainDiagnostic => ({
  severity: 'error',
  code: 'stopping',
  message: `${name} is stopping and takes no configuration`,
  hint: 'wait until it has stopped, and start it again',
});
