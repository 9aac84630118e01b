/** What every `cmd/<service>/main.ts` does: flags, logger, run, exit code. */
import { parseArgs } from 'node:util';
import { type DatagramSender, openDestination } from '../log/destination.js';
import { firstLevel, LOG_OPTIONS, type LogFlags, logFlags } from '../log/flags.js';
import { type Logger, loggerTo } from '../log/logger.js';
import type { Clock } from '../time/clock.js';
import { EXIT_CANNOT_START, fail, leave } from './commandEnd.js';
import { DEFAULT_RUN_DIR, DEFAULT_STATE_DIR, defaultDirectories } from './paths.js';
import { type RunServiceOptions, runService } from './runService.js';
import type { ServiceName } from './service.js';
import { VERSION } from './version.js';

export interface ServiceMainOptions {
  readonly name: ServiceName;
  /** One line for --help. */
  readonly summary: string;
  readonly clock: Clock;
  readonly start: RunServiceOptions['start'];
  /** Opens a Unix datagram socket, for syslog. */
  readonly openDatagram?: (path: string) => DatagramSender;
  /** It can stand by for a process that serves (`--standby`). */
  readonly standby?: boolean;
}

interface ServiceFlags {
  readonly runDir: string;
  readonly stateDir: string;
  readonly standby: boolean;
  readonly log: LogFlags;
}

/** Runs the service named and ends the process with its exit code. */
export async function serviceMain(options: ServiceMainOptions): Promise<never> {
  const { name } = options;
  const flags = parseFlags(options);
  const logger = openLogger(options, flags);

  // Crash-only: a state nobody foresaw is left by dying; the supervisor starts a successor that resumes.
  const die = (error: unknown): never => {
    logger.fatal({ err: error }, 'error of this program');
    process.exit(1);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);

  try {
    const { clock, start } = options;
    process.exit(await runService({ name, version: VERSION, clock, logger, start, ...flags }));
  } catch (error) {
    logger.fatal({ err: error }, `${name} cannot start`);
    process.exit(EXIT_CANNOT_START);
  }
}

function openLogger(options: ServiceMainOptions, flags: ServiceFlags): Logger {
  try {
    const destination = openDestination(flags.log, {
      stderrIsTerminal: process.stderr.isTTY === true,
      ...(options.openDatagram === undefined ? {} : { openDatagram: options.openDatagram }),
    });
    return loggerTo(destination, options.name, firstLevel(flags.log));
  } catch (error) {
    return fail(options.name, `cannot open the log: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parseFlags({ name, summary, standby = false }: ServiceMainOptions): ServiceFlags {
  try {
    const { runDir, stateDir } = defaultDirectories();
    const { values } = parseArgs({
      options: {
        ...LOG_OPTIONS,
        'run-dir': { type: 'string', default: runDir },
        'state-dir': { type: 'string', default: stateDir },
        ...(standby ? { standby: { type: 'boolean', default: false } as const } : {}),
        version: { type: 'boolean', short: 'v' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) return leave(helpText(name, summary, standby));
    if (values.version) return leave(`keepwatch-${name} ${VERSION}\n`);
    return {
      runDir: values['run-dir'],
      stateDir: values['state-dir'],
      standby: 'standby' in values && values.standby === true,
      log: logFlags(values),
    };
  } catch (error) {
    return fail(name, error instanceof Error ? error.message : String(error));
  }
}

const helpText = (name: ServiceName, summary: string, standby: boolean): string => `Usage: keepwatch-${name} [options]

${summary}
Started by keepwatchd, or by itself where keepwatchd runs with --attach. Waits for its configuration on
<run-dir>/${name}.sock.

  --run-dir DIR          socket and pid file (default ${DEFAULT_RUN_DIR})
  --state-dir DIR        dumps and records (default ${DEFAULT_STATE_DIR})${
    standby
      ? `
  --standby              be the spare of the one that runs: take over when it dies`
      : ''
  }
  -l, --log-console      log to stderr, as text
  -D, --log-detail       log details
  -d, --dump-conf        log everything
  -g, --log-file FILE    log to a file
  -G, --no-syslog        never log to syslog
  -S, --log-facility N   syslog facility LOG_LOCAL0 to LOG_LOCAL7
      --log-suffix TEXT  appended to the name in syslog
      --log-level LEVEL  fatal, error, warn, info, debug or trace
  -n, --dont-fork        log to stderr; services never fork
  -v, --version          print the version
  -h, --help             print this text

KEEPWATCH_RUN_DIR, KEEPWATCH_STATE_DIR and KEEPWATCH_LOG_LEVEL in the environment stand for flags that are not given.
Exit codes: 0 stopped in good order, 1 ended by an error, 2 wrong flags or cannot start.
`;
