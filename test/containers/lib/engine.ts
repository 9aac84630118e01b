/**
 * The container runtime of one machine of a lab: podman and buildah with runc, inside the machine's namespaces. Its processes and
 * mounts end with the machine, its files are below the folder of the lab: nothing is left to clean but control groups.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandResult } from '../../topology/lib/command.js';
import type { Host } from '../../topology/lib/host.js';

/** Limits that a machine may refuse to raise above its own. */
const LIMITS = ['--ulimit', 'nofile=1024:4096', '--ulimit', 'nproc=1000:1000'];
/** How long one command may take on a busy machine. */
const PATIENCE_MS = 300_000;
/** All containers of this process are in control groups below this one. */
const CONTROL_GROUP = `/keepwatch-test-${process.pid}`;
/**
 * The /sys of a lab's machine hides the control groups. What podman keeps outside of its storage is the machine's alone, above all its
 * locks in /dev/shm: those of two machines in one segment end in a deadlock.
 */
const PREPARE = [
  'umount /sys',
  'mkdir -p /var/lib/containers',
  'mount -t tmpfs -o mode=755 tmpfs /var/lib/containers',
  'mount -t tmpfs -o mode=1777 tmpfs /dev/shm',
].join(' && ');

/** See the head of the file. */
export class Engine {
  private constructor(
    readonly host: Host,
    private readonly storage: readonly string[],
    /** Where its images are, for other machines. */
    readonly images: string,
  ) {}

  /** `images`: the storage of another machine, whose images are used as they are. */
  static async start(host: Host, images?: string): Promise<Engine> {
    const graph = join(host.directory, 'storage');
    mkdirSync(graph, { mode: 0o700 });
    const shared = images === undefined ? [] : ['--storage-opt', `overlay.imagestore=${images}`];
    const places = ['--root', graph, '--runroot', '/run/containers', '--storage-driver', 'overlay', ...shared];
    const { status, stderr } = await host.tryInside(['sh', '-c', PREPARE]);
    if (status !== 0) throw new Error(`${host.name}: ${stderr}`);
    return new Engine(host, places, graph);
  }

  /** Runs podman to its end, whatever its exit status. */
  try(args: readonly string[]): Promise<CommandResult> {
    const engine = ['--runtime', 'runc', '--cgroup-manager', 'cgroupfs', '--events-backend', 'none'];
    const podman = ['podman', ...this.storage, '--tmpdir', '/run/libpod', ...engine, ...args];
    // No systemd runs health checks here: the test does.
    return this.host.tryInside(['env', 'DISABLE_HC_SYSTEMD=true', ...podman], PATIENCE_MS);
  }

  /** Runs podman, which has to succeed, and gives its standard output. */
  async run(...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.try(args);
    if (status !== 0) throw new Error(`podman ${args.join(' ')}: exit status ${status}: ${stderr || stdout}`);
    return stdout;
  }

  /** Starts a container on the network of the machine. */
  async start(name: string, args: readonly string[]): Promise<void> {
    const place = ['--network', 'host', '--no-hosts', '--cgroup-parent', CONTROL_GROUP];
    await this.run('run', '--detach', '--name', name, ...place, ...LIMITS, ...args);
  }

  /** Runs a command in a container. */
  exec(name: string, ...argv: readonly string[]): Promise<CommandResult> {
    return this.try(['exec', name, ...argv]);
  }

  /**
   * Builds by buildah, without a container around each command, which not every machine allows inside another. Gives the image of
   * every stage that was built, by its name.
   */
  async build(args: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const command = ['buildah', ...this.storage, 'bud', '--isolation', 'chroot', ...args];
    // The way into the machine leads to its root folder.
    const here = ['sh', '-c', 'cd "$0" && exec "$@"', process.cwd(), ...command];
    const { status, stdout, stderr } = await this.host.tryInside(here, PATIENCE_MS);
    if (status !== 0) throw new Error(`buildah bud ${args.join(' ')}: exit status ${status}: ${stdout}${stderr}`);
    const images = new Map<string, string>();
    let stage = '';
    for (const line of stdout.split('\n')) {
      stage = /^(?:\[\d+\/\d+\] )?STEP 1\/\d+: FROM \S+ AS (\S+)$/.exec(line)?.[1] ?? stage;
      const image = /^--> ([0-9a-f]+)$/.exec(line)?.[1];
      // One for each step: the last one stays.
      if (image !== undefined) images.set(stage, image);
    }
    return images;
  }
}

/** Removes the control groups of this process's containers, once those are gone, and of processes that were killed. */
export function removeControlGroups(): void {
  const remove = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) remove(join(folder, entry.name));
    rmdirSync(folder);
  };
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const [, mountPoint = '', type] = /^\S+ \S+ \S+ \S+ (\S+) .* - (\S+) /.exec(line) ?? [];
    if (type !== 'cgroup' && type !== 'cgroup2') continue;
    for (const name of readdirSync(mountPoint)) {
      const owner = /^keepwatch-test-(\d+)$/.exec(name)?.[1];
      if (owner === undefined) continue;
      if (owner === String(process.pid) || !existsSync(`/proc/${owner}`)) remove(join(mountPoint, name));
    }
  }
}
