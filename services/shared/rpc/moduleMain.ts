/** What `cmd/snmp/main.ts` and `cmd/dbus/main.ts` do: flags, logger, the way to the suite, and the end with it. */
import { join } from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { type DatagramSender, openDestination } from '../log/destination.js';
import { firstLevel, LOG_OPTIONS, logFlags } from '../log/flags.js';
import { type Logger, loggerTo } from '../log/logger.js';
import { rpcClient, unixChannel } from './client.js';
import { fail, leave } from './commandEnd.js';
import { ControlServiceDefinition } from './generated/keepwatch/v1/control.js';
import { DEFAULT_RUN_DIR, defaultDirectories } from './paths.js';
import type { ControlClient } from './suiteView.js';
import { VERSION } from './version.js';

/** The optional processes. */
export const MODULE_NAMES = ['snmp', 'dbus'] as const;
export type ModuleName = (typeof MODULE_NAMES)[number];

/** What a module tells the supervisor that started it: whether it does its work, and if not, why. */
export interface ModuleReport {
  readonly ready: boolean;
  readonly detail: string;
}

/** What a module gets to work with. */
export interface ModuleContext<Values> {
  readonly control: ControlClient;
  readonly logger: Logger;
  /** Ends everything: what is pending stops. */
  readonly signal: AbortSignal;
  /** Tells how it is, to the log and to the supervisor. */
  readonly report: (report: ModuleReport) => void;
  /** Values of the module's own flags. */
  readonly values: Values;
}

export interface ModuleMainOptions<Options extends NonNullable<ParseArgsConfig['options']>> {
  readonly name: ModuleName;
  /** For --help. */
  readonly summary: string;
  /** Its own flags, with their lines for --help. */
  readonly options: Options;
  readonly help: string;
  readonly openDatagram: (path: string) => DatagramSender;
  /** Works until `signal`; resolves when everything is let go. */
  readonly run: (context: ModuleContext<ReturnType<typeof parseArgs<{ options: Options }>>['values']>) => Promise<void>;
}

/** Runs the module until it is told to stop, or the supervisor that started it is gone. */
export async function moduleMain<const Options extends NonNullable<ParseArgsConfig['options']>>(
  main: ModuleMainOptions<Options>,
): Promise<void> {
  const { name, run } = main;
  const flags = readFlags(main);
  const logger = openLogger(main, flags.log);
  const end = new AbortController();
  const stop = (): void => end.abort();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
  process.on('SIGHUP', () => {});
  // The channel of the supervisor that started this process: without one it is on its own.
  process.once('disconnect', stop);
  let told = '';
  const report = (state: ModuleReport): void => {
    const text = JSON.stringify(state);
    if (text === told) return;
    told = text;
    if (state.ready) logger.info(state.detail);
    else logger.warn(state.detail);
    if (process.connected) process.send?.(state);
  };
  const channel = unixChannel(flags.control);
  try {
    const control = rpcClient(ControlServiceDefinition, channel);
    await run({ control, logger, signal: end.signal, report, values: flags.values });
  } catch (error) {
    logger.fatal({ err: error }, `keepwatch-${name} ends by an error of this program`);
    process.exitCode = 1;
  } finally {
    channel.close();
    if (process.connected) process.disconnect();
  }
}

function readFlags<const Options extends NonNullable<ParseArgsConfig['options']>>(main: ModuleMainOptions<Options>) {
  try {
    const { values } = parseArgs({
      options: {
        ...LOG_OPTIONS,
        'run-dir': { type: 'string', default: defaultDirectories().runDir },
        control: { type: 'string' },
        version: { type: 'boolean', short: 'v' },
        help: { type: 'boolean', short: 'h' },
        ...main.options,
      },
    });
    const common = values as Record<string, string | boolean | undefined>;
    if (common.help === true) return leave(helpText(main));
    if (common.version === true) return leave(`keepwatch-${main.name} ${VERSION}\n`);
    return {
      control: String(common.control ?? join(String(common['run-dir']), 'keepwatchd.sock')),
      log: logFlags(common as Parameters<typeof logFlags>[0]),
      values: values as ReturnType<typeof parseArgs<{ options: Options }>>['values'],
    };
  } catch (error) {
    return fail(main.name, error instanceof Error ? error.message : String(error));
  }
}

function openLogger(
  { name, openDatagram }: Pick<ModuleMainOptions<Record<never, never>>, 'name' | 'openDatagram'>,
  log: ReturnType<typeof logFlags>,
): Logger {
  try {
    const destination = openDestination(log, { stderrIsTerminal: process.stderr.isTTY === true, openDatagram });
    return loggerTo(destination, name, firstLevel(log));
  } catch (error) {
    return fail(name, `cannot open the log: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const helpText = ({
  name,
  summary,
  help,
}: Pick<
  ModuleMainOptions<Record<never, never>>,
  'name' | 'summary' | 'help'
>): string => `Usage: keepwatch-${name} [options]

${summary}
Started by keepwatchd where the configuration asks for it; by itself where keepwatchd runs with --attach.

${help}
  --run-dir DIR          of the suite: its control socket is in it (default ${DEFAULT_RUN_DIR})
  --control SOCKET       control socket of the suite (default <run-dir>/keepwatchd.sock)
  -l, --log-console      log to stderr, as text
  -D, --log-detail       log details
  -g, --log-file FILE    log to a file
  -G, --no-syslog        never log to syslog
  -S, --log-facility N   syslog facility LOG_LOCAL0 to LOG_LOCAL7
      --log-suffix TEXT  appended to the name in syslog
      --log-level LEVEL  fatal, error, warn, info, debug or trace
  -v, --version          print the version
  -h, --help             print this text

KEEPWATCH_RUN_DIR and KEEPWATCH_LOG_LEVEL in the environment stand for flags that are not given.
Exit codes: 0 stopped in good order, 1 ended by an error, 2 wrong flags or cannot start.
`;
