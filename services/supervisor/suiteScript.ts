/** Runs `startup_script` and `shutdown_script`, for the supervisor itself. */
import { readGlobals, scriptDefaults } from '../shared/config/globals.js';
import type { Placement } from '../shared/config/placement.js';
import { Reporter } from '../shared/config/reporter.js';
import { readSuiteScripts, type SuiteScripts } from '../shared/config/suiteScripts.js';
import type { Logger } from '../shared/log/logger.js';
import { SystemAccounts } from '../shared/script/accounts.js';
import { clearScript } from '../shared/script/clearance.js';
import type { Entrance } from '../shared/script/launch.js';
import { describeOutcome, succeeded } from '../shared/script/outcome.js';
import { ProcessScriptRunner } from '../shared/script/run.js';
import type { Clock } from '../shared/time/clock.js';
import { formatDuration } from '../shared/time/duration.js';
import type { AcceptedConfig } from './acceptedConfig.js';
import { findNsenter, namespacePath } from './placement.js';

/**
 * Runs one of them to its end, if the configuration has it. Neither start nor stop fails because of it: what went wrong
 * is logged, with the place in the configuration and the end of the script's output.
 */
export async function suiteScript(
  which: keyof SuiteScripts,
  { parts, placement }: Pick<AcceptedConfig, 'parts' | 'placement'>,
  clock: Clock,
  logger: Logger,
): Promise<void> {
  // Every part holds `global_defs`.
  const tree = parts.get('notifierd');
  if (tree === undefined) return;
  const globals = readGlobals(tree);
  const script = readSuiteScripts(globals, new Reporter(tree.files, tree.lenient))[which];
  if (script === undefined) return;
  const { command, timeout } = script;
  const { file, line, column } = command.position;
  const place = `${which}_script at ${file}:${line}:${column}`;
  const cleared = await clearScript(new SystemAccounts(), command, scriptDefaults(globals));
  if (!cleared.ok) {
    logger.error(`${place}: ${cleared.reason}`);
    return;
  }
  const { argv, identity, risk } = cleared;
  if (risk !== undefined) logger.warn(`${place} runs as root and could be replaced by others: ${risk}`);
  const { ended } = new ProcessScriptRunner(clock).run({
    argv,
    identity,
    timeout,
    output: { to: 'tail' },
    dieWithParent: true,
    ...entranceTo(placement),
  });
  const { outcome, duration, outputTail } = await ended;
  const text = `${place}: ${describeOutcome(outcome)} after ${formatDuration(duration)}`;
  const output = outputTail === '' ? {} : { output: outputTail };
  if (succeeded(outcome)) logger.info(output, text);
  else logger.error(output, text);
}

/** Scripts run where the services do. Without nsenter no service starts there either, which is told then. */
function entranceTo({ netNamespace }: Placement): { readonly entrance?: Entrance } {
  const nsenter = netNamespace === undefined ? undefined : findNsenter();
  if (netNamespace === undefined || nsenter === undefined) return {};
  return { entrance: { nsenter, path: namespacePath(netNamespace.name) } };
}
