/** The definitions of scripts, files and processes that can be tracked. */

import type { Block, Occurrence } from '../../../shared/config/readBlock.js';
import type { Reporter } from '../../../shared/config/reporter.js';
import type { ScriptCommand } from '../../../shared/config/scriptCommand.js';
import { readScript } from '../../../shared/config/scriptWords.js';
import {
  FILE_INIT,
  FILE_PATH,
  FILE_WEIGHT,
  readFileInit,
  TRACK_FILE_DEFINITION,
} from '../../../shared/config/trackFile.js';
import { micros, seconds } from '../../../shared/time/duration.js';
import { readInterfaceDelays } from '../checks/interfaceDelays.js';
import * as T from '../keywords/tracking.js';
import type {
  TrackerKind,
  TrackFileConfig,
  TrackLine,
  TrackProcessConfig,
  TrackScriptConfig,
  VrrpConfig,
} from '../model.js';
import type { DefaultWeight, Trackable } from './trackers.js';

/** Everything defined, whether somebody tracks it or not. */
export interface TrackDefinitions {
  readonly trackable: Trackable;
  readonly scripts: readonly TrackScriptConfig[];
  readonly files: readonly TrackFileConfig[];
  readonly processes: readonly TrackProcessConfig[];
}

type Defined<Config> = ReadonlyMap<string, { readonly config: Config; readonly weight: DefaultWeight }>;

/** Reads all definitions but those of BFD `sessions`, which are read already; of a name that stands twice the first counts, as `checkDefinitions` says. */
export function readTrackDefinitions(
  root: Block,
  sessions: ReadonlyMap<string, DefaultWeight>,
  report: Reporter,
): TrackDefinitions {
  const scripts = defined(
    root.all(T.VRRP_SCRIPT),
    (found, name) => readScriptDefinition(found, name, report),
    (block) => weightOf(block.last(T.SCRIPT_WEIGHT)?.values, 0),
  );
  const files = defined(
    root.all(TRACK_FILE_DEFINITION),
    (found, name) => readFile(found, name, report),
    (block) => weightOf(block.last(FILE_WEIGHT)?.values, 1),
  );
  const processes = defined(
    root.all(T.VRRP_TRACK_PROCESS),
    (found, name) => readProcess(found, name, report),
    (block) => weightOf(block.last(T.PROCESS_WEIGHT)?.values, 1),
  );
  const configs = <Config>(all: Defined<Config>): Config[] => [...all.values()].map(({ config }) => config);
  const weights = (all: Defined<unknown>) => new Map([...all].map(([name, { weight }]) => [name, weight] as const));
  return {
    trackable: new Map<TrackerKind, ReadonlyMap<string, DefaultWeight>>([
      ['script', weights(scripts)],
      ['file', weights(files)],
      ['process', weights(processes)],
      ['bfd', sessions],
    ]),
    scripts: configs(scripts),
    files: configs(files),
    processes: configs(processes),
  };
}

/** The part of the model that says what has to be watched: only what somebody tracks. */
export function watchedConfig(
  root: Block,
  definitions: TrackDefinitions,
  owners: readonly { readonly trackers: readonly TrackLine[] }[],
  quiet: Reporter,
): Pick<VrrpConfig, 'trackScripts' | 'trackFiles' | 'trackProcesses' | 'interfaceDelays'> {
  const tracked = new Set(owners.flatMap(({ trackers }) => trackers.map(({ kind, name }) => `${kind} ${name}`)));
  const used = <Config extends { readonly name: string }>(
    kind: TrackerKind,
    all: readonly Config[],
  ): readonly Config[] => all.filter(({ name }) => tracked.has(`${kind} ${name}`));
  return {
    trackScripts: used('script', definitions.scripts),
    trackFiles: used('file', definitions.files),
    trackProcesses: used('process', definitions.processes),
    interfaceDelays: [...readInterfaceDelays(root, quiet)].map(([name, { down, up }]) => ({
      interface: name,
      down,
      up,
    })),
  };
}

