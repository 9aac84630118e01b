/** `keepwatchctl health`: the standard gRPC health service of each process, for probes of container runtimes. */
import { existsSync } from 'node:fs';
import { HealthDefinition } from 'nice-grpc-server-health';
import { rpcClient, unixChannel } from '../../services/shared/rpc/client.js';
import { describeRpcError } from '../../services/shared/rpc/errors.js';
import { type ProcessName, socketPath } from '../../services/shared/rpc/paths.js';
import { SERVICE_NAMES } from '../../services/shared/rpc/service.js';
import { EXIT_DEGRADED, EXIT_GOOD, EXIT_UNREACHABLE, EXIT_USAGE } from './exitCode.js';
import { Failure, type Target } from './target.js';

const PROCESSES: readonly ProcessName[] = ['keepwatchd', ...SERVICE_NAMES];
/** ServingStatus of grpc.health.v1, by number. */
const STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const SERVING = 1;
/** How long a process may take to answer: a probe asks again soon. */
const DEADLINE_MS = 2_000;

/**
 * Asks the processes named, or else all that have a socket in the run directory. A process answers SERVING as long as it can
 * be talked to; whether it can do its work there is in the status.
 */
export async function health({ runDir }: Target, named: readonly string[]): Promise<number> {
  for (const name of named) {
    if (!PROCESSES.some((known) => known === name)) {
      throw new Failure(EXIT_USAGE, `no process '${name}': there are ${PROCESSES.join(', ')}`);
    }
  }
  const wanted = PROCESSES.filter((name) =>
    named.length > 0 ? named.includes(name) : existsSync(socketPath(runDir, name)),
  );
  if (wanted.length === 0) {
    throw new Failure(EXIT_UNREACHABLE, `no process has a socket in run directory ${runDir}; is it the right one?`);
  }
  const codes = await Promise.all(wanted.map((name) => ask(name, socketPath(runDir, name))));
  return Math.max(...codes);
}

async function ask(name: ProcessName, socket: string): Promise<number> {
  const channel = unixChannel(socket);
  try {
    const { status } = await rpcClient(HealthDefinition, channel).check({ service: '' }, { deadlineMs: DEADLINE_MS });
    process.stdout.write(`${name}: ${STATUSES[status] ?? status}\n`);
    return status === SERVING ? EXIT_GOOD : EXIT_DEGRADED;
  } catch (error) {
    process.stdout.write(`${name}: no answer at ${socket}: ${describeRpcError(error)}\n`);
    return EXIT_UNREACHABLE;
  } finally {
    channel.close();
  }
}
