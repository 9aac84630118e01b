/** FRR's bfdd on a machine. */
import { eventually } from './eventually.js';
import { startFrr, vtysh } from './frr.js';
import type { Host } from './host.js';

/** What it says of a session; the rest of `show bfd peers json` is left out. */
export interface FrrSession {
  readonly peer: string;
  /** `up`, `down`, `init`, `shutdown`. */
  readonly status: string;
  /** In words: `ok`, `control detection time expired`, `neighbor signaled session down`, … */
  readonly diagnostic: string;
  readonly 'remote-diagnostic': string;
}

export interface FrrSettings {
  readonly intervalMs: number;
  readonly multiplier: number;
}

export class FrrBfd {
  private constructor(private readonly host: Host) {}

  /** Starts it with a session to each peer. */
  static async start(host: Host, peers: readonly string[], settings: FrrSettings): Promise<FrrBfd> {
    const { intervalMs, multiplier } = settings;
    const blocks = peers.flatMap((peer) => [
      ` peer ${peer}`,
      `  detect-multiplier ${multiplier}`,
      `  receive-interval ${intervalMs}`,
      `  transmit-interval ${intervalMs}`,
      '  no shutdown',
      ' exit',
    ]);
    await startFrr(host, 'bfdd', `${['bfd', ...blocks, 'exit'].join('\n')}\n`);
    const frr = new FrrBfd(host);
    await eventually(`${host.name}: FRR's bfdd knows its peers`, async () => {
      return (await frr.sessions()).length === peers.length;
    });
    return frr;
  }

  async sessions(): Promise<readonly FrrSession[]> {
    return parsed(await vtysh(this.host, 'show bfd peers json'));
  }

  async session(peer: string): Promise<FrrSession> {
    const found = (await this.sessions()).find((one) => one.peer === peer);
    if (found === undefined) throw new Error(`FRR has no session with ${peer}`);
    return found;
  }
}

function parsed(text: string): readonly FrrSession[] {
  return text.trimStart().startsWith('[') ? (JSON.parse(text) as readonly FrrSession[]) : [];
}
