/** A suite of the real supervisor and test doubles of the services, bundled once per test file, in a directory of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Channel } from 'nice-grpc';
import { rpcClient, unixChannel } from '../../../services/shared/rpc/client.js';
import {
  ControlServiceDefinition,
  type SuiteStatus,
} from '../../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { MODULE_NAMES } from '../../../services/shared/rpc/moduleMain.js';
import { SERVICE_NAMES, type ServiceName } from '../../../services/shared/rpc/service.js';

/**
 * Bundles keepwatchd, keepwatchctl and the doubles as the build does; the services in `real` are no doubles. Returns the
 * directory, to be removed afterwards.
 */
export async function bundleWithDoubles(real: readonly ServiceName[] = []): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'keepwatch-e2e-'));
  await build({
    entryPoints: Object.fromEntries([
      ['cmd/keepwatchd/main', 'cmd/keepwatchd/main.ts'],
      ['cmd/keepwatchctl/main', 'cmd/keepwatchctl/main.ts'],
      ...MODULE_NAMES.map((name) => [`cmd/${name}/main`, `cmd/${name}/main.ts`]),
      ...SERVICE_NAMES.map((name) => [
        `cmd/${name}/main`,
        real.includes(name) ? `cmd/${name}/main.ts` : 'test/e2e/support/fakeService.ts',
      ]),
    ]),
    outdir: directory,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['koffi', 'x11'],
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  // Native packages are not bundled: they are found as an installed bundle finds them.
  symlinkSync(join(process.cwd(), 'node_modules'), join(directory, 'node_modules'));
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
  return directory;
}

/** The services that run wherever there is a virtual server. */
export const STANDING_SERVICES: readonly ServiceName[] = SERVICE_NAMES.filter((name) => name !== 'bfdd');

/** One call a double noted in its journal. */
export interface NotedCall {
  readonly pid: number;
  readonly call: string;
  readonly [field: string]: unknown;
}

/** What a double is told to do; see fakeService.ts. */
export interface Command {
  readonly instance?: { readonly name: string; readonly state: 'BACKUP' | 'MASTER' | 'FAULT' };
  readonly notifications?: number;
  readonly session?: { readonly name: string; readonly up: boolean };
  readonly destination?: { readonly address: string; readonly weight: number };
  readonly delayMs?: number;
  readonly hangMs?: number;
}

export class TestSuite {
  readonly directory: string;
  readonly runDir: string;
  readonly stateDir: string;
  readonly configFile: string;
  readonly bundle: string;
  supervisor: ChildProcess | undefined;
  /** Words before the command of the supervisor: a program that becomes it. */
  wrap: readonly string[] = [];
  /** Everything the processes wrote to stderr. */
  log = '';
  readonly #channels: Channel[] = [];

  constructor(bundle: string, config: string) {
    this.bundle = bundle;
    this.directory = mkdtempSync(join(tmpdir(), 'keepwatch-suite-'));
    this.runDir = join(this.directory, 'run');
    this.stateDir = join(this.directory, 'state');
    this.configFile = join(this.directory, 'keepwatch.conf');
    mkdirSync(this.runDir, { mode: 0o700 });
    this.writeConfig(config);
  }

  writeConfig(text: string): void {
    writeFileSync(this.configFile, text);
  }

  /** Starts the supervisor in the foreground; does not wait. */
  start(...flags: string[]): ChildProcess {
    const [file = '', ...args] = [
      ...this.wrap,
      process.execPath,
      this.main('keepwatchd'),
      '-n',
      ...this.#place(),
      ...flags,
    ];
    const child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.log += chunk.toString();
    });
    this.supervisor = child;
    return child;
  }

  /** Starts the supervisor and waits until all its services are ready. */
  async startReady(...flags: string[]): Promise<SuiteStatus> {
    this.start(...flags);
    return await this.untilReady();
  }

  /** Runs a command to its end. */
  async command(
    name: 'keepwatchd' | 'keepwatchctl',
    ...args: string[]
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const place = name === 'keepwatchd' ? this.#place() : ['--run-dir', this.runDir];
    const child = spawn(process.execPath, [this.main(name), ...place, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    return await collect(child);
  }

  main(name: string): string {
    return join(this.bundle, 'cmd', name, 'main.js');
  }

  #place(): string[] {
    return ['-f', this.configFile, '--run-dir', this.runDir, '--state-dir', this.stateDir];
  }

  /** A client of the control API. */
  control() {
    const channel = unixChannel(join(this.runDir, 'keepwatchd.sock'));
    this.#channels.push(channel);
    return rpcClient(ControlServiceDefinition, channel);
  }

  /** The status; undefined while nobody answers. */
  async status(): Promise<SuiteStatus | undefined> {
    if (!existsSync(join(this.runDir, 'keepwatchd.sock'))) return undefined;
    const channel = unixChannel(join(this.runDir, 'keepwatchd.sock'));
    try {
      return (await rpcClient(ControlServiceDefinition, channel).getStatus({}, { deadlineMs: 2_000 })).status;
    } catch {
      return undefined;
    } finally {
      channel.close();
    }
  }

  async untilReady(): Promise<SuiteStatus> {
    return await this.untilStatus('all services are ready', (status) =>
      status.services.every(({ health }) => health === 2),
    );
  }

  async untilStatus(what: string, wanted: (status: SuiteStatus) => boolean): Promise<SuiteStatus> {
    return await until(
      what,
      async () => {
        const status = await this.status();
        return status !== undefined && status.services.length > 0 && wanted(status) ? status : undefined;
      },
      () => this.log,
    );
  }

  pid(name: ServiceName | 'keepwatchd'): number {
    return Number(readFileSync(join(this.runDir, `${name}.pid`), 'utf8'));
  }

  /** What a double was asked to do, oldest first. */
  calls(name: ServiceName, call?: string): NotedCall[] {
    const file = join(this.stateDir, `${name}.calls`);
    if (!existsSync(file)) return [];
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as NotedCall)
      .filter((noted) => call === undefined || noted.call === call);
  }

  async untilCall(
    name: ServiceName,
    call: string,
    wanted: (call: NotedCall) => boolean = () => true,
  ): Promise<NotedCall> {
    return await until(
      `${name} is asked to ${call}`,
      () => this.calls(name, call).find(wanted),
      () => this.log,
    );
  }

  /** Tells a double to do something. */
  tell(name: ServiceName, command: Command): void {
    writeFileSync(join(this.stateDir, `${name}.do`), JSON.stringify(command));
    process.kill(this.pid(name), 'SIGURG');
  }

  /** Kills whatever is left and removes the directory. */
  async clean(): Promise<void> {
    for (const channel of this.#channels) channel.close();
    if (this.supervisor?.exitCode === null && this.supervisor.signalCode === null) {
      this.supervisor.kill('SIGKILL');
      await exitOf(this.supervisor);
    }
    // By their command lines: a service that was just started has no pid file yet.
    for (const pid of this.#processes()) process.kill(pid, 'SIGKILL');
    await until('all processes of the suite are gone', () => this.#processes().length === 0 || undefined);
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }

  #processes(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(this.runDir);
        } catch {
          return false;
        }
      })
      .map(Number);
  }
}

/** Waits for a process to end. */
export async function exitOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  if (child.exitCode !== null) return child.exitCode;
  return await new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal ?? -1)));
}

async function collect(child: ChildProcess): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const code = await new Promise<number>((resolve) => child.once('close', (status) => resolve(status ?? -1)));
  return { code, stdout, stderr };
}

/** Polls until there is an answer; fails with what was waited for. */
export async function until<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
  context: () => string = () => '',
  limitMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}\n${context()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
