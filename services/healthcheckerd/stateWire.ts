/** What runs → what gRPC says about it. Pure. */
import { formatIpAddress } from '../shared/net/address.js';
import type { CheckerState, RealServer, VirtualServer } from '../shared/rpc/generated/keepwatch/v1/health.js';
import type { Clock } from '../shared/time/clock.js';
import { elapsed, toMillis } from '../shared/time/duration.js';
import { checkerKeyword, checkerTarget } from './checkerText.js';
import { realServerName, tablePort } from './names.js';
import { quorumLimits } from './pool.js';
import type { RunningChecker, ServerRuntime, VirtualRuntime } from './runtime.js';

function checkerWire(checker: RunningChecker, clock: Clock): CheckerState {
  const { config, state } = checker;
  const age = state.lastEndedAt === undefined ? undefined : toMillis(elapsed(state.lastEndedAt, clock.now()));
  return {
    kind: checkerKeyword(config),
    target: checkerTarget(config),
    up: state.up,
    checked: state.checked,
    suspended: state.phase.kind === 'suspended',
    lastError: state.lastError,
    failuresInRow: state.failuresInRow,
    checks: BigInt(state.checks),
    failures: BigInt(state.failures),
    lastDurationUs: BigInt(Math.round(state.lastDuration ?? 0)),
    lastCheckedAt: age === undefined ? undefined : new Date(clock.wall().getTime() - age),
  };
}

function serverWire(server: ServerRuntime, index: number, clock: Clock): RealServer {
  const { virtual, config } = server;
  const member = virtual.view.members[index] ?? { inTable: false, weight: 0 };
  return {
    name: server.name,
    address: formatIpAddress(config.address),
    port: tablePort(virtual.config, config),
    up: server.up,
    weight: member.weight,
    configuredWeight: config.weight,
    inTable: member.inTable,
    order: config.order?.text ?? '',
    checkers: [...server.checkers.values()].map((checker) => checkerWire(checker, clock)),
  };
}

/** One virtual server as it is now. */
export function virtualServerWire(virtual: VirtualRuntime, clock: Clock): VirtualServer {
  const { config, view } = virtual;
  const limits = quorumLimits(config);
  const { sorryServer } = config;
  return {
    name: virtual.name,
    realServers: virtual.servers.map((server, index) => serverWire(server, index, clock)),
    sorryServer:
      sorryServer === undefined
        ? undefined
        : {
            name: realServerName(config, sorryServer),
            address: formatIpAddress(sorryServer.address),
            port: tablePort(config, sorryServer),
            up: true,
            weight: view.sorry?.weight ?? 0,
            configuredWeight: 1,
            inTable: view.sorry?.inTable ?? false,
            checkers: [],
            order: '',
          },
    sorryServerActive: view.sorry?.active ?? false,
    quorum: limits.quorum,
    hysteresis: limits.hysteresis,
    quorumUp: view.quorumUp,
    weightUp: view.weightUp,
  };
}
