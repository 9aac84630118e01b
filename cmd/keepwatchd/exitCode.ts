/** Exit codes of the contract. */
import { INCLUDE_CHECK_FAILED, UNREADABLE_FILE } from '../../services/shared/config/load.js';

export const EXIT_GOOD = 0;
export const EXIT_CANNOT_START = 2;
export const EXIT_UNREADABLE = 4;
export const EXIT_CONFIG_ERRORS = 5;
export const EXIT_SECURITY = 6;

interface Finding {
  readonly severity: 'error' | 'warning';
  readonly code: string;
}

/** The exit code for what was found in a configuration. */
export function exitCodeFor(findings: readonly Finding[], warningsAsErrors = false): number {
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.some(({ code }) => code === UNREADABLE_FILE)) return EXIT_UNREADABLE;
  if (errors.some(({ code }) => code === INCLUDE_CHECK_FAILED || code.startsWith('script-security')))
    return EXIT_SECURITY;
  if (errors.length > 0 || (warningsAsErrors && findings.length > 0)) return EXIT_CONFIG_ERRORS;
  return EXIT_GOOD;
}