function defined<Found extends Occurrence & { readonly values: readonly [string] }, Config>(
  all: readonly Found[],
  read: (found: Found, name: string) => Config | undefined,
  weight: (block: Block) => DefaultWeight,
): Defined<Config> {
  const result = new Map<string, { readonly config: Config; readonly weight: DefaultWeight }>();
  for (const found of all) {
    const [name] = found.values;
    const config = result.has(name) ? undefined : read(found, name);
    if (config !== undefined) result.set(name, { config, weight: weight(found.block) });
  }
  return result;
}

const weightOf = (values: readonly [number, string | undefined] | undefined, otherwise: number): DefaultWeight => ({
  weight: values?.[0] ?? otherwise,
  reverse: values?.[1] === 'reverse',
});

function readScriptDefinition({ block }: Occurrence, name: string, report: Reporter): TrackScriptConfig | undefined {
  const found = block.last(T.SCRIPT_COMMAND);
  const command = found === undefined ? undefined : readScript(found.statement.words, report);
  if (command === undefined) return undefined;
  const interval = block.last(T.SCRIPT_INTERVAL)?.values[0] ?? seconds(1);
  return {
    name,
    command: withUser(command, block.last(T.SCRIPT_USER_OF)?.values),
    interval,
    timeout: block.last(T.SCRIPT_TIMEOUT)?.values[0] ?? interval,
    rise: block.last(T.SCRIPT_RISE)?.values[0] ?? 1,
    fall: block.last(T.SCRIPT_FALL)?.values[0] ?? 1,
    initFail: block.has(T.SCRIPT_INIT_FAIL),
  };
}

function withUser(command: ScriptCommand, own: readonly [string, string | undefined] | undefined): ScriptCommand {
  if (own === undefined) return command;
  const [user, group] = own;
  return { argv: command.argv, position: command.position, user, ...(group === undefined ? {} : { group }) };
}

function readFile({ block, keyword }: Occurrence, name: string, report: Reporter): TrackFileConfig | undefined {
  const path = block.last(FILE_PATH);
  if (path === undefined) return undefined;
  const init = block.last(FILE_INIT);
  return {
    name,
    path: path.values[0],
    position: report.position(path.keyword ?? keyword),
    ...(init === undefined ? {} : { init: readFileInit(init, report) }),
  };
}

function readProcess({ block }: Occurrence, name: string, report: Reporter): TrackProcessConfig | undefined {
  const found = block.last(T.PROCESS_COMMAND);
  const [command, ...parameters] = found?.values[0] ?? [];
  if (found === undefined || command === undefined) return undefined;
  const matching = block.last(T.PROCESS_PARAM_MATCH)?.values[0];
  const most = block.last(T.PROCESS_QUORUM_MAX)?.values[0];
  const least = block.last(T.PROCESS_QUORUM)?.values[0] ?? (most === 0 ? 0 : 1);
  const delay = block.last(T.PROCESS_DELAY)?.values[0] ?? 0;
  const hasParameters = parameters.length > 0 || matching !== undefined;
  return {
    name,
    position: report.position(found.keyword),
    command,
    ...(hasParameters ? { parameters } : {}),
    // Without parameters there is nothing to begin with: the process must have none.
    match: matching === undefined || parameters.length === 0 ? 'exact' : matching,
    // The kernel's name of a process holds no slash, so a path can only mean the command line.
    fullCommand: block.has(T.PROCESS_FULL_COMMAND) || command.includes('/'),
    quorum: least,
    ...(most === undefined || most < least ? {} : { quorumMax: most }),
    forkDelay: micros(Math.round((block.last(T.PROCESS_FORK_DELAY)?.values[0] ?? delay) * 1e6)),
    terminateDelay: micros(Math.round((block.last(T.PROCESS_TERMINATE_DELAY)?.values[0] ?? delay) * 1e6)),
  };
}
