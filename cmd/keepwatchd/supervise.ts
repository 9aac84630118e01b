/** The larger part of the supervisor, loaded while the services start: gRPC, the suite, signals. */

import { formatDiagnostic } from '../../services/shared/config/formatDiagnostic.js';
import { readGlobals } from '../../services/shared/config/globals.js';
import { type ReloadSettings, readReloadSettings } from '../../services/shared/config/reloadSettings.js';
import { readProcessName } from '../../services/shared/config/scheduling.js';
import { readProcessName as readOwnName, setProcessName } from '../../services/shared/kernel/processName.js';
import { SystemClock } from '../../services/shared/kernel/systemClock.js';
import { notifyServiceManager } from '../../services/shared/kernel/unixDatagram.js';
import type { Logger } from '../../services/shared/log/logger.js';
import { type PlainDiagnostic, plainDiagnostics } from '../../services/shared/rpc/diagnostics.js';
import type { ConfigTree } from '../../services/shared/rpc/generated/keepwatch/v1/common.js';
import {
  AuditEntry,
  ControlServiceDefinition,
  HistoryEntry,
} from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { socketPath } from '../../services/shared/rpc/paths.js';
import { rpcService, serveUnix } from '../../services/shared/rpc/server.js';
import type { ServiceName } from '../../services/shared/rpc/service.js';
import { VERSION } from '../../services/shared/rpc/version.js';
import type { Clock } from '../../services/shared/time/clock.js';
import { type ApiDoor, openApiDoor } from '../../services/supervisor/api/apiDoor.js';
import { AuditLog } from '../../services/supervisor/api/auditLog.js';
import { localGuard } from '../../services/supervisor/api/localGuard.js';
import { limitMessages } from '../../services/supervisor/api/messageLimits.js';
import type { LoadedParts } from '../../services/supervisor/configuration.js';
import { controlService } from '../../services/supervisor/control.js';
import type { DashboardServer } from '../../services/supervisor/dashboard/dashboardServer.js';
import { History } from '../../services/supervisor/history.js';
import type { MetricsServer } from '../../services/supervisor/metricsServer.js';
import { OrderBook } from '../../services/supervisor/orderBook.js';
import type { ConfigParts, HasWork } from '../../services/supervisor/parts.js';
import { RecordFile } from '../../services/supervisor/recordFile.js';
import { loadReported } from '../../services/supervisor/reloadReport.js';
import { ReloadTimer } from '../../services/supervisor/reloadTimer.js';
import { ServiceManager, watchdogMs } from '../../services/supervisor/serviceManager.js';

import type { ServiceProcess } from '../../services/supervisor/serviceProcess.js';
import { Suite } from '../../services/supervisor/suite.js';
import { suiteScript } from '../../services/supervisor/suiteScript.js';
import type { Tracer } from '../../services/supervisor/tracing/tracer.js';
import type { Flags } from './flags.js';
import { preflight, replaceSupervisor } from './installed.js';
import type { Launcher } from './launcher.js';
import { configFileOf } from './loadFile.js';
import { ModuleLauncher } from './modules.js';
import { supervisorLogger } from './startup.js';
import { offerWatchers, permitWatchers } from './trackers.js';

export interface SuperviseOptions {
  readonly flags: Flags;
  readonly names: readonly ServiceName[];
  readonly hasWork: HasWork;
  readonly load: () => LoadedParts;
  readonly judge: (tree: ConfigTree) => LoadedParts;
  readonly initial: LoadedParts;
  /** Services that were started already. */
  readonly started: ReadonlyMap<ServiceName, ServiceProcess>;
  readonly launcher: Launcher;
  /** Id of the group that may use the control socket. */
  readonly controlGroup: number | undefined;
  /** Door for Prometheus and probes, open already. */
  readonly metrics: MetricsServer | undefined;
  /** Door for browsers, likewise. */
  readonly dashboard: DashboardServer | undefined;
  /** The suite runs with its first configuration. */
  readonly onReady: () => void;
}

