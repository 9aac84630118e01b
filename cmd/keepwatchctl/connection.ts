/** The way to the suite. */
import { join } from 'node:path';
import type { Channel, Client } from 'nice-grpc';
import { addressChannel, type DeadlineOption, rpcClient, unixChannel } from '../../services/shared/rpc/client.js';
import { describeRpcError, isUnavailable } from '../../services/shared/rpc/errors.js';
import { ControlServiceDefinition } from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { EXIT_FAILED, EXIT_UNREACHABLE } from './exitCode.js';
import { Failure, suitesBelow, type Target } from './target.js';

export type ControlClient = Client<typeof ControlServiceDefinition, DeadlineOption>;

export interface Connection {
  readonly channel: Channel;
  readonly control: ControlClient;
}

export function connectTo({ runDir, address }: Target): Connection {
  const channel = address === undefined ? unixChannel(join(runDir, 'keepwatchd.sock')) : addressChannel(address);
  return { channel, control: rpcClient(ControlServiceDefinition, channel) };
}

/** What a failed call means for the user. */
export function failureOf(error: unknown, { runDir, address }: Target): Failure {
  if (error instanceof Failure) return error;
  if (isUnavailable(error)) {
    const where = address ?? `run directory ${runDir}`;
    const advice = address === undefined ? adviceFor(runDir) : 'is the address right?';
    return new Failure(EXIT_UNREACHABLE, `no suite answers (${where}); ${advice}`);
  }
  return new Failure(EXIT_FAILED, describeRpcError(error));
}

function adviceFor(runDir: string): string {
  const others = suitesBelow(runDir);
  if (others.length === 0) return 'is keepwatchd running, and with this --run-dir?';
  return `there are suites with names: choose one with --run-dir ${others.join(' or --run-dir ')}`;
}
