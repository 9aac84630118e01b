/** The running supervisor: lock, configuration, services, and then the suite until it ends. */
import { chmodSync, chownSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnostic } from '../../services/shared/config/diagnostic.js';
import { type PlacedName, type Placement, placementOf, suiteName } from '../../services/shared/config/placement.js';
import type { ConfigTree } from '../../services/shared/config/tree.js';
import { acquireLock, type PidLock } from '../../services/shared/kernel/pidLock.js';
import { setResourceLimit } from '../../services/shared/kernel/process.js';
import {
  DEFAULT_RUN_DIR,
  DEFAULT_STATE_DIR,
  ownedTablePath,
  pidPath,
  socketPath,
  sparePidPath,
} from '../../services/shared/rpc/paths.js';
import { readPidFile } from '../../services/shared/rpc/pidFile.js';
import type { ServiceName } from '../../services/shared/rpc/service.js';
import { isServed } from '../../services/shared/rpc/socketProbe.js';
import { SystemAccounts } from '../../services/shared/script/accounts.js';
import { readAccepted } from '../../services/supervisor/acceptedConfig.js';
import type { LoadedParts } from '../../services/supervisor/configuration.js';
import type { DashboardServer } from '../../services/supervisor/dashboard/dashboardServer.js';
import type { MetricsServer } from '../../services/supervisor/metricsServer.js';
import { type ConfigParts, configParts, type HasWork, hasWork } from '../../services/supervisor/parts.js';
import { placementProblems } from '../../services/supervisor/placement.js';
import { homeOf } from '../../services/supervisor/serviceHome.js';
import { isServiceProcess, type ServiceProcess } from '../../services/supervisor/serviceProcess.js';
import { backgroundReport } from './daemon.js';
import { EXIT_CANNOT_START, EXIT_GOOD, exitCodeFor } from './exitCode.js';
import { findingsWithSource } from './findings.js';
import type { Flags } from './flags.js';
import { tryNamespace } from './installed.js';
import { checkCommon } from './interpreters.js';
import { Launcher } from './launcher.js';
import { loadFile } from './loadFile.js';

/** Ends the start: printed, reported to the command that waits in the foreground, and the exit code. */
class CannotStart extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Runs the suite in this process until it ends; returns the exit code. */
export async function run(flags: Flags): Promise<number> {
  const report = backgroundReport();
  try {
    return await runSuite(flags, () => report?.({ code: EXIT_GOOD, text: '' }));
  } catch (error) {
    const code = error instanceof CannotStart ? error.code : EXIT_CANNOT_START;
    const text = `${error instanceof CannotStart ? error.message : `keepwatchd: ${error instanceof Error ? error.message : String(error)}`}\n`;
    if (report === undefined) process.stderr.write(text);
    else report({ code, text });
    return code;
  }
}

async function runSuite(given: Flags, onReady: () => void): Promise<number> {
  const load = (): LoadedParts => loadParts(given);
  const initial = load();
  const flags = ownDirectories(given, suiteName(initial.placement ?? {}));
  prepareDirectories(flags);
  const controlGroup = await openToGroup(flags);
  const lock = lockRunDirectory(flags);
  let metrics: MetricsServer | undefined;
  let dashboard: DashboardServer | undefined;
  try {
    allowCoreDumps(flags);
    const names = servicesFor(flags);
    const work = workRule(flags);
    const running = await Promise.all(names.map((name) => isServed(socketPath(flags.runDir, name))));
    if (initial.parts === undefined && !running.includes(true) && !flags.attach) throw refusal(initial.diagnostics);
    metrics = await openMetrics(flags);
    await lookAtApi(flags);
    dashboard = await openDashboard(flags);

    const placement = placementFor(flags, initial, running.includes(true), names);
    if (initial.parts !== undefined && isFresh(flags, running)) await runStartupScript(flags, initial.parts, placement);

    // Before the larger part of the program is loaded: the services start at the same time on the other processors.
    const launcher = new Launcher(flags, placement, initial.parts);
    if (!flags.attach && process.getuid?.() === 0 && nothingRuns(flags, names, running)) launcher.chooseUsers();
    const started = new Map<ServiceName, ServiceProcess>();
    if (!flags.attach) {
      for (const [index, name] of names.entries()) {
        if (initial.parts !== undefined && !work(initial.parts, name) && !leftBehind(flags, name)) continue;
        if (running[index] !== true && readPidFile(pidPath(flags.runDir, name)) === undefined) {
          started.set(name, launcher.start(name));
        }
      }
    }
    const { supervise } = await import('./supervise.js');
    const outcome = await supervise({
      flags,
      names,
      hasWork: work,
      load,
      judge: (tree) => judgeParts(tree, [], flags),
      initial,
      started,
      launcher,
      controlGroup,
      metrics,
      dashboard,
      onReady,
    });
    if ('refused' in outcome) throw refusal(outcome.refused);
    return outcome.code;
  } finally {
    metrics?.close();
    dashboard?.close();
    lock.release();
  }
}

