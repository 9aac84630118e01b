/** Two network namespaces joined by a veth pair, and Node programs that run inside them. */
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** A program in a namespace that prints one JSON value per line. */
export class Probe {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: unknown[] = [];
  readonly #waiting: (() => void)[] = [];
  #stderr = '';
  #exited = false;

  constructor(namespace: string, program: string, args: readonly string[]) {
    const path = fileURLToPath(new URL(`./probes/${program}.ts`, import.meta.url));
    this.#child = spawn('ip', ['netns', 'exec', namespace, process.execPath, '--import', 'tsx', path, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.#lines.push(JSON.parse(line));
      this.#wake();
    });
    this.#child.on('close', () => {
      this.#exited = true;
      this.#wake();
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The next printed value; rejects after `timeoutMs` or when the program ended without one. */
  async next<T>(timeoutMs = 20_000): Promise<T> {
    const end = Date.now() + timeoutMs;
    while (this.#lines.length === 0) {
      if (this.#exited) throw new Error(`the probe ended: ${this.#stderr}`);
      if (Date.now() > end) throw new Error(`the probe said nothing for ${timeoutMs} ms: ${this.#stderr}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(1, end - Date.now()));
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return this.#lines.shift() as T;
  }

  /** Values until one satisfies `wanted`, which is returned. */
  async until<T>(wanted: (value: T) => boolean): Promise<T> {
    for (;;) {
      const value = await this.next<T>();
      if (wanted(value)) return value;
    }
  }

  /** Sends a line to the program. */
  say(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  async stop(): Promise<void> {
    if (this.#exited) return;
    const closed = new Promise<void>((resolve) => this.#child.once('close', () => resolve()));
    this.#child.kill('SIGKILL');
    await closed;
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** Namespaces `left` and `right`, interface `e0` in each: 10.77.0.1 and 10.77.0.2, fd77::1 and fd77::2. */
export class NamespacePair {
  readonly left: string;
  readonly right: string;
  readonly #probes: Probe[] = [];

  constructor() {
    const id = randomBytes(3).toString('hex');
    this.left = `kwk-${id}-l`;
    this.right = `kwk-${id}-r`;
    this.ip('netns', 'add', this.left);
    this.ip('netns', 'add', this.right);
    this.ip('link', 'add', 'e0', 'netns', this.left, 'type', 'veth', 'peer', 'name', 'e0', 'netns', this.right);
    for (const [index, name] of [this.left, this.right].entries()) {
      this.ip('-n', name, 'link', 'set', 'lo', 'up');
      this.ip('-n', name, 'addr', 'add', `10.77.0.${index + 1}/24`, 'dev', 'e0');
      this.ip('-n', name, 'addr', 'add', `fd77::${index + 1}/64`, 'dev', 'e0', 'nodad');
      this.ip('-n', name, 'addr', 'add', `fe80::${index + 1}/64`, 'dev', 'e0', 'nodad');
      this.ip('-n', name, 'link', 'set', 'e0', 'up');
    }
  }

  /** Runs `ip` and returns what it prints. */
  ip(...args: readonly string[]): string {
    return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** Starts `probes/<program>.ts` in a namespace. */
  probe(namespace: string, program: string, ...args: readonly string[]): Probe {
    const probe = new Probe(namespace, program, args);
    this.#probes.push(probe);
    return probe;
  }

  async remove(): Promise<void> {
    for (const probe of this.#probes) await probe.stop();
    for (const name of [this.left, this.right]) {
      try {
        this.ip('netns', 'del', name);
      } catch {
        // Already gone: a test may have deleted it.
      }
    }
  }
}

/** True when the machine lets us make namespaces. */
export function canMakeNamespaces(): boolean {
  try {
    const name = `kwk-${randomBytes(3).toString('hex')}-t`;
    execFileSync('ip', ['netns', 'add', name], { stdio: 'ignore' });
    execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
