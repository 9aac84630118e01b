/** Entries of the audit log as lines. Pure. */
import type { AuditEntry } from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { timeText } from './historyText.js';

/** `2026-03-01 12:03:55.123  CN=alice serial 0A (192.0.2.7:40112, operator)  GiveOrder {…}: OK: order 7 about …`. */
export function auditLine(entry: AuditEntry): string {
  const { at, who, from, role, call, arguments: request, result, detail, unlisted } = entry;
  const asked = request === '' || request === '{}' ? call : `${call} ${request}`;
  const more = unlisted === 0 ? '' : ` (and ${unlisted} more refused before)`;
  return `${timeText(at)}  ${who} (${from}, ${role})  ${asked}: ${result}${detail === '' ? '' : `: ${detail}`}${more}`;
}
