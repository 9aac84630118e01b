/** keepwatchd: flags and wiring. What a use does not need is not loaded. */
import { setFlagsFromString } from 'node:v8';
import { VERSION } from '../../services/shared/rpc/version.js';
import { EXIT_CANNOT_START } from './exitCode.js';
import { type Flags, HELP, parseFlags, signalNumber } from './flags.js';

// V8 forgets the code of functions that were not called for a while, and a fail-over comes after a long while.
setFlagsFromString('--no-flush-bytecode');

void main().then((code) => {
  process.exitCode = code;
});

async function main(): Promise<number> {
  const flags = readFlags();
  if (flags === undefined) return EXIT_CANNOT_START;
  if (flags.help) return print(HELP);
  if (flags.version) return print(`Keepwatch ${VERSION}\n`);
  if (flags.signum !== undefined) {
    const number = signalNumber(flags.signum);
    if (number !== undefined) return print(`${number}\n`);
    process.stderr.write(
      `keepwatchd: no signal for '${flags.signum}': known are STOP, RELOAD, DATA and STATS; for JSON use keepwatchctl status --json\n`,
    );
    return 1;
  }
  if (flags.configTest !== undefined) {
    const { testConfig } = await import('./configTest.js');
    const { configFile, configId, lenient, allIncluded, warningsAsErrors, json } = flags;
    const place = { configFile, configId, lenient, allIncluded };
    return await testConfig({ ...place, warningsAsErrors, json, output: flags.configTest.file });
  }
  const foreground = flags.log.foreground || process.env.KEEPWATCH_READY_FD !== undefined;
  if (!foreground) {
    const { daemonize } = await import('./daemon.js');
    return await daemonize({ keepStderr: flags.log.console });
  }
  const { run } = await import('./run.js');
  // Handles of a broken connection must not keep an ended suite alive.
  process.exit(await run(flags));
}

function readFlags(): Flags | undefined {
  try {
    return parseFlags(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(
      `keepwatchd: ${error instanceof Error ? error.message : String(error)}\nTry keepwatchd --help.\n`,
    );
    return undefined;
  }
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}
