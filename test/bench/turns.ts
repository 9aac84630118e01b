/** Two routers of one program that take turns being master: round after round the master leaves and comes back as backup. */
import { bringUp } from '../topology/lib/bringUp.js';
import { Capture } from '../topology/lib/capture.js';
import { eventually } from '../topology/lib/eventually.js';
import { FIRST, type Pair, pair, SECOND, VIP } from '../topology/lib/pair.js';
import type { Router } from '../topology/lib/router.js';
import type { Software } from '../topology/lib/software.js';
import type { PerProgram } from './part.js';

/** A router and the address it advertises from. */
export interface Place {
  readonly router: Router;
  readonly address: string;
}

/** One leaving: what is measured. */
export type Leave<T> = (turns: Turns, master: Place, backup: Place) => Promise<T>;

/** The pair at work. */
export class Turns {
  private constructor(
    readonly topology: Pair,
    readonly capture: Capture,
    private readonly config: string,
    private master: Place,
    private backup: Place,
  ) {}

  /** Brings both up under one configuration with equal priorities: whoever comes back stays backup. */
  static async start(software: Software, config: string): Promise<Turns> {
    const topology = await pair(software, software);
    try {
      const capture = await Capture.start(topology.lab);
      const [master, backup] = [
        { router: topology.first, address: FIRST },
        { router: topology.second, address: SECOND },
      ];
      await bringUp(topology.lab, master.router, config);
      await capture.advertOf(FIRST);
      await bringUp(topology.lab, backup.router, config);
      return new Turns(topology, capture, config, master, backup);
    } catch (error) {
      await topology.lab.close();
      throw error;
    }
  }

  /** The master leaves, the other one becomes master, the first returns as its backup. */
  async next<T>(leave: Leave<T>): Promise<T> {
    const { capture } = this;
    await this.findMaster();
    const { master, backup } = this;
    // The backup counts from an advertisement it heard itself.
    await capture.advertOf(master.address, Date.now());
    const result = await leave(this, master, backup);
    await eventually('the new master has the address', () => backup.router.host.hasAddress('eth0', VIP));
    await bringUp(this.topology.lab, master.router, this.config);
    [this.master, this.backup] = [backup, master];
    return result;
  }

  /** At 10 ms a program without real-time priority loses its mastership whenever others start theirs: `stall` counts that. */
  private async findMaster(): Promise<void> {
    const advert = await eventually('somebody is master', () => this.capture.adverts.at(-1), { within: 8_000 });
    if (advert.source !== this.backup.address) return;
    [this.master, this.backup] = [this.backup, this.master];
  }

  async close(): Promise<void> {
    await this.topology.lab.close();
  }
}

/** Rounds of all programs, one after the other in each round, so that what else the machine does hits all alike. */
export async function takeTurns<T>(
  programs: readonly Software[],
  config: string,
  rounds: number,
  leave: Leave<T>,
): Promise<PerProgram<T[]>> {
  const found: PerProgram<T[]> = {};
  const pairs: { readonly name: string; readonly turns: Turns }[] = [];
  try {
    for (const program of programs) pairs.push({ name: program.name, turns: await Turns.start(program, config) });
    for (let round = 0; round < rounds; round++) {
      for (const { name, turns } of pairs) {
        found[name] ??= [];
        found[name].push(await turns.next(leave));
      }
    }
    return found;
  } finally {
    for (const { turns } of pairs) await turns.close();
  }
}
