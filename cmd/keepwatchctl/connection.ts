/** The way to the suite. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Channel, Client } from 'nice-grpc';
import { type DeadlineOption, rpcClient, tlsChannel, unixChannel, unixPath } from '../../services/shared/rpc/client.js';
import { describeRpcError, isUnavailable } from '../../services/shared/rpc/errors.js';
import { ControlServiceDefinition } from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { EXIT_FAILED, EXIT_UNREACHABLE, EXIT_USAGE } from './exitCode.js';
import { Failure, suitesBelow, type Target } from './target.js';
import { tlsProblem } from './tlsProblem.js';

export type ControlClient = Client<typeof ControlServiceDefinition, DeadlineOption>;

export interface Connection {
  readonly channel: Channel;
  readonly control: ControlClient;
}

export function connectTo(target: Target): Connection {
  const channel = channelTo(target);
  return { channel, control: rpcClient(ControlServiceDefinition, channel) };
}

function channelTo({ runDir, address, tls }: Target): Channel {
  if (address === undefined) return unixChannel(join(runDir, 'keepwatchd.sock'));
  const path = unixPath(address);
  if (path !== undefined) return unixChannel(path);
  const material = {
    certificate: tlsFile('--cert', tls.cert, address),
    key: tlsFile('--key', tls.key, address),
    authorities: tlsFile('--ca', tls.ca, address),
  };
  try {
    return tlsChannel(address, material);
  } catch (error) {
    throw new Failure(EXIT_USAGE, `--cert ${tls.cert} and --key ${tls.key} cannot be used: ${reasonOf(error)}`);
  }
}

function tlsFile(option: string, file: string | undefined, address: string): Buffer {
  if (file === undefined) {
    const wanted = '--cert FILE, --key FILE and --ca FILE (or KEEPWATCH_CERT, KEEPWATCH_KEY, KEEPWATCH_CA)';
    throw new Failure(EXIT_USAGE, `${address} is reached by TLS only: ${option} is missing; give ${wanted}`);
  }
  try {
    return readFileSync(file);
  } catch (error) {
    throw new Failure(EXIT_USAGE, `${option}: ${reasonOf(error)}`);
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What a failed call means for the user. */
export function failureOf(error: unknown, { runDir, address }: Target): Failure {
  if (error instanceof Failure) return error;
  if (isUnavailable(error)) {
    const tls = address === undefined ? undefined : tlsProblem(describeRpcError(error));
    if (tls !== undefined) return new Failure(EXIT_UNREACHABLE, `${address}: ${tls}`);
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
