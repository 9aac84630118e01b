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
    return parsed(await vtysh(this.host, 'show bfd peers json')) as readonly FrrSession[];
  }

  async session(peer: string): Promise<FrrSession> {
    const found = (await this.sessions()).find((one) => one.peer === peer);
    if (found === undefined) throw new Error(`FRR has no session with ${peer}`);
    return found;
  }

  /** How often a session went down since it was configured. */
  async downs(peer: string): Promise<number> {
    const counters = parsed(await vtysh(this.host, 'show bfd peers counters json')) as readonly FrrCounters[];
    const found = counters.find((one) => one.peer === peer);
    if (found === undefined) throw new Error(`FRR counts nothing of ${peer}`);
    return found['session-down'];
  }

  /** Takes a session out of service, or lets it work again (RFC 5880 6.8.16). */
  async shutdown(peer: string, isDown: boolean): Promise<void> {
    await vtysh(this.host, 'configure', 'bfd', `peer ${peer}`, isDown ? 'shutdown' : 'no shutdown');
  }
}

interface FrrCounters {
  readonly peer: string;
  readonly 'session-down': number;
}

function parsed(text: string): readonly unknown[] {
  return text.trimStart().startsWith('[') ? (JSON.parse(text) as readonly unknown[]) : [];
}
