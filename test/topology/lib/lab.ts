/** A topology and everything that belongs to it, removed together. */
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryRun } from './command.js';
import { eventually } from './eventually.js';
import { Host } from './host.js';
import { Network } from './network.js';
import { listProcesses, namespaceOf, pinNamespace } from './processes.js';

const PREFIX = 'keepwatch-lab-';

/** Why this process cannot make topologies, or undefined when it can. Meant for the `skip` option of a test. */
export async function whyNoLab(...programs: readonly string[]): Promise<string | undefined> {
  for (const program of ['unshare', 'nsenter', 'setpriv', 'ip', 'ping', ...programs]) {
    if (!Host.hasProgram(program)) return `program ${program} is not installed`;
  }
  const { status, stderr } = await tryRun(['unshare', '--net', '--mount', '--pid', '--fork', '--mount-proc', 'true']);
  if (status === 0) return undefined;
  return `no namespaces: ${stderr.trim()}; try as root or under: unshare --user --map-root-user --mount --net`;
}

/** Removes the directories of labs whose process was killed; their namespaces the kernel removed already. */
function reapDeadLabs(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split('-')[0]) : Number.NaN;
    if (Number.isInteger(owner) && !existsSync(`/proc/${owner}`)) {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
    }
  }
}

const liveDirectories = new Set<string>();
let watchesTheEnd = false;

/** A process that ends early takes its machines along (the kernel sees to it); the directories are left to us. */
function cleanUpWhateverHappens(directory: string): void {
  if (!watchesTheEnd) {
    watchesTheEnd = true;
    process.once('exit', () => {
      for (const live of liveDirectories) rmSync(live, { recursive: true, force: true });
    });
    process.once('SIGINT', () => process.exit(130));
    process.once('SIGTERM', () => process.exit(143));
  }
  liveDirectories.add(directory);
}

/** Something that has to be closed before the machines go, such as a capture. */
export interface Closable {
  close(): Promise<void> | void;
}

/** See the head of the file. */
export class Lab {
  private readonly hosts: Host[] = [];
  private readonly closables: Closable[] = [];
  private closing: Promise<void> | undefined;

  private constructor(
    readonly directory: string,
    readonly network: Network,
  ) {
    this.hosts.push(network.host);
  }

  static async start(): Promise<Lab> {
    reapDeadLabs();
    const directory = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
    // Scripts may run as another user.
    chmodSync(directory, 0o755);
    cleanUpWhateverHappens(directory);
    return new Lab(directory, await Network.start(join(directory, 'switch')));
  }

  async host(name: string): Promise<Host> {
    const host = await Host.start(name, join(this.directory, name));
    this.hosts.push(host);
    return host;
  }

  /** Closes this before the machines go. */
  own<T extends Closable>(thing: T): T {
    this.closables.push(thing);
    return thing;
  }

  /** Removes everything; fails when a process, a namespace or a file stays. */
  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  private async closeOnce(): Promise<void> {
    const namespaces = new Set(this.hosts.map((host) => namespaceOf(host.pid, 'net')));
    namespaces.delete(undefined);
    // Other tests make namespaces at the same time: what is in theirs is none of ours.
    const pins = this.hosts.map((host) => pinNamespace(host.pid, 'net'));
    const errors: unknown[] = [];
    const attempt = async (action: () => Promise<void> | void): Promise<void> => {
      try {
        await action();
      } catch (error) {
        errors.push(error);
      }
    };
    for (const thing of this.closables.reverse()) await attempt(() => thing.close());
    for (const host of this.hosts.reverse()) await attempt(() => host.close());
    await attempt(async () => {
      const inside = () => listProcesses().filter(({ pid }) => namespaces.has(namespaceOf(pid, 'net')));
      await eventually(
        'all processes of the lab are gone',
        () => {
          const left = inside();
          if (left.length > 0) throw new Error(left.map(({ pid, argv }) => `${pid} ${argv.join(' ')}`).join('; '));
          return true;
        },
        { within: 3_000 },
      );
    });
    for (const unpin of pins) unpin();
    await attempt(() => {
      rmSync(this.directory, { recursive: true, force: true });
      liveDirectories.delete(this.directory);
    });
    if (errors.length > 0) throw new AggregateError(errors, `the lab left something behind: ${errors.join('; ')}`);
  }
}
