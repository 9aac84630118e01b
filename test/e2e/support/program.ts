/** Programs of Debian that tests talk to, and commands that judge. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import { exitOf } from './suite.js';

/** Why a test cannot run here, for its `skip` option; false when all programs are there. */
export function missingPrograms(...programs: readonly string[]): string | false {
  const missing = programs.filter((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0);
  return missing.length === 0 ? false : `not installed: ${missing.join(', ')}`;
}

/** A program in the background, with what it said. */
export class Background {
  readonly child: ChildProcess;
  said = '';

  constructor(file: string, args: readonly string[], environment: NodeJS.ProcessEnv = process.env) {
    this.child = spawn(file, [...args], { stdio: ['ignore', 'pipe', 'pipe'], env: environment });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.said += text;
      });
    }
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.child.kill(signal);
    await exitOf(this.child);
  }
}

/** Runs a command to its end. */
export function command(file: string, ...args: readonly string[]): { code: number; stdout: string; stderr: string } {
  const { status, stdout, stderr, error } = spawnSync(file, [...args], { encoding: 'utf8', timeout: 15_000 });
  return { code: status ?? -1, stdout: stdout ?? '', stderr: error?.message ?? stderr };
}

/** A UDP port nobody uses now. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address() as AddressInfo;
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}
