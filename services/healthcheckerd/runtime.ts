/** What lives between two configurations: virtual servers, their real servers and checkers, found again by key. */
import type { IpvsVirtualService } from '../shared/rpc/generated/keepwatch/v1/ipvs.js';
import type { Micros } from '../shared/time/duration.js';
import type { CheckerRules, CheckerState } from './checker.js';
import type { CheckerConfig } from './config/checkerModel.js';
import type { VirtualServerConfig } from './config/model.js';
import type { ServiceTargets } from './desiredTable.js';
import type { PoolView } from './pool.js';
import type { SteeredServer } from './steeredConfig.js';

/** A checker that runs, once for all real servers that want exactly the same check. */
export interface RunningChecker {
  /** The meaning of its configuration as text. */
  readonly key: string;
  config: CheckerConfig;
  rules: CheckerRules;
  state: CheckerState;
  /** Those it speaks for. */
  readonly servers: Set<ServerRuntime>;
  /** Delay of the first check, kept for the life of the checker so that the spread stays even. */
  readonly phase: Micros;
  /** Ends the check that is under way. */
  cancel: (() => void) | undefined;
}

export interface ServerRuntime {
  config: SteeredServer;
  /** `[10.9.1.1]:tcp:80`. */
  name: string;
  virtual: VirtualRuntime;
  /** By `tcp#0`: kind and number among its kind. */
  checkers: Map<string, RunningChecker>;
  up: boolean;
  /** The configured weight and what the checkers make of it. */
  weight: number;
}

export interface VirtualRuntime {
  readonly name: string;
  config: VirtualServerConfig;
  targets: ServiceTargets;
  servers: ServerRuntime[];
  view: PoolView;
  desired: IpvsVirtualService[];
  /** `ha_suspend` pauses its checks. */
  suspended: boolean;
}

/** A server is up when no checker says otherwise. */
export function verdictOf(server: ServerRuntime): boolean {
  for (const checker of server.checkers.values()) {
    if (!checker.state.up) return false;
  }
  return true;
}

/**
 * Every checker of a server has spoken, for this server or for another that wants the same check, so that being down is news. Under
 * `alpha` it is none: there servers are down until then.
 */
export function isJudged(server: ServerRuntime): boolean {
  for (const { state, config } of server.checkers.values()) {
    if (!state.checked || config.timing.alpha) return false;
  }
  return server.checkers.size > 0;
}

/** Weights of linux/ip_vs.h are C ints. */
const MAXIMUM_WEIGHT = 2 ** 31 - 1;

/**
 * The weight of a server: what is configured and what MISC_CHECK (`misc_dynamic`) and FILE_CHECK add to it; one MISC_CHECK alone
 * sets it (keepalived.conf(5), MISC_CHECK). An operator's order counts instead of all that.
 */
export function weightOf({ config, checkers }: Pick<ServerRuntime, 'config' | 'checkers'>): number {
  if (config.order?.weight !== undefined) return config.order.weight;
  let weight = config.weight;
  for (const checker of checkers.values()) {
    const effect = checker.state.weight;
    if (effect !== undefined) weight += 'set' in effect ? effect.set - config.weight : effect.add;
  }
  return Math.max(0, Math.min(weight, MAXIMUM_WEIGHT));
}
