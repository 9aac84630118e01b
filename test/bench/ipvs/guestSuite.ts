/** One of the two programs, running in the guest: started, counted, stopped. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { keepalived, keepwatch, type Software } from '../../topology/lib/software.js';
import type { CpuTime, StopResult } from './scenario.js';

const WAIT_MS = 240_000;
const TICKS_PER_SECOND = 100;

/** Waits until something is so; the time it took in milliseconds. */
export async function until(what: string, holds: () => boolean, intervalMs = 20): Promise<number> {
  const from = performance.now();
  while (!holds()) {
    if (performance.now() - from > WAIT_MS) throw new Error(`waited in vain: ${what}`);
    await pause(intervalMs);
  }
  return performance.now() - from;
}

/** Destinations in the kernel's table. */
export const destinationCount = (): number =>
  (readFileSync('/proc/net/ip_vs', 'latin1').match(/^ {2}-> /gm) ?? []).length - 1;

const serviceCount = (): number =>
  (readFileSync('/proc/net/ip_vs', 'latin1').match(/^(TCP|UDP|SCTP|FWM) /gm) ?? []).length;

interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly user: number;
  readonly system: number;
}

/** proc(5), /proc/pid/stat; the name in parentheses may hold anything. */
function processEntry(pid: number): ProcessEntry | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z') return undefined;
    return { pid, parent: Number(fields[1]), user: Number(fields[11]), system: Number(fields[12]) };
  } catch {
    return undefined;
  }
}

export class GuestSuite {
  readonly #child: ChildProcess;
  readonly #title: string;
  readonly startedAt = performance.now();

  private constructor(child: ChildProcess, title: string) {
    this.#child = child;
    this.#title = title;
  }

  /** Starts `software` with only its health checks on a configuration. */
  static start(software: Software, configuration: string): GuestSuite {
    const folder = join('/run/bench', software.name);
    mkdirSync(folder, { recursive: true });
    const config = join(folder, 'config');
    writeFileSync(config, configuration);
    const paths = { config, runDirectory: join(folder, 'run'), stateDirectory: join(folder, 'state') };
    const [command = '', ...args] = software.command(paths).filter((word) => word !== '-D');
    const log = openSync(join(folder, 'log'), 'w');
    const pids = software === keepalived ? ['-p', join(folder, 'main.pid'), '-c', join(folder, 'checkers.pid')] : [];
    const child = spawn(command, [...args, '-C', ...pids], { stdio: ['ignore', log, log] });
    closeSync(log);
    return new GuestSuite(child, software.name);
  }

  get #log(): string {
    return readFileSync(`/run/bench/${this.#title}/log`, 'utf8');
  }

  /** Waits for a complete table; milliseconds since the exec. */
  async complete(destinations: number): Promise<number> {
    await until(
      `${destinations} destinations of ${this.#title}`,
      () => {
        if (this.#child.exitCode !== null) throw new Error(`${this.#title} ended\n${this.#log}`);
        return destinationCount() >= destinations;
      },
      100,
    );
    return performance.now() - this.startedAt;
  }

  /** Puts another configuration in force. */
  reload(configuration: string): void {
    writeFileSync(`/run/bench/${this.#title}/config`, configuration);
    this.#child.kill('SIGHUP');
  }

  #processes(): ProcessEntry[] {
    const all = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (processEntry(Number(name)) ?? []) : []));
    const mine = new Set([this.#child.pid]);
    // Children are younger than their parents; numbers of a fresh guest have not wrapped around.
    return all
      .sort((a, b) => a.pid - b.pid)
      .filter(({ pid, parent }) => {
        if (mine.has(parent)) mine.add(pid);
        return mine.has(pid);
      });
  }

  #byName<T>(value: (entry: ProcessEntry) => T): Record<string, T> {
    return Object.fromEntries(this.#processes().map((entry, index) => [nameOf(entry.pid, index), value(entry)]));
  }

  cpu(): Record<string, CpuTime> {
    return this.#byName(({ user, system }) => ({ user: user / TICKS_PER_SECOND, system: system / TICKS_PER_SECOND }));
  }

  residentKb(): Record<string, number> {
    return this.#byName(({ pid }) =>
      Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]),
    );
  }

  /** Stops it in good order, and looks at what it leaves behind. */
  async stop(): Promise<StopResult> {
    const processes = this.#processes();
    const from = performance.now();
    this.#child.kill('SIGTERM');
    await until(`end of ${this.#title}`, () => this.#child.exitCode !== null || this.#child.signalCode !== null, 5);
    const ms = performance.now() - from;
    const running = processes.filter(({ pid }) => processEntry(pid) !== undefined).length;
    return { ms, left: running + serviceCount() };
  }
}

function nameOf(pid: number, index: number): string {
  const own = /\/cmd\/([^/]+)\/main\.js/.exec(readFileSync(`/proc/${pid}/cmdline`, 'latin1'))?.[1];
  return own ?? (index === 0 ? 'keepalived' : 'keepalived (checkers)');
}

/** The program of a name. */
export const softwareNamed = (name: string): Software => (name === 'keepalived' ? keepalived : keepwatch);
