/** Which processes are among those that are looked for. Pure: what happened comes in, changed numbers go out. */
import type { TrackProcessConfig } from '../config/model.js';
import { matchesProcess, type ProcessFacts } from './processMatch.js';

/** Counts the processes of each definition. */
export class ProcessBook {
  readonly #configs: readonly TrackProcessConfig[];
  readonly #members = new Map<string, Set<number>>();

  constructor(configs: readonly TrackProcessConfig[]) {
    this.#configs = configs;
    for (const { name } of configs) this.#members.set(name, new Set());
  }

  /** A process as it is now: new, or with another program or name. Returns whether it is looked for. */
  seen(pid: number, facts: ProcessFacts): boolean {
    let matched = false;
    for (const config of this.#configs) {
      const members = this.#members.get(config.name);
      if (matchesProcess(config, facts)) {
        members?.add(pid);
        matched = true;
      } else members?.delete(pid);
    }
    return matched;
  }

  /** A copy of `parent` started: until it runs another program it is what its parent is. */
  forked(parent: number, pid: number): void {
    for (const members of this.#members.values()) if (members.has(parent)) members.add(pid);
  }

  gone(pid: number): void {
    for (const members of this.#members.values()) members.delete(pid);
  }

  /** Forgets all that are not in `alive`. */
  retain(alive: ReadonlySet<number>): void {
    for (const members of this.#members.values()) {
      for (const pid of members) if (!alive.has(pid)) members.delete(pid);
    }
  }

  count(name: string): number {
    return this.#members.get(name)?.size ?? 0;
  }

  /** Every process that is looked for. */
  *members(): Iterable<number> {
    for (const members of this.#members.values()) yield* members;
  }
}
