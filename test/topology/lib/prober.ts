/** Asks an address for an answer many times a second, so that an outage can be measured from a client's side. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { eventually, type PollLimits } from './eventually.js';
import type { Host } from './host.js';

/** A time without an answer: from the last answer before it to the first one after it, milliseconds since 1970. */
export interface Outage {
  readonly from: number;
  readonly to: number;
  readonly duration: number;
  /** Questions that got no answer. */
  readonly lost: number;
}

const ANSWER = /^\[(\d+\.\d+)\] .* icmp_seq=(\d+) .*time=/;

/** A running series of pings. */
export class Prober {
  private readonly answers: { readonly at: number; readonly sequence: number }[] = [];
  private partial = '';

  private constructor(
    private readonly ping: ChildProcess,
    private readonly intervalMs: number,
  ) {}

  static start(client: Host, address: string, intervalMs = 10): Prober {
    const ping = client.spawnInNetwork(['ping', '-n', '-D', '-i', String(intervalMs / 1000), address]);
    const prober = new Prober(ping, intervalMs);
    ping.stdout?.setEncoding('utf8').on('data', (text: string) => prober.read(text));
    return prober;
  }

  private read(text: string): void {
    const lines = (this.partial + text).split('\n');
    this.partial = lines.pop() ?? '';
    for (const line of lines) {
      const match = ANSWER.exec(line);
      if (match) this.answers.push({ at: Number(match[1]) * 1000, sequence: Number(match[2]) & 0xffff });
    }
  }

  /** Waits for an answer given after the moment (default: now). */
  async answered(since = Date.now(), limits?: PollLimits): Promise<number> {
    const first = () => this.answers.find(({ at }) => at >= since)?.at;
    return eventually('the address answers the client', first, limits);
  }

  /** The longest time without an answer after the moment; duration 0 when every question was answered. */
  longestOutage(since = 0): Outage {
    const answers = this.answers.filter(({ at }) => at >= since);
    let longest: Outage = { from: since, to: since, duration: 0, lost: 0 };
    answers.forEach((answer, index) => {
      const before = answers[index - 1];
      if (!before) return;
      const lost = ((answer.sequence - before.sequence) & 0xffff) - 1;
      const duration = answer.at - before.at;
      if (lost > 0 && duration > longest.duration) longest = { from: before.at, to: answer.at, duration, lost };
    });
    return longest;
  }

  /** Questions asked in a row without an answer until now. */
  get silentFor(): number {
    const last = this.answers.at(-1);
    return last ? Math.max(0, Date.now() - last.at - this.intervalMs) : Number.POSITIVE_INFINITY;
  }

  async close(): Promise<void> {
    if (this.ping.exitCode !== null || this.ping.signalCode !== null) return;
    const gone = once(this.ping, 'exit');
    this.ping.kill('SIGKILL');
    await gone;
  }
}
