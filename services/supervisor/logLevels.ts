/** How much each process of the suite says in its log, changed while it runs. */
import { LOG_LEVELS, type Logger } from '../shared/log/logger.js';
import { invalidArgument } from '../shared/rpc/errors.js';
import { REFRESH_DEADLINE_MS } from './observation.js';
import type { SupervisedService } from './supervisedService.js';

/** Has one service, or all and the supervisor (empty), log from `level` on. Returns what changed, in words. Throws ServerError. */
export async function setLogLevel(
  services: Iterable<SupervisedService>,
  logger: Logger,
  service: string,
  level: string,
): Promise<string[]> {
  if (!LOG_LEVELS.includes(level)) throw invalidArgument(`no log level '${level}': there are ${LOG_LEVELS.join(', ')}`);
  const changes: string[] = [];
  if (service === '' || service === 'keepwatchd') {
    changes.push(`keepwatchd: ${logger.level} -> ${level}`);
    logger.level = level;
  }
  for (const { name, clients } of services) {
    if ((service !== '' && service !== name) || clients === undefined) continue;
    const { previous } = await clients.lifecycle.setLogLevel({ level }, { deadlineMs: REFRESH_DEADLINE_MS });
    changes.push(`${name}: ${previous} -> ${level}`);
  }
  if (changes.length === 0) throw invalidArgument(`no service '${service}' answers here`);
  return changes;
}
