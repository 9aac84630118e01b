/** Entries of the history as lines. Pure. */
import type { HistoryEntry } from '../../services/shared/rpc/generated/keepwatch/v1/control.js';

/** `2026-03-01 12:03:55.123`, in local time. */
export function timeText(at: Date | undefined): string {
  if (at === undefined) return 'at an unknown time';
  const pad = (value: number, width = 2): string => String(value).padStart(width, '0');
  const day = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  const clock = `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}.${pad(at.getMilliseconds(), 3)}`;
  return `${day} ${clock}`;
}

/** `2026-03-01 12:03:55.123  vrrp_instance VI_1  BACKUP -> MASTER: no advertisement from 10.0.0.3 for 3.609 s`. */
export const historyLine = ({ at, subject, change, cause }: HistoryEntry): string =>
  `${timeText(at)}  ${subject}  ${change}${cause === '' ? '' : `: ${cause}`}`;
