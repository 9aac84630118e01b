import type { Diagnostic, TrailStep } from './diagnostic.js';
import { formatPosition } from './position.js';

/** `file:line:column: error|warning: message (hint)`; the place and the hint only when there are any. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { position, severity, message, hint } = diagnostic;
  const where = position === undefined ? '' : `${formatPosition(position)}: `;
  const what = hint === undefined || hint === '' ? message : `${message} (${hint})`;
  return onOneLine(`${where}${severity}: ${what}`);
}

/** `file:line:column: note: ${A} is defined here`, as compilers continue a finding. */
export function formatStep({ note, position }: TrailStep): string {
  return onOneLine(`${position === undefined ? '' : `${formatPosition(position)}: `}note: ${note}`);
}

/** Text of the configuration is quoted in messages: it must not be able to move the cursor or fake another line. */
const onOneLine = (text: string): string => text.replace(/[\p{Cc}\p{Cs}]/gu, escapeControl);

function escapeControl(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
