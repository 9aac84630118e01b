import type { RouteSpec, RuleSpec } from '../../shared/kernel/routing.js';
import type { Wish } from './kernelSpec.js';

/** Who wants routes and rules to be there: a master, or the static configuration. */
export interface RoutingOwner {
  readonly name: string;
}

/**
 * `absent`: to be added when wanted; `present`: in the kernel; `refused`: the kernel does not take it now; `waiting`: an
 * interface is missing for it; `left`: removed by others, and nobody minds (`no_track`).
 */
export type EntryState = 'absent' | 'present' | 'refused' | 'waiting' | 'left';

/** One route or rule, wanted by any number of owners. */
export interface Entry {
  readonly key: string;
  wish: Wish;
  readonly owners: Map<RoutingOwner, Wish>;
  state: EntryState;
  /** It was there before us, so it stays when we go. */
  foreign: boolean;
  /** What the kernel was asked for. */
  spec: RouteSpec | RuleSpec | undefined;
  /** Why it is not there. */
  problem: string | undefined;
  /** Owners that gave it up because it could not be put back; they come back once it can. */
  readonly mourners: Set<RoutingOwner>;
}

/** An entry that nobody wants yet. */
export const newEntry = (key: string, wish: Wish): Entry => ({
  key,
  wish,
  owners: new Map(),
  state: 'absent',
  foreign: false,
  spec: undefined,
  problem: undefined,
  mourners: new Set(),
});

/** Somebody minds when it disappears. */
export const isWatched = (entry: Entry): boolean => [...entry.owners.values()].some(({ config }) => !config.noTrack);
