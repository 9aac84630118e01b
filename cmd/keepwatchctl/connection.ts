/** The way to the suite. */
import { join, resolve } from 'node:path';
import type { Channel, Client } from 'nice-grpc';
import { addressChannel, type DeadlineOption, rpcClient, unixChannel } from '../../services/shared/rpc/client.js';
import { describeRpcError, isUnavailable } from '../../services/shared/rpc/errors.js';
import { ControlServiceDefinition } from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { DEFAULT_RUN_DIR } from '../../services/shared/rpc/paths.js';
import { EXIT_FAILED, EXIT_UNREACHABLE } from './exitCode.js';

/** Where the suite is, from flags and environment. */
export interface Target {
  readonly runDir: string;
  /** --address: another way than the socket in the run directory. */
  readonly address: string | undefined;
}

export type ControlClient = Client<typeof ControlServiceDefinition, DeadlineOption>;

export interface Connection {
  readonly channel: Channel;
  readonly control: ControlClient;
}

/** The target the flags name; without them KEEPWATCH_RUN_DIR, else the default. */
export const targetOf = (options: { readonly runDir?: string; readonly address?: string }): Target => ({
  runDir: resolve(options.runDir ?? process.env.KEEPWATCH_RUN_DIR ?? DEFAULT_RUN_DIR),
  address: options.address,
});

export function connectTo({ runDir, address }: Target): Connection {
  const channel = address === undefined ? unixChannel(join(runDir, 'keepwatchd.sock')) : addressChannel(address);
  return { channel, control: rpcClient(ControlServiceDefinition, channel) };
}

/** Ends the command: message on stderr, exit code. */
export class Failure extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** What a failed call means for the user. */
export function failureOf(error: unknown, { runDir, address }: Target): Failure {
  if (error instanceof Failure) return error;
  if (isUnavailable(error)) {
    const where = address ?? `run directory ${runDir}`;
    const advice = address === undefined ? 'is keepwatchd running, and with this --run-dir?' : 'is the address right?';
    return new Failure(EXIT_UNREACHABLE, `no suite answers (${where}); ${advice}`);
  }
  return new Failure(EXIT_FAILED, describeRpcError(error));
}
