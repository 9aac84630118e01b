/** A client that asks an address for an answer every millisecond, in a process of its own. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { eventually } from '../topology/lib/eventually.js';
import type { Host } from '../topology/lib/host.js';
import type { Closable, Lab } from '../topology/lib/lab.js';

/** What became of the questions. */
export interface PingResult {
  readonly asked: number;
  /** When each question without an answer was asked, milliseconds since 1970. */
  readonly lost: readonly number[];
}

/** The client at work. */
export class Pinger implements Closable {
  private readonly child: ChildProcess;
  private output = '';

  private constructor(client: Host, address: string) {
    const script = fileURLToPath(new URL('./pingerProcess.ts', import.meta.url));
    const argv = [process.execPath, '--import', 'tsx', script, address];
    this.child = client.spawnInNetwork(argv, 'pipe');
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
    });
    this.child.stderr?.on('data', (text: Buffer) => process.stderr.write(text));
  }

  /** Asks, and waits for the first answer. */
  static async start(lab: Lab, client: Host, address: string): Promise<Pinger> {
    const pinger = lab.own(new Pinger(client, address));
    await eventually('the address answers', () => pinger.output.includes('ready'), { within: 15_000 });
    return pinger;
  }

  async stop(): Promise<PingResult> {
    this.child.stdin?.write('\n');
    const line = () => /^\{.*\}$/m.exec(this.output)?.[0];
    return JSON.parse(await eventually('the client tells what it lost', line)) as PingResult;
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}
