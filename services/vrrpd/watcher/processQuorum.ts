/** Whether enough processes run: quorum and its delays. Pure; the shell owns the timer. */
import { after, type Instant, type Micros } from '../../shared/time/duration.js';

/** How many there have to be, and how long a change has to last. */
export interface QuorumConfig {
  readonly quorum: number;
  readonly quorumMax?: number;
  readonly forkDelay: Micros;
  readonly terminateDelay: Micros;
}

/** Where one definition stands. */
export interface QuorumState {
  readonly count: number;
  /** What counts now; undefined before the first count. */
  readonly good: boolean | undefined;
  /** When the opposite will count, unless the number changes back. */
  readonly turnsAt: Instant | undefined;
}

export const UNCOUNTED: QuorumState = { count: 0, good: undefined, turnsAt: undefined };

const isEnough = ({ quorum, quorumMax }: QuorumConfig, count: number): boolean =>
  count >= quorum && (quorumMax === undefined || count <= quorumMax);

/** Takes in another number of processes. A start that changes the quorum waits `forkDelay`, an end `terminateDelay`. */
export function withCount(state: QuorumState, count: number, config: QuorumConfig, now: Instant): QuorumState {
  const good = isEnough(config, count);
  if (state.good === undefined) return { count, good, turnsAt: undefined };
  if (good === state.good) return { count, good, turnsAt: undefined };
  const delay = count > state.count ? config.forkDelay : config.terminateDelay;
  if (delay === 0) return { count, good, turnsAt: undefined };
  return { count, good: state.good, turnsAt: state.turnsAt ?? after(now, delay) };
}

/** The delay is over. */
export function atTurn(state: QuorumState, config: QuorumConfig, now: Instant): QuorumState {
  if (state.turnsAt === undefined || now < state.turnsAt) return state;
  return { count: state.count, good: isEnough(config, state.count), turnsAt: undefined };
}

/** `1 of 2 processes`, `3 processes, at most 2`. */
export function quorumText({ count }: QuorumState, { quorum, quorumMax }: QuorumConfig): string {
  if (quorumMax !== undefined && (count > quorumMax || quorum === 0)) {
    return `${count === 1 ? '1 process' : `${count} processes`}, at most ${quorumMax}`;
  }
  return `${count} of ${quorum} ${quorum === 1 ? 'process' : 'processes'}`;
}
