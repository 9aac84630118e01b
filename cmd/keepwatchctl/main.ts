/** keepwatchctl: flags and wiring. What a command does not need is not loaded: most need no gRPC. */
import { resolve } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { DEFAULT_RUN_DIR } from '../../services/shared/rpc/paths.js';
import { VERSION } from '../../services/shared/rpc/version.js';
import type { ConfigPlace } from '../keepwatchd/loadFile.js';
import { countOf, durationOf } from './arguments.js';
import { EXIT_GOOD, EXIT_USAGE } from './exitCode.js';
import { orderCommands } from './orderCommands.js';
import { Failure, type Target, type TargetFlags, targetOf } from './target.js';

const EXIT_CODES = `
Exit codes: 0 good; 1 status, dump, health: something needs attention, fmt --check: not formatted; 2 wrong usage; 3 no suite answers
there; 4 the suite answered with an error or not in time, or the configuration cannot be read; 5 refused, or errors in the
configuration; 6 script security, or a file that an include check demands is missing.

The suite is found by --address, else by --run-dir, else by KEEPWATCH_ADDRESS, else by KEEPWATCH_RUN_DIR, else in ${DEFAULT_RUN_DIR}.
An address host:port is reached by TLS with --cert, --key and --ca, else with what KEEPWATCH_CERT, KEEPWATCH_KEY and KEEPWATCH_CA
name.`;

interface GlobalOptions extends TargetFlags {
  readonly json?: boolean;
}

/** How a configuration file is read. */
interface ReadOptions extends GlobalOptions {
  readonly configId?: string;
  readonly lenient?: boolean;
}

let exitCode: number = EXIT_GOOD;

const program = new Command('keepwatchctl')
  .description('Shows and steers a Keepwatch suite; checks, shows, formats and compares configurations.')
  .version(`keepwatchctl ${VERSION}`, '-v, --version')
  .option('--run-dir <dir>', 'run directory of the suite')
  .option('--address <address>', 'unix:/path/to/socket or host:port')
  .option('--cert <file>', 'certificate to show at host:port, PEM')
  .option('--key <file>', 'key of that certificate, PEM')
  .option('--ca <file>', 'authority that signed the certificate of the server, PEM')
  .option('--json', 'print JSON')
  .addHelpText('after', EXIT_CODES)
  .exitOverride();

/** Flags of the commands that read a configuration file. */
const reading = (command: Command): Command =>
  command
    .option('-i, --config-id <id>', 'take lines that begin with @ID (default: the host name)')
    .option('--lenient', 'what keepalived answers with a warning and leaves out is a warning instead of an error');

const placeOf = (file: string | undefined, { configId, lenient }: ReadOptions): ConfigPlace => ({
  configFile: file === undefined ? undefined : resolve(file),
  configId,
  lenient: lenient ?? false,
});

program
  .command('status')
  .description('who is master, why, since when; pools; services')
  .option('--json', 'print protobuf JSON')
  .action((_options, command: Command) =>
    withSuite(command, async (target, { json }) => (await import('./status.js')).showStatus(target, json === true)),
  );
program
  .command('watch')
  .description('follow the suite: drawn in place on a terminal, else one line an event')
  .option('--json', 'one protobuf JSON message a line: the status, with --events each event')
  .option('--events', 'events instead of the status')
  .action((_options, command: Command) =>
    withSuite(command, async (target, options: GlobalOptions & { readonly events?: boolean }) =>
      (await import('./watch.js')).watch(target, { json: options.json === true, events: options.events === true }),
    ),
  );
program
  .command('history')
  .description('what changed and why, oldest first')
  .argument('[subject]', 'only of this instance, group, tracker, server or service; as named in the output')
  .option('--since <duration>', 'only the last 30s, 15m, 12h, 2d')
  .option('--limit <number>', 'at most that many, the newest (0: all)', '100')
  .option('--json', 'print protobuf JSON')
  .action((subject: string | undefined, _options, command: Command) =>
    withSuite(command, async (target, options: GlobalOptions & { readonly since?: string; readonly limit: string }) =>
      (await import('./history.js')).showHistory(target, {
        subject: subject ?? '',
        limit: countOf(options.limit, '--limit'),
        sinceMs: options.since === undefined ? undefined : durationOf(options.since, '--since'),
        json: options.json === true,
      }),
    ),
  );
program
  .command('audit')
  .description('who changed what through the API, and who was refused, oldest first')
  .option('--since <duration>', 'only the last 30s, 15m, 12h, 2d')
  .option('--limit <number>', 'at most that many, the newest (0: all)', '100')
  .option('--json', 'print protobuf JSON')
  .action((_options, command: Command) =>
    withSuite(command, async (target, options: GlobalOptions & { readonly since?: string; readonly limit: string }) =>
      (await import('./audit.js')).showAudit(target, {
        limit: countOf(options.limit, '--limit'),
        sinceMs: options.since === undefined ? undefined : durationOf(options.since, '--since'),
        json: options.json === true,
      }),
    ),
  );
