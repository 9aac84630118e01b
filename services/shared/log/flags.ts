/** The logging flags, shared by the supervisor and the services it starts, and their way from one to the other. Pure. */

/** What the flags of keepalived(8) say about logging. */
export interface LogFlags {
  /** -l: to the console, as text. */
  readonly console: boolean;
  /** -D: detailed messages. */
  readonly detail: boolean;
  /** -d: everything, with the accepted configuration. */
  readonly dump: boolean;
  /** -g FILE: appended to a file. */
  readonly file?: string;
  /** -G: never to syslog. */
  readonly noSyslog: boolean;
  /** -S 0..7: facility LOG_LOCALn. */
  readonly facility?: number;
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
  readonly 'dont-fork'?: boolean | undefined;
}

/** Reads the parsed flags. Throws RangeError when -S is not 0..7. */
export function logFlags(values: LogOptionValues): LogFlags {
  const facilityText = values['log-facility'];
  if (facilityText !== undefined && !/^[0-7]$/.test(facilityText)) {
    throw new RangeError(`-S/--log-facility takes 0 to 7 (LOG_LOCAL0 to LOG_LOCAL7), not '${facilityText}'`);
  }
  const file = values['log-file'];
  return {
    console: values['log-console'] ?? false,
    detail: values['log-detail'] ?? false,
    dump: values['dump-conf'] ?? false,
    noSyslog: values['no-syslog'] ?? false,
    foreground: values['dont-fork'] ?? false,
    ...(file === undefined ? {} : { file }),
    ...(facilityText === undefined ? {} : { facility: Number(facilityText) }),
  };
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
    ...(flags.facility === undefined ? [] : ['-S', String(flags.facility)]),
  ];
}
