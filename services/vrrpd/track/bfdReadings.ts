/** What the supervisor tells of BFD sessions, as readings of trackers. */
import type { BfdReading } from '../../shared/rpc/generated/keepwatch/v1/bfd.js';
import type { Reading } from './reading.js';
import type { TrackerRegistry } from './registry.js';

/** Takes in all sessions there are; one that is not among them is not known any more. */
export function reportSessions(registry: TrackerRegistry, sessions: readonly BfdReading[], now: Date): void {
  registry.retain('bfd', new Set(sessions.map(({ name }) => name)));
  for (const session of sessions) registry.report('bfd', session.name, readingOf(session, now));
}

/** Until its first attempt to come up is over nothing is known of a session: those who wait for it go on waiting. */
function readingOf({ up, settled, detail, since = undefined }: BfdReading, now: Date): Reading {
  return { condition: up ? 'good' : settled ? 'bad' : 'pending', detail, since: since ?? now };
}