program
  .command('notifications')
  .description('what scripts, FIFOs and people were told lately: exit status, duration, last output; and what waits')
  .argument('[about]', "an instance, group or virtual server: 'VI_1', 'group VG_1' (default: all)")
  .option('--failed', 'only what did not work')
  .option('--json', 'print protobuf JSON')
  .action((about: string | undefined, _options, command: Command) =>
    withSuite(command, async (target, { json, failed }: GlobalOptions & { readonly failed?: boolean }) =>
      (await import('./notifications.js')).showNotifications(target, {
        json: json === true,
        failed: failed === true,
        about,
      }),
    ),
  );
program
  .command('explain')
  .description('why an instance is what it is, what comes next and what would change it, in plain words')
  .argument('<instance>', 'name of a VRRP instance')
  .action((name: string, _options, command: Command) =>
    withSuite(command, async (target) => (await import('./explain.js')).explain(target, name)),
  );
orderCommands(program, withSuite);
program
  .command('dump')
  .description('everything known about the suite, as JSON')
  .addOption(
    new Option('--format <format>', "Keepwatch's protobuf JSON, or what exporters read of keepalived's")
      .choices(['json', 'keepalived-json'])
      .default('json'),
  )
  .action((_options, command: Command) =>
    withSuite(command, async (target, { format }: GlobalOptions & { readonly format?: string }) =>
      (await import('./dump.js')).dump(target, format === 'keepalived-json' ? 'keepalived-json' : 'json'),
    ),
  );
program
  .command('support-bundle')
  .description('status, history, configuration without passwords and facts of the machine, in one file')
  .argument('[file]', 'where to; it must not exist (default: keepwatch-support-TIME.json here)')
  .action((file: string | undefined, _options, command: Command) =>
    withSuite(command, async (target) => (await import('./supportBundle.js')).writeSupportBundle(target, file)),
  );
program
  .command('log-level')
  .description('how much services log, until they end')
  .argument('<level>', 'fatal, error, warn, info, debug, trace')
  .argument('[service]', 'only this service')
  .action((level: string, service: string | undefined, _options, command: Command) =>
    withSuite(command, async (target) => (await import('./logLevel.js')).setLogLevel(target, service ?? '', level)),
  );
program
  .command('reload')
  .description('read the configuration again; refused ones change nothing')
  .option('--json', 'print protobuf JSON')
  .action((_options, command: Command) =>
    withSuite(command, async (target, { json }) => (await import('./reload.js')).reload(target, json === true)),
  );
reading(program.command('apply'))
  .description('put a configuration in force; with --confirm only until it is confirmed')
  .argument('<file>', 'configuration')
  .option('--confirm <time>', 'go back to the configuration before it unless confirmed within this time (60s, 5m)')
  .option('--json', 'print protobuf JSON')
  .action((file: string, _options, command: Command) =>
    withSuite(command, async (target, options: ReadOptions & { readonly confirm?: string }) => {
      const { apply, parseTrialTime } = await import('./apply.js');
      const time = options.confirm === undefined ? undefined : parseTrialTime(options.confirm);
      if (options.confirm !== undefined && time === undefined) {
        throw new Failure(EXIT_USAGE, `--confirm ${options.confirm}: a time such as 60s, 5m or 500ms`);
      }
      return apply(target, { ...placeOf(file, options), configFile: resolve(file) }, time, options.json === true);
    }),
  );
program
  .command('confirm')
  .description('keep the configuration that is on trial')
  .action((_options, command: Command) =>
    withSuite(command, async (target) => (await import('./apply.js')).confirm(target)),
  );
program
  .command('rollback')
  .description('end a trial: the configuration before it comes back')
  .action((_options, command: Command) =>
    withSuite(command, async (target) => (await import('./apply.js')).rollback(target)),
  );
program
  .command('health')
  .description('the gRPC health of each process here; for probes of container runtimes')
  .argument('[process...]', 'keepwatchd or a service (default: all that have a socket in the run directory)')
  .action((named: string[], _options, command: Command) =>
    withSuite(command, async (target) => (await import('./health.js')).health(target, named)),
  );
program
  .command('upgrade')
  .description('replace every process by the version that is installed now; peers and clients notice nothing')
  .option('--if-changed', 'do nothing when every process is of the installed version')
  .action(({ ifChanged }: { readonly ifChanged?: boolean }, command: Command) =>
    withSuite(command, async (target) => (await import('./upgrade.js')).upgrade(target, ifChanged ?? false)),
  );
program
  .command('stop')
  .description('stop everything in good order and wait until it is gone')
  .action((_options, command: Command) =>
    withSuite(command, async (target) => (await import('./stop.js')).stop(target)),
  );

