/**
 * From verdicts to traffic: which real servers of one virtual server are in the table, with which weight, and whether the
 * quorum holds. Pure.
 *
 * - Quorum is gained at `quorum + hysteresis` and lost below `quorum - hysteresis`, or with no weight at all; in between the
 *   last state stands. A pool starts without quorum unless it has enough for gaining it.
 * - Without quorum a sorry server, where there is one, takes all traffic and every real server leaves; without a sorry server
 *   the real servers that are up stay.
 * - The quorum counts the weights in force, which checkers may have moved; its limits follow from the configured ones.
 * - With `inhibit_on_failure` (`sorry_server_inhibit`) weight 0 stands for not being in the table.
 */
import type { RealServerConfig, SorryServerConfig, VirtualServerConfig } from './config/model.js';

/** Limits in force, after what cannot be was lowered. */
export interface QuorumLimits {
  readonly quorum: number;
  readonly hysteresis: number;
}

/** What became of one server of the pool. */
export interface PoolMember {
  readonly inTable: boolean;
  /** Weight in the table; 0 when it is not there. */
  readonly weight: number;
}

/** Everything that follows from the verdicts of one virtual server. */
export interface PoolView {
  readonly quorumUp: boolean;
  /** Sum of the weights of the real servers that are up. */
  readonly weightUp: number;
  /** By index of the real server. */
  readonly members: readonly PoolMember[];
  /** Absent without a sorry server. */
  readonly sorry?: PoolMember & { readonly active: boolean };
}

type PoolConfig = Pick<VirtualServerConfig, 'quorum' | 'hysteresis'> & {
  readonly realServers: readonly Pick<RealServerConfig, 'weight' | 'inhibitOnFailure'>[];
  readonly sorryServer?: Pick<SorryServerConfig, 'inhibit'>;
};

/** A quorum above the total weight is lowered to it, a hysteresis that reaches the quorum to one less. */
export function quorumLimits(config: PoolConfig): QuorumLimits {
  const total = config.realServers.reduce((sum, server) => sum + server.weight, 0);
  const quorum = Math.min(config.quorum, total);
  return { quorum, hysteresis: Math.max(0, Math.min(config.hysteresis, quorum - 1)) };
}

function holds(limits: QuorumLimits, weight: number, before: boolean): boolean {
  if (weight === 0) return false;
  if (weight >= limits.quorum + limits.hysteresis) return true;
  return before && weight >= limits.quorum - limits.hysteresis;
}

const OUT: PoolMember = { inTable: false, weight: 0 };
const INHIBITED: PoolMember = { inTable: true, weight: 0 };

/** What is known of one real server. */
export interface MemberState {
  readonly up: boolean;
  /** The weight it has while it is up. */
  readonly weight: number;
}

/** Looks at one pool. `states` by index of the real server; `quorumBefore` is the last known quorum, false at the start. */
export function viewPool(config: PoolConfig, states: readonly MemberState[], quorumBefore: boolean): PoolView {
  const weightUp = states.reduce((sum, { up, weight }) => sum + (up ? weight : 0), 0);
  const quorumUp = holds(quorumLimits(config), weightUp, quorumBefore);
  const sorryActive = config.sorryServer !== undefined && !quorumUp;
  const members = config.realServers.map((server, index) => {
    const state = states[index];
    if (state?.up === true && !sorryActive) return { inTable: true, weight: state.weight };
    return server.inhibitOnFailure ? INHIBITED : OUT;
  });
  if (config.sorryServer === undefined) return { quorumUp, weightUp, members };
  const sorry = sorryActive ? { inTable: true, weight: 1 } : config.sorryServer.inhibit ? INHIBITED : OUT;
  return { quorumUp, weightUp, members, sorry: { ...sorry, active: sorryActive } };
}
