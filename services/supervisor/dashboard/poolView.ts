/** Views of virtual servers and their pools. Pure. */
import type { CheckerState, RealServer, VirtualServer } from '../../shared/rpc/generated/keepwatch/v1/health.js';
import type { CheckView, PoolView, RealView, ServerState } from './view.js';

/** `shown`: real servers there is room for; `holders`: instances by address. */
export const poolView = (
  server: VirtualServer,
  shown: ReadonlySet<RealServer>,
  holders: ReadonlyMap<string, readonly string[]>,
): PoolView => ({
  name: server.name,
  state: server.quorumUp ? 'UP' : 'DOWN',
  quorum: server.quorum,
  weightUp: server.weightUp,
  weightAll: server.realServers.reduce((sum, { configuredWeight }) => sum + configuredWeight, 0),
  servers: server.realServers.filter((real) => shown.has(real)).map(realView),
  sorry: server.sorryServer === undefined ? undefined : realView(server.sorryServer),
  sorryActive: server.sorryServerActive,
  heldBy: holders.get(/^\[([^\]]+)\]/.exec(server.name)?.[1] ?? '') ?? [],
});

function realView(real: RealServer): RealView {
  const failing = real.checkers.filter(({ checked, up }) => checked && !up);
  const why = failing.map(({ kind, target, lastError }) => `${kind} to ${target}: ${lastError}`);
  return {
    name: real.name,
    state:
      !real.up && failing.length === 0 && real.checkers.some(({ checked }) => !checked)
        ? 'UNCHECKED'
        : upOrDown(real.up),
    weight: real.weight,
    configuredWeight: real.configuredWeight,
    inTable: real.inTable,
    why: [...why, real.order].filter((text) => text !== '').join('; '),
    checks: real.checkers.map(checkView),
  };
}

const checkView = (checker: CheckerState): CheckView => ({
  name: `${checker.kind} ${checker.target}`,
  state: checker.checked ? upOrDown(checker.up) : 'UNCHECKED',
  suspended: checker.suspended,
  at: checker.lastCheckedAt?.getTime(),
  durationMs: Number(checker.lastDurationUs) / 1_000,
  checks: Number(checker.checks),
  failures: Number(checker.failures),
});

const upOrDown = (up: boolean): ServerState => (up ? 'UP' : 'DOWN');
