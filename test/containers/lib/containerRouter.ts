/** A router made of containers: what a compose file says, on one machine of a lab. */
import { run } from '../../topology/lib/command.js';
import { eventually } from '../../topology/lib/eventually.js';
import type { Host } from '../../topology/lib/host.js';
import type { ComposeFile, ComposeService } from './compose.js';
import type { Engine } from './engine.js';

/** How long containers may take on a busy machine. */
export const PATIENT = { within: 30_000, every: 100 };

/** What the kernel says about a process that does a service's work. */
export interface Rights {
  readonly uids: readonly string[];
  readonly gids: readonly string[];
  /** Effective, permitted, bounding: masks as numbers. */
  readonly capabilities: readonly bigint[];
  readonly noNewPrivileges: boolean;
}

/** See the head of the file. */
export class ContainerRouter {
  private started: readonly string[] = [];

  constructor(
    readonly engine: Engine,
    private readonly device: string,
    private readonly vip: string,
  ) {}

  get host(): Host {
    return this.engine.host;
  }

  /** Starts these services of a file, with all volumes of it. */
  async up(file: ComposeFile, services: readonly ComposeService[]): Promise<void> {
    for (const args of file.volumes) await this.engine.run('volume', 'create', ...args);
    this.started = services.map(({ name }) => name);
    // One after the other: podman 4.3 does not bear to start those that share a volume at the same moment.
    for (const { name, args } of services) await this.engine.start(name, args);
  }

  hasVip(): Promise<boolean> {
    return this.host.hasAddress(this.device, this.vip);
  }

  async untilVip(here: boolean): Promise<void> {
    await eventually(
      `${this.host.name} ${here ? 'has' : 'gives up'} the address`,
      async () => (await this.hasVip()) === here,
      PATIENT,
    );
  }

  /** Waits until every service of Keepwatch answers and vrrpd has the configuration. */
  async settled(): Promise<void> {
    await eventually(
      `every service on ${this.host.name} answers and has the configuration`,
      async () => {
        const { status, stdout, stderr } = await this.engine.exec('keepwatchd', 'keepwatchctl', 'status', '--json');
        // 1: something needs attention, such as a kernel without IPVS.
        if (status > 1) throw new Error(stdout + stderr);
        const { services } = JSON.parse(stdout) as {
          readonly services: readonly { readonly name: string; readonly health: string }[];
        };
        const waiting = services.filter(({ health }) => !/READY|DEGRADED/.test(health));
        if (waiting.length > 0) throw new Error(waiting.map(({ name, health }) => `${name} ${health}`).join(', '));
        return services.length > 0;
      },
      PATIENT,
    );
  }

  /** How often the runtime started a container again by itself. */
  async restarts(name: string): Promise<number> {
    return Number(await this.engine.run('inspect', '--format', '{{.RestartCount}}', name));
  }

  /** Kills the first process of containers as a crash does, without telling the runtime. */
  async crash(names: readonly string[]): Promise<void> {
    const pids = await this.engine.run('inspect', '--format', '{{.State.Pid}}', ...names);
    const { status, stderr } = await this.host.tryInside(['kill', '-KILL', ...pids.trim().split('\n')]);
    if (status !== 0) throw new Error(stderr);
  }

  /** /proc/<pid>/status of the process that does the work: the child of the container's first process. */
  private async worker(name: string): Promise<(field: string) => string> {
    const { stdout, stderr } = await this.engine.exec(name, 'sh', '-c', 'cat /proc/[0-9]*/status');
    const text = stdout.split(/^(?=Name:)/m).find((status) => /^PPid:\s+1$/m.test(status));
    if (text === undefined) throw new Error(`${name}: nothing runs below its first process\n${stdout}${stderr}`);
    return (field) => new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(text)?.[1] ?? '';
  }

  async rights(name: string): Promise<Rights> {
    const field = await this.worker(name);
    return {
      uids: field('Uid').split(/\s+/),
      gids: field('Gid').split(/\s+/),
      capabilities: ['CapEff', 'CapPrm', 'CapBnd'].map((set) => BigInt(`0x${field(set)}`)),
      noNewPrivileges: field('NoNewPrivs') === '1',
    };
  }

  /** Sends a signal to the process that does the work. */
  async signal(name: string, signal: string): Promise<void> {
    const field = await this.worker(name);
    const { status, stderr } = await this.engine.exec(name, 'sh', '-c', `kill -${signal} ${field('Pid')}`);
    if (status !== 0) throw new Error(stderr);
  }

  /** What a page of the metrics port says. */
  scrape(address: string): Promise<string> {
    const script = `fetch('http://${address}/metrics').then((answer) => answer.text()).then((text) => process.stdout.write(text))`;
    return run(this.host.networkCommand([process.execPath, '-e', script]));
  }

  /** The last lines of every container. */
  async logs(): Promise<string> {
    const texts = this.started.map(async (name) => {
      const { stdout, stderr } = await this.engine.try(['logs', '--tail', '30', name]);
      return `--- ${this.host.name} ${name}\n${stdout}${stderr}`;
    });
    return (await Promise.all(texts)).join('');
  }

  /** Removes all containers at once: nothing says goodbye. */
  async down(): Promise<void> {
    if (this.started.length > 0) await this.engine.run('rm', '--force', '--time', '0', ...this.started);
    this.started = [];
  }
}
