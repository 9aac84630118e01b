import type { Instant } from '../../shared/time/duration.js';
import type { TrackerKind } from '../config/model.js';
import { sameValue } from '../configDiff.js';
import type { Reading } from './reading.js';

/**
 * Told when a reading is another one than before; `before` is undefined for the first. `at`: when the watcher saw it,
 * where it says so.
 */
export type ReadingChanged = (
  kind: TrackerKind,
  name: string,
  before: Reading | undefined,
  at: Instant | undefined,
) => void;

/** One tracker with what is known of it. */
export interface KnownTracker {
  readonly kind: TrackerKind;
  readonly name: string;
  readonly reading: Reading;
}

/**
 * What is known of everything that is tracked beside interfaces. Whoever watches something (scripts, files, processes,
 * BFD sessions) reports here; the engine asks here when it adds up a priority. A name without a reading is pending.
 */
export class TrackerRegistry {
  readonly #known = new Map<string, KnownTracker>();
  readonly #changed: ReadingChanged;

  constructor(changed: ReadingChanged) {
    this.#changed = changed;
  }

  /** Takes in a reading. One that says the same as the last, whatever its `since`, changes nothing. */
  report(kind: TrackerKind, name: string, reading: Reading, at?: Instant): void {
    const key = keyOf(kind, name);
    const before = this.#known.get(key)?.reading;
    if (before !== undefined && sameReading(before, reading)) return;
    const since =
      before?.condition === reading.condition && before.value === reading.value ? before.since : reading.since;
    this.#known.set(key, { kind, name, reading: { ...reading, since } });
    this.#changed(kind, name, before, at);
  }

  /** What is known; undefined while nothing is. */
  reading(kind: TrackerKind, name: string): Reading | undefined {
    return this.#known.get(keyOf(kind, name))?.reading;
  }

  /** Forgets the trackers of a kind that are not in `names`, in silence: nobody tracks them any more. */
  retain(kind: TrackerKind, names: ReadonlySet<string>): void {
    for (const [key, known] of this.#known) if (known.kind === kind && !names.has(known.name)) this.#known.delete(key);
  }

  /** Forgets one tracker, whose definition is another one now: it begins as a new one. */
  forget(kind: TrackerKind, name: string): void {
    this.#known.delete(keyOf(kind, name));
  }

  all(): Iterable<KnownTracker> {
    return this.#known.values();
  }
}

const keyOf = (kind: TrackerKind, name: string): string => `${kind} ${name}`;

const sameReading = ({ since: _, ...a }: Reading, { since: __, ...b }: Reading): boolean => sameValue(a, b);
