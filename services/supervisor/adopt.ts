/** Finds services that run already: a supervisor that died left them running, and they are not to be disturbed. */
import type { Logger } from '../shared/log/logger.js';
import { rpcClient, unixChannel } from '../shared/rpc/client.js';
import { describeRpcError } from '../shared/rpc/errors.js';
import { LifecycleServiceDefinition } from '../shared/rpc/generated/keepwatch/v1/lifecycle.js';
import { pidPath, socketPath, sparePidPath, spareSocketPath } from '../shared/rpc/paths.js';
import { readPidFile } from '../shared/rpc/pidFile.js';
import type { ServiceName } from '../shared/rpc/service.js';
import { isServed } from '../shared/rpc/socketProbe.js';
import { pause } from './serviceLink.js';
import { adoptProcess, isServiceProcess, type ServiceProcess, serviceProcesses } from './serviceProcess.js';

const ANSWER_DEADLINE_MS = 2_000;

/** A running service to take over. */
export interface FoundService {
  readonly process: ServiceProcess;
  readonly generation: bigint;
}

/** The running service `name`; undefined when none runs. One that runs but does not answer is killed first. */
export const findRunning = (runDir: string, name: ServiceName, logger: Logger): Promise<FoundService | undefined> =>
  find(runDir, name, socketPath(runDir, name), pidPath(runDir, name), logger);

/** The same for its spare. */
export const findSpare = (runDir: string, name: ServiceName, logger: Logger): Promise<FoundService | undefined> =>
  find(runDir, name, spareSocketPath(runDir, name), sparePidPath(runDir, name), logger);

async function find(
  runDir: string,
  name: ServiceName,
  socket: string,
  pidFile: string,
  logger: Logger,
): Promise<FoundService | undefined> {
  const leftover = readPidFile(pidFile);
  if (await isServed(socket)) {
    const channel = unixChannel(socket);
    try {
      const { pid, origin } = await rpcClient(LifecycleServiceDefinition, channel).describe(
        {},
        { deadlineMs: ANSWER_DEADLINE_MS },
      );
      return { process: adoptProcess(name, pid), generation: origin?.generation ?? 0n };
    } catch (error) {
      logger.warn(
        { about: name, pid: leftover, reason: describeRpcError(error) },
        'found running without an answer: killed',
      );
    } finally {
      channel.close();
    }
  }
  if (leftover !== undefined && isServiceProcess(leftover, name, runDir)) {
    const process = adoptProcess(name, leftover);
    process.signal('SIGKILL');
    await Promise.race([process.ended, pause(ANSWER_DEADLINE_MS)]);
  }
  return undefined;
}

/**
 * Ends services that an earlier supervisor had just started when it ended: nobody can reach them yet, and once they serve
 * they would take the place of those that were taken over (`known`) or are started now.
 */
export function killStrays(
  runDir: string,
  names: readonly ServiceName[],
  known: readonly ServiceProcess[],
  logger: Logger,
): void {
  const spare = readPidFile(sparePidPath(runDir, 'vrrpd'));
  for (const pid of serviceProcesses(names, runDir)) {
    if (pid === spare || known.some((process) => process.pid === pid)) continue;
    logger.warn({ pid }, 'killed a service that an earlier supervisor had started and that does not serve');
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}