/** Nothing of an earlier start of the suite goes on. Attached services run already: then its records tell. */
const isFresh = ({ attach, runDir }: Flags, running: readonly boolean[]): boolean =>
  attach ? readAccepted(runDir) === undefined : !running.includes(true);

/** No process of a service is left, not even one that hangs. */
const nothingRuns = ({ runDir }: Flags, names: readonly ServiceName[], running: readonly boolean[]): boolean =>
  !running.includes(true) &&
  names.every((name) =>
    [pidPath(runDir, name), sparePidPath(runDir, name)].every((file) => {
      const pid = readPidFile(file);
      return pid === undefined || !isServiceProcess(pid, name, runDir);
    }),
  );

/** `startup_script`, before any service is started. What it takes is loaded only for those who have one. */
async function runStartupScript(flags: Flags, parts: ConfigParts, placement: Placement): Promise<void> {
  const statements = parts.get('notifierd')?.statements.flatMap(({ children }) => children) ?? [];
  if (!statements.some(({ words: [first] }) => first?.text === 'startup_script')) return;
  const { startup } = await import('./startup.js');
  await startup(flags, parts, placement);
}

/** Opened before any service is started: a port that is taken must leave nothing behind. */
async function openMetrics({ metrics }: Flags): Promise<MetricsServer | undefined> {
  if (metrics === undefined) return undefined;
  const { listenForMetrics } = await import('../../services/supervisor/metricsServer.js');
  return await listenForMetrics(metrics);
}

/** For the same reason. The door itself needs the suite that stands behind it. */
async function lookAtApi({ api }: Flags): Promise<void> {
  if (api === undefined) return;
  const { checkApi } = await import('../../services/supervisor/api/apiDoor.js');
  await checkApi(api, new Date());
}

/** For the same reason. */
async function openDashboard({ dashboard }: Flags): Promise<DashboardServer | undefined> {
  if (dashboard === undefined) return undefined;
  const { listenForDashboard } = await import('../../services/supervisor/dashboard/dashboardServer.js');
  return await listenForDashboard(dashboard);
}

/** A suite with a name has directories of its own, unless the command line names them. */
function ownDirectories(flags: Flags, name: string): Flags {
  if (name === '') return flags;
  return {
    ...flags,
    runDir: flags.givenRunDir ? flags.runDir : join(DEFAULT_RUN_DIR, name),
    stateDir: flags.givenStateDir ? flags.stateDir : join(DEFAULT_STATE_DIR, name),
    log: { suffix: name, ...flags.log },
  };
}

/** Where services are started: beside those that run already, or where the configuration says. Throws CannotStart. */
function placementFor(
  { runDir, attach }: Flags,
  { placement = {} }: LoadedParts,
  adopts: boolean,
  names: readonly ServiceName[],
): Placement {
  if (attach) return placement;
  if (adopts) return readAccepted(runDir)?.placement ?? placement;
  const problems = placementProblems(placement, names, tryNamespace);
  if (problems.length > 0) throw new CannotStart(EXIT_CANNOT_START, findingsWithSource(problems).trimEnd());
  return placement;
}

function prepareDirectories({ runDir, stateDir }: Flags): void {
  for (const [flag, directory] of [
    ['--run-dir', runDir],
    ['--state-dir', stateDir],
  ] as const) {
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      if ((statSync(directory).mode & 0o022) !== 0) chmodSync(directory, 0o700);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new CannotStart(EXIT_CANNOT_START, `keepwatchd: ${flag} ${directory} cannot be used: ${reason}`);
    }
  }
}

/** Lets the members of --control-group reach the control socket; its own mode decides about each file. Returns the group's id. */
async function openToGroup({ controlGroup, runDir }: Flags): Promise<number | undefined> {
  if (controlGroup === undefined) return undefined;
  const group = await new SystemAccounts().group(controlGroup);
  if (group === undefined) {
    const text = `keepwatchd: --control-group ${controlGroup}: no such group; create it (groupadd --system ${controlGroup})`;
    throw new CannotStart(EXIT_CANNOT_START, text);
  }
  try {
    chownSync(runDir, -1, group);
    chmodSync(runDir, (statSync(runDir).mode & 0o777) | 0o010);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CannotStart(EXIT_CANNOT_START, `keepwatchd: ${runDir} cannot be opened to ${controlGroup}: ${reason}`);
  }
  return group;
}

