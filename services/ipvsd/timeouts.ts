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

/** What a successor has to know of timeouts that were changed: what they were before, and which are ours now. */
export interface ChangedTimeouts {
  readonly original: ConnectionTimeouts;
  readonly ours: ConnectionTimeouts;
}

/** A text for {@link readChangedTimeouts}. */
export const changedTimeoutsText = (changed: ChangedTimeouts): string => JSON.stringify(changed);

/** Undefined for a text that says nothing, or nothing sound. */
export function readChangedTimeouts(text: string): ChangedTimeouts | undefined {
  try {
    const { original, ours } = JSON.parse(text) as Partial<Record<keyof ChangedTimeouts, unknown>>;
    return { original: numbersOf(original), ours: numbersOf(ours) };
  } catch {
    return undefined;
  }
}

function numbersOf(value: unknown): ConnectionTimeouts {
  const named = (typeof value === 'object' && value !== null ? value : {}) as ConnectionTimeouts;
  return pick(named, (name) => Number.isSafeInteger(named[name]));
}

function pick(timeouts: ConnectionTimeouts, wanted: (name: (typeof NAMES)[number]) => boolean): ConnectionTimeouts {
  const picked: { -readonly [K in keyof ConnectionTimeouts]: ConnectionTimeouts[K] } = {};
  for (const name of NAMES) {
    const value = timeouts[name];
    if (value !== undefined && wanted(name)) picked[name] = value;
  }
  return picked;
}
