/** The logger every process builds once and hands down. */
import { type Logger as PinoLogger, pino } from 'pino';
import { type DestinationEnvironment, type LogDestination, openDestination } from './destination.js';
import type { LogFlags } from './flags.js';

export type Logger = PinoLogger;

/** What a level may be called, from few messages to many. */
export const LOG_LEVELS: readonly string[] = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'];

/** A logger for the process `service` to the destination the flags choose. -D shows debug, -d trace messages. */
export function createLogger(
  service: string,
  flags: LogFlags,
  environment: DestinationEnvironment = { stderrIsTerminal: process.stderr.isTTY === true },
): Logger {
  return loggerTo(openDestination(flags, environment), service, flags.dump ? 'trace' : flags.detail ? 'debug' : 'info');
}

/** A logger to a given destination. */
export function loggerTo(destination: LogDestination, service: string, level = 'info'): Logger {
  return pino({ level, base: { service, pid: process.pid } }, destination);
}

/** A logger that says nothing, for tests. */
export const silentLogger = (): Logger => pino({ level: 'silent' });
