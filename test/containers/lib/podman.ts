/** podman and buildah with a storage of their own: images stay in the user's cache, nothing else is left of a run. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandResult, run, tryRun } from '../../topology/lib/command.js';
import type { Host } from '../../topology/lib/host.js';

/** Limits that a machine may refuse to raise above its own. */
const LIMITS = ['--ulimit', 'nofile=1024:4096', '--ulimit', 'nproc=1000:1000'];

/** podman notes it in its storage, so it is always the same. */
const RUN_ROOT = '/run/keepwatch-containers';

/** One storage of images. */
export class Podman {
  readonly #storage: readonly string[];

  /** `folder` keeps images; what runs keeps its own in /run. */
  constructor(folder: string) {
    mkdirSync(RUN_ROOT, { recursive: true, mode: 0o700 });
    const places = ['--root', join(folder, 'storage'), '--runroot', join(RUN_ROOT, 'root')];
    this.#storage = [...places, '--storage-driver', 'overlay'];
  }

  command(args: readonly string[]): string[] {
    const engine = ['--runtime', 'runc', '--cgroup-manager', 'cgroupfs', '--events-backend', 'file'];
    return ['podman', ...this.#storage, '--tmpdir', join(RUN_ROOT, 'tmp'), ...engine, ...args];
  }

  run(args: readonly string[], timeoutMs = 60_000): Promise<string> {
    return run(this.command(args), timeoutMs);
  }

  try(args: readonly string[], timeoutMs = 60_000): Promise<CommandResult> {
    return tryRun(this.command(args), timeoutMs);
  }

  /** Starts a container on the network of a machine. */
  async start(host: Host, name: string, args: readonly string[]): Promise<void> {
    const detached = ['run', '--detach', '--name', name, '--network', 'host', '--no-hosts', ...LIMITS];
    await run(host.networkCommand(this.command([...detached, ...args])), 60_000);
  }

  async hasImage(name: string): Promise<boolean> {
    return (await this.try(['image', 'exists', name])).status === 0;
  }

  /** Builds one stage of a Containerfile. */
  async build(args: readonly string[]): Promise<void> {
    // Run without a container around each command: the machine may not allow one inside another.
    await run(['buildah', ...this.#storage, 'bud', '--isolation', 'chroot', '--format', 'docker', ...args], 300_000);
  }

  /** Everything but the images goes, unless another run needs it. */
  async close(): Promise<void> {
    if ((await this.run(['ps', '--all', '--quiet'])) === '') rmSync(RUN_ROOT, { recursive: true, force: true });
  }
}
