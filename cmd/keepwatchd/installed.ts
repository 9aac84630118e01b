/** The version that is installed where this one was started from: whether it starts, and putting it in our place. */
import { spawn, spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { replaceProcess } from '../../services/shared/kernel/process.js';
import { logArguments } from '../../services/shared/log/flags.js';
import type { ServiceName } from '../../services/shared/rpc/service.js';
import type { Situation } from '../../services/supervisor/confinement.js';
import { launchPlan } from '../../services/supervisor/launchPlan.js';
import { findNsenter, missingNamespace } from '../../services/supervisor/placement.js';
import type { Rights } from '../../services/supervisor/rights.js';
import type { ServiceUser } from '../../services/supervisor/serviceHome.js';
import { childEnvironment, type ServiceCommand } from '../../services/supervisor/serviceProcess.js';
import type { Flags } from './flags.js';
import { configFileOf } from './loadFile.js';

/** How long a command may take to say its version or to check the configuration. */
const PROBE_LIMIT_MS = 30_000;

/**
 * A service's own command beside ours, run as we are: bundled under plain node, or from sources under the same loader; with
 * these rights alone where that can be.
 */
export function commandOf(
  name: ServiceName,
  { runDir, stateDir, log }: Pick<Flags, 'runDir' | 'stateDir' | 'log'>,
  rights: Rights,
  situation: Situation,
  more: readonly string[] = [],
  user?: ServiceUser,
): ServiceCommand {
  return launchPlan({
    rights,
    node: { file: process.execPath, flags: process.execArgv },
    main: mainOf(name),
    runDir,
    stateDir,
    log: logArguments(log),
    more,
    startedIn: process.cwd(),
    situation,
    ...(user === undefined ? {} : { user }),
  });
}

/** Tries to enter a namespace as a service would; the reason why it cannot be, in nsenter's words. */
export function tryNamespace(path: string): string | undefined {
  const nsenter = findNsenter();
  if (nsenter === undefined) return NO_NSENTER;
  const missing = missingNamespace(path);
  if (missing !== undefined) return missing;
  const { status, stderr, error } = spawnSync(nsenter, [`--net=${path}`, '--', '/bin/true'], { encoding: 'utf8' });
  if (status === 0) return undefined;
  return error?.message ?? (stderr.trim() === '' ? `nsenter ended with ${status}` : stderr.trim());
}

export const NO_NSENTER = 'nsenter is not installed (package util-linux)';

/** Looked up anew each time: what is installed may be another version than when we were started. */
export function mainOf(name: string): string {
  const ours = realpathSync(process.argv[1] ?? '');
  return join(dirname(dirname(ours)), name, `main${extname(ours)}`);
}

/** Why the installed version should not take over; undefined when every command starts and takes the configuration. */
export async function preflight(names: readonly ServiceName[], flags: Flags): Promise<string | undefined> {
  const { configId, lenient, allIncluded } = flags;
  const test = ['-t', '-f', configFileOf(flags), ...(configId === undefined ? [] : ['-i', configId])];
  const probes: readonly (readonly [string, readonly string[]])[] = [
    ...['keepwatchd', ...names].map((name) => [name, ['--version']] as const),
    ['keepwatchd', [...test, ...(lenient ? ['--lenient'] : []), ...(allIncluded ? ['-e'] : [])]],
  ];
  for (const [name, args] of probes) {
    const problem = await probe(mainOf(name), args);
    if (problem !== undefined)
      return `the installed ${name} ${args[0] === '-t' ? 'refuses the configuration' : 'does not start'}: ${problem}`;
  }
  return undefined;
}

/** Puts the installed supervisor in our place: same process, flags and environment. Throws KernelError. */
export function replaceSupervisor(): never {
  const [, ...argv] = process.argv;
  return replaceProcess(process.execPath, [process.execPath, ...process.execArgv, ...argv], process.env);
}

async function probe(main: string, args: readonly string[]): Promise<string | undefined> {
  const child = spawn(process.execPath, [...process.execArgv, main, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: childEnvironment(process.env),
    timeout: PROBE_LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const how = await new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === 0 ? undefined : `exit code ${code ?? signal}`));
  });
  return how === undefined ? undefined : [how, said.trim()].filter((text) => text !== '').join(': ');
}
