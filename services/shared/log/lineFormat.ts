/** Turns pino's JSON lines into lines for people. Pure. */

const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

/** Fields that have their own place in a line or say nothing to a person. */
const PLACED = new Set(['level', 'time', 'pid', 'hostname', 'service', 'msg', 'err']);

/** A log record as pino writes it. */
export interface LogRecord {
  readonly level: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly service?: string;
  readonly pid?: number;
  readonly msg?: string;
  readonly [field: string]: unknown;
}

/** Name of a pino level number: `info`, `warn`, … */
export const levelName = (level: number): string => LEVELS[level] ?? String(level);

/** The text of a record without time, level and process: message, then `key=value` for its fields, then an error's stack. */
export function recordText(record: LogRecord): string {
  let text = oneLine(record.msg ?? '');
  for (const [key, value] of Object.entries(record)) {
    if (PLACED.has(key) || value === undefined) continue;
    text += ` ${key}=${fieldText(value)}`;
  }
  const error = record.err as { message?: string; stack?: string } | undefined;
  if (error !== undefined && error !== null) {
    if (error.message !== undefined && !text.includes(error.message)) text += `: ${oneLine(error.message)}`;
    if (record.level >= 50 && error.stack !== undefined) {
      text += error.stack
        .split('\n')
        .slice(1)
        .map((line) => `\n    ${line.trim()}`)
        .join('');
    }
  }
  return text;
}

/** One line for a console or file: `2026-01-02T03:04:05.678Z warn  vrrpd[12]: text`. */
export function formatLine(record: LogRecord): string {
  const at = new Date(record.time).toISOString();
  const who = record.service === undefined ? '' : `${record.service}[${record.pid ?? '?'}]: `;
  return `${at} ${levelName(record.level).padEnd(5)} ${who}${recordText(record)}\n`;
}

/**
 * The same for the journal, which has time and process of its own: `<4>vrrpd: text` with the severity of syslog.h that
 * sd-daemon(3) reads, in front of every line of a record.
 */
export function journalLine(record: LogRecord, severity: number): string {
  const who = record.service === undefined ? '' : `${record.service}: `;
  return `${who}${recordText(record)}`
    .split('\n')
    .map((line) => `<${severity}>${line}\n`)
    .join('');
}

function fieldText(value: unknown): string {
  if (typeof value === 'string') return /^[\w./:@%+-]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value) ?? String(value);
}

/** Control characters of untrusted text must not forge further lines. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is to be replaced
  return text.replace(/[\u0000-\u001f\u007f]/g, (character) => (character === '\n' ? ' ' : '?'));
}
