/** What lives between two configurations: virtual servers, their real servers and checkers, found again by key. */
import type { IpvsServiceKey, IpvsVirtualService } from '../shared/rpc/generated/keepwatch/v1/ipvs.js';
import type { Micros } from '../shared/time/duration.js';
import type { CheckerState } from './checker.js';
import type { CheckerConfig, RealServerConfig, VirtualServerConfig } from './config/model.js';
import type { PoolView } from './pool.js';
import type { RunnableCheck } from './probe.js';

/** A checker that runs. */
export interface RunningChecker {
  readonly kind: 'running';
  config: RunnableCheck;
  state: CheckerState;
  server: ServerRuntime;
  /** Delay of the first check, kept for the life of the checker so that the spread stays even. */
  readonly phase: Micros;
  /** Ends the check that is under way. */
  cancel: (() => void) | undefined;
}

/** A checker of a kind this version cannot run: no verdict but the one it starts with. */
interface IdleChecker {
  readonly kind: 'idle';
  config: Extract<CheckerConfig, { kind: 'unavailable' }>;
}

export type CheckerRuntime = RunningChecker | IdleChecker;

export interface ServerRuntime {
  config: RealServerConfig;
  /** `[10.9.1.1]:tcp:80`. */
  name: string;
  virtual: VirtualRuntime;
  /** By `tcp#0`: kind and number among its kind. */
  checkers: Map<string, CheckerRuntime>;
  up: boolean;
}

export interface VirtualRuntime {
  readonly name: string;
  config: VirtualServerConfig;
  keys: readonly IpvsServiceKey[];
  servers: ServerRuntime[];
  view: PoolView;
  desired: IpvsVirtualService[];
  /** `ha_suspend` pauses its checks. */
  suspended: boolean;
}

/** A server is up when no checker says otherwise. */
export function verdictOf(server: ServerRuntime): boolean {
  for (const checker of server.checkers.values()) {
    if (checker.kind === 'running' ? !checker.state.up : checker.config.alpha) return false;
  }
  return true;
}
