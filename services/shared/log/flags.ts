/** The logging flags, shared by the supervisor and the services it starts, and their way from one to the other. Pure. */

/** LOG_DAEMON of syslog.h. */
export const FACILITY_DAEMON = 3;

/** What the flags of keepalived(8) say about logging. */
export interface LogFlags {
  /** -l: to the console, as text. */
  readonly console: boolean;
  /** -D: detailed messages. */
  readonly detail: boolean;
  /** -d: everything, with the accepted configuration. */
  readonly dump: boolean;
  /** --log-level: above what -D and -d say. */
  readonly level?: string;
  /** -g FILE: appended to a file. */
  readonly file?: string;
  /** -G: never to syslog. */
  readonly noSyslog: boolean;
  /** -S: facility number of syslog.h. */
  readonly facility?: number;
  /** Appended to the name in syslog, where there are several suites: keepwatch-vrrpd_NAME. */
  readonly suffix?: string;
  /** Runs in the foreground (-n): the console is the place to look. */
  readonly foreground: boolean;
}

/** `node:util` parseArgs options of the logging flags. */
export const LOG_OPTIONS = {
  'log-console': { type: 'boolean', short: 'l' },
  'log-detail': { type: 'boolean', short: 'D' },
  'dump-conf': { type: 'boolean', short: 'd' },
  'log-file': { type: 'string', short: 'g' },
  'no-syslog': { type: 'boolean', short: 'G' },
  'log-facility': { type: 'string', short: 'S' },
  'log-suffix': { type: 'string' },
  'log-level': { type: 'string' },
  'dont-fork': { type: 'boolean', short: 'n' },
} as const;

/** Values as `parseArgs` returns them for {@link LOG_OPTIONS}. */
export interface LogOptionValues {
  readonly 'log-console'?: boolean | undefined;
  readonly 'log-detail'?: boolean | undefined;
  readonly 'dump-conf'?: boolean | undefined;
  readonly 'log-file'?: string | undefined;
  readonly 'no-syslog'?: boolean | undefined;
  readonly 'log-facility'?: string | undefined;
  readonly 'log-suffix'?: string | undefined;
  readonly 'log-level'?: string | undefined;
  readonly 'dont-fork'?: boolean | undefined;
}

/** What a level may be called, from few messages to many. */
export const LOG_LEVELS: readonly string[] = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'];

/** Reads the parsed flags; KEEPWATCH_LOG_LEVEL stands for --log-level. Throws RangeError for a facility or level that there is not. */
export function logFlags(values: LogOptionValues, environment: NodeJS.ProcessEnv = process.env): LogFlags {
  const facilityText = values['log-facility'];
  const facility = facilityText === undefined ? undefined : facilityNumber(facilityText);
  const file = values['log-file'];
  const suffix = values['log-suffix'];
  const level = values['log-level'] ?? (environment.KEEPWATCH_LOG_LEVEL || undefined);
  if (level !== undefined && !LOG_LEVELS.includes(level)) {
    const source = values['log-level'] === undefined ? 'KEEPWATCH_LOG_LEVEL' : '--log-level';
    throw new RangeError(`${source} takes ${LOG_LEVELS.join(', ')}, not '${level}'`);
  }
  return {
    console: values['log-console'] ?? false,
    detail: values['log-detail'] ?? false,
    dump: values['dump-conf'] ?? false,
    noSyslog: values['no-syslog'] ?? false,
    foreground: values['dont-fork'] ?? false,
    ...(file === undefined ? {} : { file }),
    ...(facility === undefined ? {} : { facility }),
    ...(suffix === undefined ? {} : { suffix }),
    ...(level === undefined ? {} : { level }),
  };
}

/** The level a process begins with. */
export const firstLevel = ({ level, dump, detail }: LogFlags): string =>
  level ?? (dump ? 'trace' : detail ? 'debug' : 'info');

/** Facility number of syslog.h for what -S takes: 0..7 or local0..local7, user, daemon. */
function facilityNumber(text: string): number {
  const local = /^(?:local)?([0-7])$/.exec(text)?.[1];
  if (local !== undefined) return 16 + Number(local);
  if (text === 'user') return 1;
  if (text === 'daemon') return FACILITY_DAEMON;
  throw new RangeError(`-S/--log-facility takes 0 to 7, local0 to local7, user or daemon, not '${text}'`);
}

/** What -S takes for a facility number. */
function facilityName(facility: number): string {
  if (facility === 1) return 'user';
  return facility === FACILITY_DAEMON ? 'daemon' : `local${facility - 16}`;
}

/** The same flags as arguments for a service. */
export function logArguments(flags: LogFlags): string[] {
  return [
    ...(flags.console ? ['-l'] : []),
    ...(flags.detail ? ['-D'] : []),
    ...(flags.dump ? ['-d'] : []),
    ...(flags.noSyslog ? ['-G'] : []),
    ...(flags.foreground ? ['-n'] : []),
    ...(flags.file === undefined ? [] : ['-g', flags.file]),
    ...(flags.facility === undefined ? [] : ['-S', facilityName(flags.facility)]),
    ...(flags.suffix === undefined ? [] : ['--log-suffix', flags.suffix]),
    ...(flags.level === undefined ? [] : ['--log-level', flags.level]),
  ];
}