/** Runs the suite until it ends. `refused`: the first configuration was, nothing is left running. */
export async function supervise(
  options: SuperviseOptions,
): Promise<{ readonly code: number } | { readonly refused: readonly PlainDiagnostic[] }> {
  const { flags, names, hasWork, load, judge, initial, started, launcher, controlGroup, metrics, dashboard, onReady } =
    options;
  const logger = supervisorLogger(flags);
  const pidFiles = new Map<ServiceName, string>();
  if (flags.vrrpPidFile !== undefined) pidFiles.set('vrrpd', flags.vrrpPidFile);
  if (flags.checkersPidFile !== undefined) pidFiles.set('healthcheckerd', flags.checkersPidFile);
  if (flags.bfdPidFile !== undefined) pidFiles.set('bfdd', flags.bfdPidFile);
  for (const { flag, why } of flags.withoutEffect) logger.warn(`${flag} has no effect: ${why}`);

  const manager = serviceManager(logger);
  const clock = new SystemClock();
  const audit = openAudit(flags.stateDir, logger, clock);
  let api: ApiDoor | undefined;
  const rename = renamer(logger);
  const timer = new ReloadTimer({ clock, logger, reload: () => void suite.reloads.reload() });
  const tracer = await openTracer(flags, clock, logger);
  const modules = new ModuleLauncher({ flags, launcher, logger, clock, audit, control: () => service });
  const suite: Suite = new Suite({
    tracer,
    told: (event) => {
      follow(manager, event);
      if (!RELOADED.has(event.code)) return;
      timer.follow(reloadSettings(suite.parts));
      rename(suite.parts);
      api?.renew();
      dashboard?.renew();
    },
    history: openHistory(flags.stateDir, logger),
    orders: new OrderBook(flags.stateDir, clock, logger),
    names,
    runDir: flags.runDir,
    stateDir: flags.stateDir,
    configFile: configFileOf(flags),
    version: VERSION,
    clock,
    logger,
    load: () => loadReported(reloadSettings(suite.parts), flags.runDir, logger, load),
    judge,
    hasWork,
    startProcess: (name) => launcher.start(name),
    startSpare: (name) => launcher.start(name, ['--standby']),
    allow: (configurations) => {
      launcher.allow(configurations);
      permitWatchers(flags.runDir, configurations, logger);
    },
    outgrown: (name, pid) => launcher.outgrown(name, pid),
    unconfined: () => launcher.unconfinable,
    spare: flags.spare,
    preflight: () => preflight(names, flags),
    replaceSupervisor,
    modules,
    atEnd: (accepted) => suiteScript('shutdown', accepted, clock, logger),
    attach: flags.attach,
    respawn: flags.respawn,
    keepVrrp: flags.keepVrrp,
    keepIpvs: flags.keepIpvs,
    pidFiles,
  });
  // Whoever dies here leaves the services running; the next supervisor takes them over.
  const die = (error: unknown): never => {
    logger.fatal({ err: error }, 'error of this program; the services run on');
    process.exit(1);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
  listenToSignals(suite, audit, logger, flags.attach);
  metrics?.show(suite, logger);
  dashboard?.show(suite, logger);

  const service = controlService(suite, audit);
  const control = rpcService(limitMessages(ControlServiceDefinition), service);
  const server = await serveUnix(socketPath(flags.runDir, 'keepwatchd'), [control], logger, {
    group: controlGroup,
    interceptors: [localGuard(audit, clock, logger)],
  });
  const { unconfinable } = launcher;
  if (unconfinable !== undefined && !flags.attach) logger.warn(`services cannot be confined: ${unconfinable}`);
  else if (launcher.asRoot !== undefined && !flags.attach) logger.info(launcher.asRoot);
  const watchers = names.includes('vrrpd') ? await offerWatchers(flags, launcher, logger) : undefined;
  try {
    if (flags.api !== undefined) api = await openApiDoor({ ...flags.api, services: [control], audit, clock, logger });
    const first = await suite.start(initial, started);
    const findings = plainDiagnostics(first.diagnostics);
    if (!first.accepted) {
      await suite.stop('the configuration was refused', { detach: flags.attach });
      return { refused: findings };
    }
    for (const finding of findings) logger.warn(formatDiagnostic(finding));
    if (flags.log.dump) logger.trace({ configuration: suite.status() }, 'configuration');
    suite.feed.tell('ready', `generation ${first.generation} is in force`);
    manager.ready(`generation ${first.generation} is in force`);
    timer.follow(reloadSettings(suite.parts));
    rename(suite.parts);
    onReady();
    // Asked for before anybody listened: see `.ci/start.cjs`.
    if ('keepwatchHangup' in globalThis) process.emit('SIGHUP', 'SIGHUP');
    return { code: await suite.ended };
  } finally {
    manager.close();
    timer.close();
    watchers?.close();
    await modules.close();
    await Promise.all([server.close(), api?.close()]);
    await audit.flushed();
  }
}

/** Events after which another `reload_time_file` may be in force, or the same one counts anew. */
const RELOADED = new Set(['reloaded', 'reload-refused']);

/** Gives this process the name that a configuration wants, or the one it had. */
function renamer(logger: Logger): (parts: ConfigParts | undefined) => void {
  const own = readOwnName();
  let current = own;
  return (parts) => {
    const [tree] = parts?.values() ?? [];
    const wanted = (tree === undefined ? undefined : readProcessName(readGlobals(tree), 'main')) ?? own;
    if (wanted === current) return;
    try {
      setProcessName(wanted);
      current = wanted;
    } catch (error) {
      logger.warn({ err: error }, 'process_name: the process keeps its name');
    }
  };
}

/** What the configuration in force says of reloads. */
function reloadSettings(parts: ConfigParts | undefined): ReloadSettings {
  // Every part holds `global_defs`.
  const tree = parts?.get('notifierd');
  return tree === undefined ? { repeat: false } : readReloadSettings(readGlobals(tree));
}

/** What takes traces is loaded only for those who want them. */
async function openTracer({ traces }: Flags, clock: Clock, logger: Logger): Promise<Tracer | undefined> {
  if (traces === undefined) return undefined;
  const { Tracer } = await import('../../services/supervisor/tracing/tracer.js');
  return new Tracer({ url: traces, version: VERSION, clock, logger });
}

/** The history as an earlier supervisor left it. */
function openHistory(stateDir: string, logger: Logger): History {
  const file = new RecordFile(stateDir, 'history', HistoryEntry);
  return new History(file, logger, kept(file, logger, 'history'));
}

/** The same for the audit log. */
function openAudit(stateDir: string, logger: Logger, clock: Clock): AuditLog {
  const file = new RecordFile(stateDir, 'audit', AuditEntry);
  return new AuditLog(file, logger, clock, kept(file, logger, 'audit log'));
}

/** What is kept; records that cannot be read begin anew. */
function kept<T>(file: RecordFile<T>, logger: Logger, what: string): T[] {
  try {
    return file.read();
  } catch (error) {
    logger.warn({ err: error }, `the ${what} of earlier runs cannot be read`);
    return [];
  }
}

/** systemd as it is told of this process, and not of the services: they inherit nothing of it. */
function serviceManager(logger: Logger): ServiceManager {
  const socket = process.env.NOTIFY_SOCKET;
  const manager = new ServiceManager({
    tell: (text) => notifyServiceManager(text, socket),
    clock: new SystemClock(),
    onError: (error) => logger.error({ err: error, socket }, 'the service manager cannot be told how we are'),
  });
  const silence = watchdogMs(process.env, process.pid);
  if (silence !== undefined) manager.keepAlive(silence);
  return manager;
}

/** Tells the manager what the suite says of itself: reloads and the stop. */
function follow(manager: ServiceManager, { code, text }: { readonly code: string; readonly text: string }): void {
  if (code === 'reloading') manager.reloading();
  if (code === 'reloaded' || code === 'reload-refused') manager.ready(text);
  if (code === 'stopping') manager.stopping(text);
}

function listenToSignals(suite: Suite, audit: AuditLog, logger: Logger, attach: boolean): void {
  const note = (signal: NodeJS.Signals, call: string, detail: string): void =>
    audit.changed({ who: `signal ${signal}`, from: 'this machine', role: 'admin', call, detail }, 'OK');
  const stop = (signal: NodeJS.Signals): void => {
    note(signal, 'StopSuite', attach ? 'the supervisor alone' : '');
    // Attached services belong to another runtime, which tells them itself when to stop.
    void suite.stop(`signal ${signal}`, { detach: attach });
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  const reload = (signal: NodeJS.Signals): void => {
    logger.info('reloading');
    void suite.reloads.reload().then(({ accepted, generation }) => {
      note(signal, 'Reload', accepted ? `generation ${generation} is in force` : 'refused: the log says why');
    });
  };
  process.on('SIGHUP', reload);
  process.on('SIGUSR1', () => suite.dump('SIGUSR1'));
  process.on('SIGUSR2', () => suite.dump('SIGUSR2'));
}
