/** `startup_script` and `shutdown_script`: what runs before the services start and after they ended. Pure. */
import { type Micros, seconds } from '../time/duration.js';
import type { Argument } from './argument.js';
import * as Scripts from './globals/scripts.js';
import type { KeywordSpec } from './keyword.js';
import type { Block } from './readBlock.js';
import type { Reporter } from './reporter.js';
import type { ScriptCommand } from './scriptCommand.js';
import { readScript } from './scriptWords.js';

/** Time limit of both where none is given (keepalived.conf(5)). */
const DEFAULT_TIMEOUT: Micros = seconds(10);

export interface SuiteScript {
  readonly command: ScriptCommand;
  readonly timeout: Micros;
}

export interface SuiteScripts {
  readonly startup?: SuiteScript;
  readonly shutdown?: SuiteScript;
}

/** Reads both from `global_defs`. */
export function readSuiteScripts(globals: Block, report: Reporter): SuiteScripts {
  const startup = readOne(globals, Scripts.STARTUP_SCRIPT, Scripts.STARTUP_SCRIPT_TIMEOUT, report);
  const shutdown = readOne(globals, Scripts.SHUTDOWN_SCRIPT, Scripts.SHUTDOWN_SCRIPT_TIMEOUT, report);
  return { ...(startup === undefined ? {} : { startup }), ...(shutdown === undefined ? {} : { shutdown }) };
}

function readOne(
  globals: Block,
  script: KeywordSpec,
  timeout: KeywordSpec<readonly [Argument<number>]>,
  report: Reporter,
): SuiteScript | undefined {
  const found = globals.last(script);
  const command = found === undefined ? undefined : readScript(found.statement.words, report);
  if (command === undefined) return undefined;
  const limit = globals.last(timeout)?.values[0];
  return { command, timeout: limit === undefined ? DEFAULT_TIMEOUT : seconds(limit) };
}