function lockRunDirectory({ runDir, pidFile }: Flags): PidLock {
  const main = lockFile(
    pidPath(runDir, 'keepwatchd'),
    `run directory ${runDir}`,
    'choose another --run-dir for a second suite',
  );
  if (pidFile === undefined) return main;
  try {
    const further = lockFile(pidFile, `pid file ${pidFile}`, 'choose another --pid');
    return {
      path: main.path,
      release() {
        further.release();
        main.release();
      },
    };
  } catch (error) {
    main.release();
    throw error;
  }
}

function lockFile(path: string, what: string, advice: string): PidLock {
  const result = acquireLock(path);
  if (result.ok) return result.lock;
  const holder = result.heldBy === undefined ? 'another keepwatchd' : `keepwatchd with pid ${result.heldBy}`;
  throw new CannotStart(
    EXIT_CANNOT_START,
    `keepwatchd: ${what} is in use by ${holder}; ${advice}, or stop that one first`,
  );
}

/** -P: VRRP only, -C: checkers only; both or none: everything; -B: no BFD. notifierd tells people in any case. */
function servicesFor({ vrrpOnly, checkersOnly, bfd }: Flags): readonly ServiceName[] {
  const checkers: readonly ServiceName[] = vrrpOnly && !checkersOnly ? [] : ['ipvsd', 'healthcheckerd'];
  const vrrp: readonly ServiceName[] = checkersOnly && !vrrpOnly ? [] : ['vrrpd'];
  return ['notifierd', ...checkers, ...(bfd ? (['bfdd'] as const) : []), ...vrrp];
}

/**
 * --all: every service runs. Those that another runtime keeps alive run anyway: they are followed, but for bfdd, which few have.
 */
const workRule =
  ({ all, attach }: Flags): HasWork =>
  (parts, name) =>
    all || (attach && name !== 'bfdd') || hasWork(parts, name);

/** A suite that was killed left services in the kernel's table: ipvsd takes them out, whether there are new ones or not. */
const leftBehind = (places: Flags, name: ServiceName): boolean =>
  name === 'ipvsd' && existsSync(ownedTablePath((homeOf(places, name) ?? places).runDir));

/** Our own checks of the text and of what belongs to no service; the services judge their parts. */
function loadParts(flags: Flags): LoadedParts {
  const { tree, diagnostics, origins } = loadFile(flags);
  const judged = tree === undefined ? { diagnostics } : judgeParts(tree, diagnostics, flags);
  const trace = (found: readonly Diagnostic[]) => origins.trace(found);
  return { ...judged, diagnostics: trace(judged.diagnostics), trace };
}

function judgeParts(tree: ConfigTree, diagnostics: readonly Diagnostic[], flags: Flags): LoadedParts {
  const all = [...diagnostics, ...checkCommon(tree), ...placementNotes(placementOf(tree), flags)];
  const placement = placementOf(tree, flags.namespace);
  // A tree that came with an error is for reports only.
  if (all.some(({ severity }) => severity === 'error')) return { diagnostics: all, placement };
  return { parts: configParts(tree), placement, diagnostics: all };
}

/** Where the command line has it that the services run elsewhere than the configuration says. */
function placementNotes({ netNamespace, ipvsNamespace }: Placement, { namespace, attach }: Flags): Diagnostic[] {
  const note = ({ position }: PlacedName, message: string): Diagnostic[] => [
    { severity: 'warning', ...(position === undefined ? {} : { position }), code: 'placed-elsewhere', message },
  ];
  const first = netNamespace ?? ipvsNamespace;
  if (attach && first !== undefined)
    return note(first, 'with --attach the services run where their own runtime started them, in no other namespace');
  if (namespace === undefined || netNamespace === undefined || netNamespace.name === namespace) return [];
  return note(netNamespace, `net_namespace '${netNamespace.name}' gives way to --namespace ${namespace}`);
}

function refusal(diagnostics: LoadedParts['diagnostics']): CannotStart {
  return new CannotStart(exitCodeFor(diagnostics), findingsWithSource(diagnostics).trimEnd());
}

function allowCoreDumps({ coreDump, corePattern }: Flags): void {
  if (corePattern !== undefined) writeFileSync('/proc/sys/kernel/core_pattern', corePattern);
  if (coreDump) setResourceLimit('core', { soft: undefined, hard: undefined });
}
