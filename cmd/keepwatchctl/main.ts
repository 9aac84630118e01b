/** keepwatchctl: flags and wiring. A client of the control API and nothing else. */
import { Command, CommanderError } from 'commander';
import { DEFAULT_RUN_DIR } from '../../services/shared/rpc/paths.js';
import { VERSION } from '../../services/shared/rpc/version.js';
import { failureOf, type Target, targetOf } from './connection.js';
import { EXIT_GOOD, EXIT_USAGE } from './exitCode.js';
import { reload } from './reload.js';
import { showStatus } from './status.js';
import { stop } from './stop.js';
import { watch } from './watch.js';

const EXIT_CODES = `
Exit codes: 0 good; 1 status: something needs attention; 2 wrong usage; 3 no suite answers there;
4 the suite answered with an error or not in time; 5 reload: refused.

The suite is found by --address, else by --run-dir, else by KEEPWATCH_RUN_DIR, else in ${DEFAULT_RUN_DIR}.`;

interface GlobalOptions {
  readonly runDir?: string;
  readonly address?: string;
  readonly json?: boolean;
}

let exitCode: number = EXIT_GOOD;

const program = new Command('keepwatchctl')
  .description('Shows and steers a Keepwatch suite.')
  .version(`keepwatchctl ${VERSION}`, '-v, --version')
  .option('--run-dir <dir>', 'run directory of the suite')
  .option('--address <address>', 'unix:/path/to/socket or host:port')
  .option('--json', 'print protobuf JSON')
  .addHelpText('after', EXIT_CODES)
  .exitOverride();

program
  .command('status')
  .description('who is master, why, since when; pools; services')
  .option('--json', 'print protobuf JSON')
  .action((_options, command: Command) => perform(command, (target, { json }) => showStatus(target, json === true)));
program
  .command('watch')
  .description('follow the suite: drawn in place on a terminal, else one line an event')
  .option('--json', 'one protobuf JSON message a line: the status, with --events each event')
  .option('--events', 'events instead of the status')
  .action((_options, command: Command) =>
    perform(command, (target, options: GlobalOptions & { readonly events?: boolean }) =>
      watch(target, { json: options.json === true, events: options.events === true }),
    ),
  );
program
  .command('reload')
  .description('read the configuration again; refused ones change nothing')
  .option('--json', 'print protobuf JSON')
  .action((_options, command: Command) => perform(command, (target, { json }) => reload(target, json === true)));
program
  .command('stop')
  .description('stop everything in good order and wait until it is gone')
  .action((_options, command: Command) => perform(command, (target) => stop(target)));

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

async function perform<Options extends GlobalOptions>(
  command: Command,
  action: (target: Target, options: Options) => Promise<number>,
): Promise<void> {
  const options = command.optsWithGlobals<Options>();
  const target = targetOf(options);
  try {
    exitCode = await action(target, options);
  } catch (error) {
    const failure = failureOf(error, target);
    process.stderr.write(`keepwatchctl: ${failure.message}\n`);
    exitCode = failure.exitCode;
  }
}
