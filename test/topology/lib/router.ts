/** A machine that runs keepalived or Keepwatch from a configuration text. */
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import type { Host } from './host.js';
import type { Cable } from './network.js';
import { childrenOf, signalIfThere } from './processes.js';
import type { RouterPaths, Software } from './software.js';

/** The router; start and stop it as often as needed. */
export class Router {
  readonly paths: RouterPaths;
  private readonly logFile: string;
  private daemon: ChildProcess | undefined;

  constructor(
    readonly host: Host,
    readonly software: Software,
    /** Interface → its cable. */
    readonly cables: ReadonlyMap<string, Cable>,
    /** Interface → its own addresses, which a crash must give back. */
    private readonly ownAddresses: ReadonlyMap<string, readonly string[]>,
  ) {
    this.paths = {
      config: join(host.directory, 'router.conf'),
      runDirectory: join(host.directory, 'run'),
      stateDirectory: join(host.directory, 'state'),
    };
    this.logFile = join(host.directory, `${software.name}.log`);
    mkdirSync(this.paths.stateDirectory, { recursive: true });
  }

  get name(): string {
    return this.host.name;
  }

  /** Pid of the main process, as seen from the test. */
  get pid(): number {
    const pid = this.daemon?.pid === undefined ? undefined : childrenOf(this.daemon.pid)[0];
    if (pid === undefined) throw new Error(`${this.name}: ${this.software.name} is not running\n${this.log()}`);
    return pid;
  }

  get running(): boolean {
    return this.daemon !== undefined && this.daemon.exitCode === null && this.daemon.signalCode === null;
  }

  /** Everything the router wrote to its log. */
  log(): string {
    return existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8') : '';
  }

  writeConfig(config: string): void {
    // In one step: a daemon that reads at this moment sees the old text or the new one, never half of it.
    const draft = `${this.paths.config}.new`;
    writeFileSync(draft, config, { mode: 0o644 });
    renameSync(draft, this.paths.config);
  }

  /** Starts the daemon and waits until its main process runs, no longer. */
  async start(config?: string): Promise<void> {
    if (this.running) throw new Error(`${this.name} runs already`);
    if (config !== undefined) this.writeConfig(config);
    await this.host.powerOn();
    this.daemon = this.host.spawnInside(this.software.command(this.paths), this.logFile);
    await eventually(`${this.name}: ${this.software.name} starts`, () => {
      return !this.running || childrenOf(this.daemon?.pid ?? 0).length > 0;
    });
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Lets the way in go on too, which stops when the main process does, after a SIGSTOP of that was taken back. */
  wake(): void {
    this.daemon?.kill('SIGCONT');
  }

  /** Puts a new configuration in place and asks for a reload. */
  reload(config: string): void {
    this.writeConfig(config);
    this.signal('SIGHUP');
  }

  /** Waits for the main process to end and gives its exit status. */
  async exited(withinMs = 20_000): Promise<number> {
    await eventually(`${this.name}: ${this.software.name} ends`, () => !this.running, { within: withinMs });
    return this.daemon?.exitCode ?? 128;
  }

  /** Stops in good order; everything the daemon started and left behind is an error. */
  async stop(): Promise<void> {
    if (!this.running) return;
    this.signal('SIGTERM');
    const status = await this.exited();
    if (status !== 0) throw new Error(`${this.name}: stopped with exit status ${status}\n${this.log()}`);
    await eventually(`${this.name}: no process stays`, () => {
      const processes = this.host.processes();
      if (processes.length > 0) throw new Error(processes.map(({ argv }) => argv.join(' ')).join('; '));
      return true;
    });
    const sockets = existsSync(this.paths.runDirectory)
      ? readdirSync(this.paths.runDirectory).filter((file) => /\.(sock|pid)$/.test(file))
      : [];
    if (sockets.length > 0) throw new Error(`${this.name}: left in the run directory: ${sockets.join(', ')}`);
  }

  /** Dies as by a power cut: no process says goodbye, and the links go. */
  async crash(): Promise<void> {
    const off = this.host.powerOff();
    // The machine is gone once its last process is, and that is for the way in to collect.
    this.wake();
    await off;
    for (const cable of this.cables.values()) await cable.cut();
    await this.exited();
  }

  /**
   * On the wire a crash, but the processes only stand still until {@link crash} ends them: a kernel that takes large processes
   * down keeps a processor busy for milliseconds, which the machine that died would not have taken from the other one.
   */
  async freeze(): Promise<void> {
    for (const { pid } of this.host.processes()) signalIfThere(pid, 'SIGSTOP');
    for (const cable of this.cables.values()) await cable.cut();
  }

  /** Comes back from a crash with bare interfaces; start() is up to the caller. */
  async revive(): Promise<void> {
    for (const [device, addresses] of this.ownAddresses) {
      await this.host.ipBatch([
        `address flush dev ${device}`,
        ...addresses.map((address) => `address add ${address} dev ${device}`),
      ]);
    }
    for (const cable of this.cables.values()) await cable.plug();
    // Both live in /run on a real machine, which a power cut empties.
    rmSync(this.paths.runDirectory, { recursive: true, force: true });
    for (const file of readdirSync(this.host.path('/run'))) {
      rmSync(this.host.path(join('/run', file)), { recursive: true, force: true });
    }
    await this.host.powerOn();
  }

  cable(device: string): Cable {
    const cable = this.cables.get(device);
    if (!cable) throw new Error(`${this.name} has no interface ${device}`);
    return cable;
  }
}
