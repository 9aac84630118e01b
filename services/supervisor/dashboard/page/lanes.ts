/** The time line as lanes: one for each thing, its states side by side. Pure. */
import type { DashboardView, TimelineEntry } from '../view.js';

/** A state that lasted. */
export interface LaneSegment {
  readonly state: string;
  readonly from: number;
  readonly to: number;
  /** Why it began; empty: not known. */
  readonly why: string;
}

export interface Lane {
  readonly subject: string;
  /** For people. */
  readonly name: string;
  readonly segments: readonly LaneSegment[];
}

/** Lanes that a picture holds. */
const MOST_LANES = 16;

/** Lanes of the instances, and of real servers that changed, from `from` to `now`. */
export function lanesOf(view: DashboardView, entries: readonly TimelineEntry[], from: number, now: number): Lane[] {
  const changes = new Map<string, StateChange[]>();
  for (const entry of entries) {
    if (entry.subject === 'suite' && entry.change === 'stopping') {
      // From here on nobody knew anything.
      for (const known of changes.values()) known.push({ at: entry.at, before: '', after: '', why: '' });
    }
    const change = stateChange(entry);
    if (change === undefined) continue;
    const known = changes.get(entry.subject);
    if (known === undefined) changes.set(entry.subject, [change]);
    else known.push(change);
  }
  const begin = Math.max(from, entries[0]?.at ?? from);
  const instances = view.instances.map(({ name, state, since }) => ({
    subject: `vrrp_instance ${name}`,
    name,
    state: state as string,
    since,
    teller: 'vrrpd',
  }));
  const servers = view.pools.flatMap((pool) =>
    pool.servers.map(({ name, state }) => ({
      subject: `real_server ${name} of ${pool.name}`,
      name,
      state: state as string,
      since: undefined,
      teller: 'healthcheckerd',
    })),
  );
  return [...instances, ...servers.filter(({ subject }) => (changes.get(subject) ?? []).some(({ at }) => at > from))]
    .slice(0, MOST_LANES)
    .map(({ subject, name, state, since, teller }) => {
      const found = [...(changes.get(subject) ?? [])];
      // Older than what the page was told: only how it is now is known, and since when.
      if (found.length === 0 && since !== undefined) found.push({ at: since, before: '', after: state, why: '' });
      if (state === 'UNKNOWN')
        found.push({ at: heardAt(view, teller), before: '', after: state, why: 'not heard since' });
      return { subject, name, segments: segmentsOf(found, state, begin, now) };
    });
}

/** When a service was last heard. */
function heardAt({ services, at }: DashboardView, name: string): number {
  return at - (services.find((service) => service.name === name)?.silenceMs ?? 0);
}

interface StateChange {
  readonly at: number;
  readonly before: string;
  readonly after: string;
  readonly why: string;
}

function stateChange({ at, change, cause: why }: TimelineEntry): StateChange | undefined {
  const states = /^([A-Z]+) -> ([A-Z]+)$/.exec(change);
  // Every instance begins with INIT: before that there was none.
  if (states !== null)
    return { at, before: states[1] === 'INIT' ? '' : (states[1] ?? ''), after: states[2] ?? '', why };
  if (change === 'UP') return { at, before: 'DOWN', after: 'UP', why };
  return change === 'DOWN' ? { at, before: 'UP', after: 'DOWN', why } : undefined;
}

/** `state`: how it is now, which counts where nothing else is known. */
function segmentsOf(changes: readonly StateChange[], state: string, from: number, now: number): LaneSegment[] {
  const segments: LaneSegment[] = [];
  const add = (segment: LaneSegment): void => {
    const cut = { ...segment, from: Math.max(segment.from, from), to: Math.min(segment.to, now) };
    if (cut.state !== '' && cut.to > cut.from) segments.push(cut);
  };
  const [first] = changes;
  if (first === undefined) return [{ state, from, to: now, why: '' }];
  add({ state: first.before, from: Number.NEGATIVE_INFINITY, to: first.at, why: '' });
  for (const [index, { at, after, why }] of changes.entries()) {
    const next = changes[index + 1];
    add({ state: after, from: at, to: next?.at ?? now, why });
  }
  return segments;
}
