/** What the page knows: the last view, the time line, and how long ago it heard anything. */
import { computed, signal } from '@preact/signals';
import { asKnown, silentServices } from '../known.js';
import type { DashboardView, TimelineEntry, TimelineUpdate } from '../view.js';
import { LatencyRing } from './latencyRing.js';

/** `lost`: the stream has ended, or says nothing any more. */
export type Link = 'connecting' | 'live' | 'lost';

/** Entries of the time line that are kept. */
const TIMELINE_LENGTH = 500;
const TICK_MS = 250;

export const link = signal<Link>('connecting');
export const timeline = signal<readonly TimelineEntry[]>([]);
/** Subject or text the time line is narrowed to. */
export const filter = signal('');
/** Grows with every result of a check. */
export const latencyVersion = signal(0);
export const latency = new LatencyRing();

const latest = signal<DashboardView | undefined>(undefined);
const receivedAt = signal(0);
const tick = signal(performance.now());

/** Milliseconds since the last view came. */
export const age = computed(() => Math.max(0, tick.value - receivedAt.value));

/** The supervisor's clock now. */
export const now = computed(() => (latest.value?.at ?? Date.now()) + age.value);

/** Changes only when a service falls silent: a tick alone draws nothing anew. */
const silent = computed(() => {
  const found = latest.value;
  // After the stream has ended nothing is known to be true.
  const counts = link.value === 'lost' ? Number.POSITIVE_INFINITY : age.value;
  return found === undefined ? '' : silentServices(found, counts).join(' ');
});

/** The last view without what is not known now. */
export const view = computed(() => {
  const found = latest.value;
  if (found === undefined || silent.value === '') return found;
  return asKnown(found, link.value === 'lost' ? Number.POSITIVE_INFINITY : age.peek());
});

export function takeView(found: DashboardView): void {
  receivedAt.value = performance.now();
  tick.value = receivedAt.value;
  latency.take(found);
  latencyVersion.value++;
  latest.value = found;
  link.value = 'live';
}

export function takeTimeline({ whole, entries }: TimelineUpdate): void {
  timeline.value = [...(whole ? [] : timeline.value), ...entries].slice(-TIMELINE_LENGTH);
}

/** Time goes on from here. */
export function startClock(): void {
  setInterval(() => {
    tick.value = performance.now();
  }, TICK_MS);
}
