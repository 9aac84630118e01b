/** Processes of services: started, found running, or kept alive by somebody else. Loads fast: no gRPC in here. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { uptime } from 'node:os';
import { join, resolve } from 'node:path';
import { collectChild, watchProcess } from '../shared/kernel/process.js';
import { processExists } from '../shared/rpc/pidFile.js';
import type { ServiceName } from '../shared/rpc/service.js';

/** Where a process came from, as the status shows it. */
export type ProcessOrigin = 'spawned' | 'adopted' | 'attached';

/** A running process of a service. */
export interface ServiceProcess {
  readonly name: ServiceName;
  readonly origin: ProcessOrigin;
  /** Undefined for attached ones: their process ids belong to another runtime. */
  readonly pid: number | undefined;
  readonly startedAt: Date;
  /** Resolves with how it ended: `exit code 1`, `killed by SIGKILL`, `gone`. Never for attached ones. */
  readonly ended: Promise<string>;
  /** Sends a signal; a process that is gone gets none. */
  signal(signal: NodeJS.Signals): void;
}

/** The command line of a service. */
export interface ServiceCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** Working directory. */
  readonly cwd: string;
}

/** Variables of the environment that are meant for this process, not for its children. */
const OWN_VARIABLES = /^(?:NODE_|npm_|KEEPWATCH_|LISTEN_|WATCHDOG_|NOTIFY_SOCKET$)/;

/**
 * The environment of services. Scripts see it too, as they see keepalived's, so it is kept but for what steers Node
 * (NODE_OPTIONS, NODE_EXTRA_CA_CERTS, which also costs 100 ms a start) and what systemd meant for the supervisor.
 */
export const childEnvironment = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !OWN_VARIABLES.test(name)));

/** Starts a service in a session of its own, so that it outlives the supervisor and its terminal. */
export function spawnService(name: ServiceName, command: ServiceCommand): ServiceProcess {
  const child = spawn(command.file, [...command.args], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: childEnvironment(process.env),
    cwd: command.cwd,
  });
  child.unref();
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`cannot start: ${error.message}`));
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `killed by ${signal}`));
  });
  return {
    name,
    origin: 'spawned',
    pid: child.pid,
    startedAt: new Date(),
    ended,
    signal: (signal) => {
      child.kill(signal);
    },
  };
}

/** In place of a process that cannot even be started: it ended at once, for this reason. */
export const unstartable = (name: ServiceName, reason: string): ServiceProcess => ({
  name,
  origin: 'spawned',
  pid: undefined,
  startedAt: new Date(),
  ended: Promise.resolve(`cannot start: ${reason}`),
  signal: () => {},
});

/** Takes over a process that an earlier supervisor started. */
export function adoptProcess(name: ServiceName, pid: number): ServiceProcess {
  const born = startTicks(pid);
  const isSame = (): boolean => born !== undefined && processExists(pid) && startTicks(pid) === born;
  const ended = new Promise<string>((resolve) => {
    const gone = (): void => {
      // A child of ours that we do not know as one: started before this program took the place of its earlier version.
      collectChild(pid);
      resolve('gone');
    };
    try {
      watchProcess(pid, gone, gone);
      // It may have ended, and its number gone to another, before the watch began.
      if (!isSame()) gone();
    } catch {
      gone();
    }
  });
  return {
    name,
    origin: 'adopted',
    pid,
    startedAt: startTime(born),
    ended,
    // The id may belong to another process by now.
    signal: (signal) => {
      if (isSame()) process.kill(pid, signal);
    },
  };
}

/** A service that another runtime (systemd, compose, Kubernetes) keeps alive. */
export const attachedProcess = (name: ServiceName): ServiceProcess => ({
  name,
  origin: 'attached',
  pid: undefined,
  startedAt: new Date(),
  ended: new Promise(() => {}),
  signal: () => {},
});

/** Field 22 of /proc/<pid>/stat (proc(5)): when the process started; with the id it names a process for ever. Zombies are gone. */
function startTicks(pid: number): string | undefined {
  try {
    // The second field may hold blanks and parentheses: count from the last one.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** USER_HZ, the unit of times in /proc (proc(5)): 100 on every architecture Node.js runs on. */
const TICKS_PER_SECOND = 100;

/** When a process was started, from its start ticks since boot; now, when they are unknown. */
function startTime(ticks: string | undefined): Date {
  const age = ticks === undefined ? 0 : uptime() - Number(ticks) / TICKS_PER_SECOND;
  return new Date(Date.now() - Math.max(0, age) * 1000);
}

/** Whether a process is stopped (SIGSTOP, a debugger): state T or t of /proc/<pid>/stat. It cannot do anything at all. */
export function isStopped(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return /^[Tt]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

/** Whether a process id belongs to a process started as the service `name` of this suite. */
export function isServiceProcess(pid: number, name: ServiceName, runDir: string): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return words.some((word) => word.includes(name)) && (words.includes(runDir) || words.includes(join(runDir, name)));
  } catch {
    return false;
  }
}

/** Ids of all processes that were started as one of these services for this suite, whether they answer or not. */
export function serviceProcesses(names: readonly ServiceName[], runDir: string): number[] {
  return readdirSync('/proc').flatMap((entry) => {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) return [];
    const program = programOf(pid, runDir);
    return names.some((name) => program === name) && seesFolder(pid, runDir) ? [pid] : [];
  });
}

/**
 * Whether a folder is the same one to a process as to us. Suites with mounts of their own, as in containers that share process ids,
 * use the same path and have nothing to do with each other; what cannot be looked at is not ours either.
 */
function seesFolder(pid: number, folder: string): boolean {
  try {
    const [ours, theirs] = [statSync(folder), statSync(join(`/proc/${pid}/root`, resolve(folder)))];
    return ours.dev === theirs.dev && ours.ino === theirs.ino;
  } catch {
    return false;
  }
}

/** The folder of the command that a process runs for this suite: `vrrpd` of `…/vrrpd/main.js`; undefined for all others. */
function programOf(pid: number, runDir: string): string | undefined {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    if (!words.includes(runDir)) return undefined;
    return words
      .map((word) => /(?:^|\/)(?:keepwatch-)?([a-z]+)\/main\.[jt]s$/.exec(word)?.[1])
      .find((name) => name !== undefined);
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}
