/** Where log lines go: stderr, a file, or syslog. All writes are synchronous, so the last words of a dying process arrive. */
import { closeSync, existsSync, fstatSync, openSync, writeSync } from 'node:fs';
import { FACILITY_DAEMON, type LogFlags } from './flags.js';
import { formatLine, journalLine, type LogRecord } from './lineFormat.js';
import { SYSLOG_SOCKET, syslogDatagram, syslogSeverity } from './syslog.js';

/** What pino writes to: one JSON line a call. */
export interface LogDestination {
  write(line: string): void;
}

/** Sends one datagram to a Unix socket without waiting; the adapter lives with the system calls. */
export type DatagramSender = (datagram: Buffer) => void;

/** Outside facts a destination depends on, injectable for tests. */
export interface DestinationEnvironment {
  readonly stderrIsTerminal: boolean;
  /** Opens the datagram socket at `path`; absent where there are no system calls. Throws when nobody listens there. */
  readonly openDatagram?: (path: string) => DatagramSender;
}

/**
 * Picks the destination:
 * - `-g FILE`: that file, as text.
 * - `-l`, `-n`, `-G`, or no syslog socket on this machine: stderr. Where that is the journal, as text with severities;
 *   as text with `-l` or on a terminal; as JSON otherwise, because then a program reads it.
 * - else syslog, as keepalived does.
 */
export function openDestination(flags: LogFlags, environment: DestinationEnvironment): LogDestination {
  if (flags.file !== undefined) return textDestination(openAppending(flags.file));
  const { openDatagram } = environment;
  if (
    !flags.console &&
    !flags.foreground &&
    !flags.noSyslog &&
    openDatagram !== undefined &&
    existsSync(SYSLOG_SOCKET)
  ) {
    return syslogDestination(() => openDatagram(SYSLOG_SOCKET), flags.facility ?? FACILITY_DAEMON, flags.suffix);
  }
  if (isJournal(2, process.env.JOURNAL_STREAM)) return journalDestination(2);
  return flags.console || environment.stderrIsTerminal ? textDestination(2) : jsonDestination(2);
}

/** JSON lines to a descriptor. */
export const jsonDestination = (fd: number): LogDestination => ({ write: (line) => writeFully(fd, line) });

/** Lines for people to a descriptor. */
export const textDestination = (fd: number): LogDestination => ({
  write: (line) => writeFully(fd, formatLine(JSON.parse(line) as LogRecord)),
});

/** Lines for journald to a descriptor. */
export const journalDestination = (fd: number): LogDestination => ({
  write: (line) => {
    const record = JSON.parse(line) as LogRecord;
    writeFully(fd, journalLine(record, syslogSeverity(record.level)));
  },
});

/** Whether a descriptor is the stream of JOURNAL_STREAM (systemd.exec(5)): `device:inode`. It may have been redirected since. */
export function isJournal(fd: number, stream: string | undefined): boolean {
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** Syslog; the socket is opened again after a failure, and while it fails lines go to stderr. */
export function syslogDestination(open: () => DatagramSender, facility: number, suffix?: string): LogDestination {
  let send: DatagramSender | undefined;
  return {
    write(line) {
      const record = JSON.parse(line) as LogRecord;
      const datagram = syslogDatagram(record, facility, suffix);
      for (let attempt = 0; attempt < 2; attempt++) {
        try {
          send ??= open();
          send(datagram);
          return;
        } catch {
          // A restarted syslog daemon has a new socket: the second attempt opens it.
          send = undefined;
        }
      }
      writeFully(2, formatLine(record));
    },
  };
}

function openAppending(file: string): number {
  const fd = openSync(file, 'a', 0o600);
  process.on('exit', () => closeSync(fd));
  return fd;
}

/** A log that cannot be written must not stop a router: after a few attempts the line is given up. */
function writeFully(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  let offset = 0;
  for (let attempt = 0; attempt < 20 && offset < bytes.length; attempt++) {
    try {
      offset += writeSync(fd, bytes, offset);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
    }
  }
}
