/** One service process from the sources, in directories of its own. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Channel } from 'nice-grpc';
import { loadConfig } from '../../../services/shared/config/load.js';
import { nodeFileAccess } from '../../../services/shared/config/nodeFileAccess.js';
import { splitTree } from '../../../services/shared/config/splitTree.js';
import { rpcClient, unixChannel } from '../../../services/shared/rpc/client.js';
import type { ConfigTree } from '../../../services/shared/rpc/generated/keepwatch/v1/common.js';
import { LifecycleServiceDefinition } from '../../../services/shared/rpc/generated/keepwatch/v1/lifecycle.js';

/** Waits until something is so. */
export async function until(condition: () => boolean | Promise<boolean>, what: () => string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within 20 s: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Everything up to `generation` of a service under test. */
export class ServiceProcess {
  readonly name: 'healthcheckerd' | 'ipvsd';
  readonly folder: string;
  readonly runDir: string;
  log = '';
  readonly channel: Channel;
  #process: ChildProcess | undefined;
  #generation = 0n;

  constructor(context: TestContext, name: 'healthcheckerd' | 'ipvsd') {
    this.name = name;
    this.folder = mkdtempSync(join(tmpdir(), `keepwatch-${name}-`));
    this.runDir = join(this.folder, 'run');
    mkdirSync(this.runDir, { mode: 0o700 });
    this.channel = unixChannel(join(this.runDir, `${name}.sock`));
    context.after(async () => {
      this.channel.close();
      await this.kill();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  /** Starts it and waits until it answers. */
  async start(): Promise<void> {
    const places = ['--run-dir', this.runDir, '--state-dir', join(this.folder, 'state')];
    const args = ['--import', 'tsx', `cmd/${this.name}/main.ts`, ...places, '-l', '-D'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    child.stderr.on('data', (chunk: Buffer) => {
      this.log += chunk.toString();
    });
    const pidFile = join(this.runDir, `${this.name}.pid`);
    await until(
      () => {
        assert.equal(child.exitCode, null, this.log);
        return existsSync(pidFile) && readFileSync(pidFile, 'utf8').trim() === String(child.pid);
      },
      () => `${this.name} starts\n${this.log}`,
    );
  }

  get lifecycle() {
    return rpcClient(LifecycleServiceDefinition, this.channel);
  }

  /** The part of a configuration text that belongs to this service. */
  tree(text: string): ConfigTree {
    const file = join(this.folder, 'keepwatch.conf');
    writeFileSync(file, text);
    const { tree, diagnostics } = loadConfig({ file, access: nodeFileAccess, configId: 'x' });
    assert.ok(tree, JSON.stringify(diagnostics));
    return splitTree(tree)[this.name] as ConfigTree;
  }

  async configure(text: string) {
    this.#generation++;
    return await this.lifecycle.configure({ generation: this.#generation, tree: this.tree(text) });
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  /** Ends it in good order; returns its exit code. */
  async stop(keepKernelState = false): Promise<number | null> {
    const child = this.#process;
    assert.ok(child);
    const gone = new Promise<number | null>((resolve) => child.once('exit', resolve));
    await this.lifecycle.stop({ keepKernelState });
    return await gone;
  }
}
