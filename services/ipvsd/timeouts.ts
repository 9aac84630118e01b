/** Which connection timeouts (`lvs_timeouts`) have to be set. Pure. */
import type { ConnectionTimeouts } from './config/model.js';

const NAMES = ['tcp', 'tcpFin', 'udp'] as const;

/** What goes back to `original` because it was configured `before` and is not any more. */
export function restoredTimeouts(
  original: ConnectionTimeouts,
  before: ConnectionTimeouts,
  next: ConnectionTimeouts,
): ConnectionTimeouts {
  return pick(original, (name) => before[name] !== undefined && next[name] === undefined);
}

/** Those of `desired` that are not in force; undefined when all are. */
export function timeoutChanges(
  desired: ConnectionTimeouts,
  current: ConnectionTimeouts,
): ConnectionTimeouts | undefined {
  const changes = pick(desired, (name) => desired[name] !== current[name]);
  return Object.keys(changes).length === 0 ? undefined : changes;
}

function pick(timeouts: ConnectionTimeouts, wanted: (name: (typeof NAMES)[number]) => boolean): ConnectionTimeouts {
  const picked: { -readonly [K in keyof ConnectionTimeouts]: ConnectionTimeouts[K] } = {};
  for (const name of NAMES) {
    const value = timeouts[name];
    if (value !== undefined && wanted(name)) picked[name] = value;
  }
  return picked;
}
