import type { Diagnostic } from './diagnostic.js';
import { formatPosition } from './position.js';

/** `file:line:column: error|warning: message (hint)`; the place and the hint only when there are any. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { position, severity, message, hint } = diagnostic;
  const where = position === undefined ? '' : `${formatPosition(position)}: `;
  const what = hint === undefined || hint === '' ? message : `${message} (${hint})`;
  // Text of the configuration is quoted in messages: it must not be able to move the cursor or fake another line.
  return `${where}${severity}: ${what}`.replace(/[\p{Cc}\p{Cs}]/gu, escapeControl);
}

function escapeControl(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
