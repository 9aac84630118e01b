/** Datagrams for the local syslog socket (/dev/log), in the form glibc's syslog(3) sends. Pure. */
import { type LogRecord, recordText } from './lineFormat.js';

/** Where glibc, journald and rsyslog listen. */
export const SYSLOG_SOCKET = '/dev/log';

/** Longest datagram every receiver takes whole. */
const MAX_DATAGRAM_BYTES = 8000;

/** Severity of syslog.h for a pino level. */
export function syslogSeverity(level: number): number {
  if (level >= 60) return 2;
  if (level >= 50) return 3;
  if (level >= 40) return 4;
  return level >= 30 ? 6 : 7;
}

/**
 * One record as a datagram: `<PRI>Mmm dd hh:mm:ss ident[pid]: text` (RFC 3164 4.1, without the host name). `suffix` tells
 * suites apart in the ident.
 */
export function syslogDatagram(record: LogRecord, facility: number, suffix?: string): Buffer {
  const at = new Date(record.time);
  const month = at.toLocaleString('en-US', { month: 'short' });
  const pad = (value: number, fill: string): string => String(value).padStart(2, fill);
  const stamp = `${month} ${pad(at.getDate(), ' ')} ${pad(at.getHours(), '0')}:${pad(at.getMinutes(), '0')}:${pad(at.getSeconds(), '0')}`;
  const tail = suffix === undefined ? '' : `_${suffix}`;
  const ident = `keepwatch-${record.service ?? 'unknown'}${tail}[${record.pid ?? 0}]`;
  const priority = facility * 8 + syslogSeverity(record.level);
  const datagram = Buffer.from(`<${priority}>${stamp} ${ident}: ${recordText(record)}`);
  return datagram.length > MAX_DATAGRAM_BYTES ? datagram.subarray(0, MAX_DATAGRAM_BYTES) : datagram;
}
