/** The logger every process builds once and hands down. */
import { type Logger as PinoLogger, pino } from 'pino';
import { type DestinationEnvironment, type LogDestination, openDestination } from './destination.js';
import { firstLevel, type LogFlags } from './flags.js';

export type Logger = PinoLogger;
export { LOG_LEVELS } from './flags.js';

/** A logger for the process `service` to the destination the flags choose. -D shows debug, -d trace messages. */
export function createLogger(
  service: string,
  flags: LogFlags,
  environment: DestinationEnvironment = { stderrIsTerminal: process.stderr.isTTY === true },
): Logger {
  return loggerTo(openDestination(flags, environment), service, firstLevel(flags));
}

/** A logger to a given destination. */
export function loggerTo(destination: LogDestination, service: string, level = 'info'): Logger {
  return pino({ level, base: { service, pid: process.pid } }, destination);
}

/** A logger that says nothing, for tests. */
export const silentLogger = (): Logger => pino({ level: 'silent' });
