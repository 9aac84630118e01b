/**
 * A machine of a topology. Its chassis is a process that holds a network and a mount namespace; its power is a second
 * process that holds a pid namespace in which everything the machine runs lives. Both are killed by the kernel when the
 * process that made them dies (PR_SET_PDEATHSIG), so nothing outlives a test, however it ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandResult, run, tryRun } from './command.js';
import { eventually } from './eventually.js';
import { childrenOf, listProcesses, namespaceOf, type ProcessInfo } from './processes.js';

/** One address of an interface, as `ip -j address` tells it. */
export interface InterfaceAddress {
  readonly address: string;
  readonly prefixLength: number;
  readonly scope: string;
  readonly label: string | undefined;
}

const DIE_WITH_PARENT = ['setpriv', '--pdeathsig', 'KILL', '--'];

// A private /run keeps the pid files of two machines apart; /sys/class/net follows the namespace that mounted it.
const CHASSIS_SCRIPT =
  'mount -t tmpfs -o mode=755 tmpfs /run && { mount -t sysfs sysfs /sys 2>/dev/null; ip link set lo up; } && echo on && exec sleep infinity';
// pid 1 of the machine: `wait` collects orphans too.
const INIT_SCRIPT = 'echo on; sleep infinity & wait';

async function startHolder(argv: readonly string[], name: string): Promise<ChildProcess> {
  const [file = '', ...args] = [...DIE_WITH_PARENT, ...argv];
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ready = await Promise.race([
    once(child.stdout, 'data').then(() => true),
    once(child, 'exit').then(() => false),
    once(child, 'error').then(([error]) => {
      errors += String(error);
      return false;
    }),
  ]);
  if (!ready) throw new Error(`machine ${name} does not start: ${errors || 'no message'}`);
  return child;
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('the process has not started');
  return child.pid;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** A running machine. */
export class Host {
  private power: { readonly holder: ChildProcess; readonly init: number } | undefined;

  private constructor(
    readonly name: string,
    /** Its files, visible under the same path from everywhere. */
    readonly directory: string,
    private readonly chassis: ChildProcess,
  ) {}

  static async start(name: string, directory: string): Promise<Host> {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    const chassis = await startHolder(['unshare', '--net', '--mount', '--', 'sh', '-c', CHASSIS_SCRIPT], name);
    const host = new Host(name, directory, chassis);
    await host.powerOn();
    return host;
  }

  /** The process that holds the network. */
  get pid(): number {
    return pidOf(this.chassis);
  }

  get poweredOn(): boolean {
    return this.power !== undefined;
  }

  private get init(): number {
    if (this.power === undefined) throw new Error(`machine ${this.name} is powered off`);
    return this.power.init;
  }

  async powerOn(): Promise<void> {
    if (this.power) return;
    const enter = ['nsenter', `--target=${this.pid}`, '--net', '--mount', '--'];
    const unshare = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', '--', 'sh', '-c', INIT_SCRIPT];
    const holder = await startHolder([...enter, ...unshare], this.name);
    const init = await eventually(`pid 1 of ${this.name}`, () => childrenOf(pidOf(holder))[0]);
    this.power = { holder, init };
  }

  /** Ends every process of the machine at the same moment, as a power cut does: none of them can say goodbye. */
  async powerOff(): Promise<void> {
    const power = this.power;
    if (!power) return;
    this.power = undefined;
    const gone = once(power.holder, 'exit');
    process.kill(power.init, 'SIGKILL');
    await gone;
  }

  /** Gives the machine an empty folder of its own in place of ours, and starts it anew. */
  async ownFolder(path: string): Promise<void> {
    await run([
      'nsenter',
      `--target=${this.pid}`,
      '--mount',
      '--',
      'mount',
      '-t',
      'tmpfs',
      '-o',
      'mode=755',
      'tmpfs',
      path,
    ]);
    await this.powerOff();
    await this.powerOn();
  }

  /** Ends the machine for good. */
  async close(): Promise<void> {
    await this.powerOff();
    await kill(this.chassis);
  }

  /** Argument list that runs a command in the machine's network only; the command keeps our files and pids. */
  networkCommand(argv: readonly string[]): string[] {
    return ['nsenter', `--net=/proc/${this.pid}/ns/net`, '--', ...argv];
  }

  /** Argument list that runs a command as one of the machine's own processes. */
  insideCommand(argv: readonly string[]): string[] {
    return ['nsenter', `--target=${this.init}`, '--net', '--mount', '--pid', '--', ...argv];
  }

  /** Runs `ip` on the machine. */
  ip(...args: readonly string[]): Promise<string> {
    return run(this.networkCommand(['ip', ...args]));
  }

  /** Several `ip` commands at once, in order, by one process. */
  async ipBatch(lines: readonly string[]): Promise<void> {
    await run(this.networkCommand(['sh', '-c', 'printf "%s\\n" "$@" | ip -batch -', 'sh', ...lines]));
  }

  /** Runs a command as one of the machine's processes, to its end. */
  tryInside(argv: readonly string[], timeoutMs?: number): Promise<CommandResult> {
    return tryRun(this.insideCommand(argv), timeoutMs);
  }

  /** Starts a helper in the machine's network that dies with the test; its output comes through pipes. */
  spawnInNetwork(argv: readonly string[], stdin: 'ignore' | 'pipe' = 'ignore'): ChildProcess {
    const [file = '', ...args] = [...DIE_WITH_PARENT, ...this.networkCommand(argv)];
    return spawn(file, args, { stdio: [stdin, 'pipe', 'pipe'] });
  }

  /** Starts a daemon of the machine, its output appended to a file. The child given is the way in, not the daemon. */
  spawnInside(argv: readonly string[], logFile: string): ChildProcess {
    const log = openSync(logFile, 'a', 0o644);
    try {
      const [file = '', ...args] = this.insideCommand(argv);
      return spawn(file, args, { stdio: ['ignore', log, log] });
    } finally {
      closeSync(log);
    }
  }

  /** What runs on the machine, its pid 1 left out. */
  processes(): ProcessInfo[] {
    if (!this.power) return [];
    const { init } = this.power;
    const namespace = namespaceOf(init, 'pid');
    if (namespace === undefined) return [];
    return listProcesses(namespace).filter(({ pid, parent, argv }) => {
      return pid !== init && !(parent === init && argv.join(' ') === 'sleep infinity');
    });
  }

  /** The addresses of an interface; none when it does not exist. */
  async addresses(device: string): Promise<InterfaceAddress[]> {
    const { status, stdout } = await tryRun(this.networkCommand(['ip', '-j', 'address', 'show', 'dev', device]));
    if (status !== 0) return [];
    const links = JSON.parse(stdout) as {
      addr_info?: { local: string; prefixlen: number; scope: string; label?: string }[];
    }[];
    return links.flatMap(({ addr_info = [] }) =>
      addr_info.map(({ local, prefixlen, scope, label }) => ({
        address: local,
        prefixLength: prefixlen,
        scope,
        label,
      })),
    );
  }

  async hasAddress(device: string, address: string): Promise<boolean> {
    return (await this.addresses(device)).some((entry) => entry.address === address);
  }

  /** A file of the machine as seen from here, through its own mounts. */
  path(file: string): string {
    return join(`/proc/${this.pid}/root`, file);
  }

  /** The machine has this program. */
  static hasProgram(program: string): boolean {
    return (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)));
  }
}