reading(program.command('plan'))
  .description('what a reload would add, remove, change and replace, and which states would move; changes nothing')
  .argument('[file]', "configuration to plan (default: the suite's own)")
  .option('--against <file>', 'compare with this file instead of the running suite')
  .option('--json', 'print protobuf JSON')
  .action((file: string | undefined, _options, command: Command) =>
    withSuite(command, async (target, options: ReadOptions & { readonly against?: string }) => {
      const json = options.json === true;
      if (options.against === undefined) {
        const place = file === undefined ? undefined : placeOf(file, options);
        return (await import('./planReload.js')).planReload(target, place, json);
      }
      if (file === undefined) throw new Failure(EXIT_USAGE, 'plan --against needs the file to plan too');
      const { planFiles } = await import('./planFiles.js');
      return planFiles(placeOf(file, options), placeOf(options.against, options), json);
    }),
  );

reading(program.command('check'))
  .description('check a configuration as keepwatchd -t does')
  .argument('<file>', 'configuration')
  .option('--json', 'findings as protobuf JSON on stdout')
  .option('--warnings-as-errors', 'a warning counts as an error')
  .action((file: string, _options, command: Command) =>
    offline(command, async (options: ReadOptions & { readonly warningsAsErrors?: boolean }) =>
      (await import('../keepwatchd/configTest.js')).testConfig({
        ...placeOf(file, options),
        output: undefined,
        warningsAsErrors: options.warningsAsErrors === true,
        json: options.json === true,
      }),
    ),
  );

reading(program.command('config').description('show a configuration').command('show'))
  .description('what a configuration comes to; passwords are hidden')
  .argument('[file]', 'configuration (default: that of keepwatchd)')
  .option('--expanded', 'as text, with includes, conditions, parameters and sequences resolved (default)')
  .option('--typed', 'what the services run on, with all defaults')
  .option('--json', 'the same as JSON: durations in microseconds')
  .option('--secrets', 'show passwords')
  .action((file: string | undefined, _options, command: Command) =>
    offline(
      command,
      async (
        options: ReadOptions & { readonly expanded?: boolean; readonly typed?: boolean; readonly secrets?: boolean },
      ) => {
        const { expanded, typed, json } = options;
        if ([expanded, typed, json].filter((chosen) => chosen === true).length > 1) {
          throw new Failure(EXIT_USAGE, 'config show takes one of --expanded, --typed and --json');
        }
        const form = typed === true ? 'typed' : json === true ? 'json' : 'expanded';
        return (await import('./configShow.js')).showConfig(placeOf(file, options), form, options.secrets === true);
      },
    ),
  );

program
  .command('fmt')
  .description('format a configuration: to stdout, in place, or only tell whether it is formatted')
  .argument('<file>', 'configuration')
  .option('--write', 'in place')
  .option('--check', 'print the name and exit 1 when it is not formatted')
  .action((file: string, _options, command: Command) =>
    offline(
      command,
      async ({ write, check }: GlobalOptions & { readonly write?: boolean; readonly check?: boolean }) => {
        if (write === true && check === true) throw new Failure(EXIT_USAGE, 'fmt takes one of --write and --check');
        return (await import('./fmt.js')).format(file, write === true ? 'write' : check === true ? 'check' : 'print');
      },
    ),
  );

program
  .command('keywords')
  .description('every keyword with its arguments, status, default and meaning')
  .argument('[scope]', "a block's name or path, such as vrrp_instance or virtual_server/real_server; 'top level'")
  .option('--json', 'as JSON, with counts')
  .action((scope: string | undefined, _options, command: Command) =>
    offline(command, async ({ json }: GlobalOptions) =>
      (await import('./keywords.js')).showKeywords(scope, json === true),
    ),
  );

// The reader of a pipe may have read enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

void main().then((code) => {
  process.exitCode = code;
});

async function main(): Promise<number> {
  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // commander has printed its message; asking for help or the version is no error.
    exitCode = error.exitCode === 0 ? EXIT_GOOD : EXIT_USAGE;
  }
  return exitCode;
}

/** Runs a command that talks to the suite. */
async function withSuite<Options extends GlobalOptions>(
  command: Command,
  action: (target: Target, options: Options) => Promise<number>,
): Promise<void> {
  const options = command.optsWithGlobals<Options>();
  const target = targetOf(options);
  try {
    exitCode = await action(target, options);
  } catch (error) {
    fail(error instanceof Failure ? error : (await import('./connection.js')).failureOf(error, target));
  }
}

/** Runs a command that needs no suite. */
async function offline<Options extends GlobalOptions>(
  command: Command,
  action: (options: Options) => Promise<number>,
): Promise<void> {
  try {
    exitCode = await action(command.optsWithGlobals<Options>());
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    fail(error);
  }
}

function fail(failure: Failure): void {
  process.stderr.write(`keepwatchctl: ${failure.message}\n`);
  exitCode = failure.exitCode;
}
