/** How long checks take, counted by kind of checker: for histograms, whose counters only grow. */
import type { CheckDurations as Wire } from '../shared/rpc/generated/keepwatch/v1/health.js';
import { type Micros, millis } from '../shared/time/duration.js';

/** Upper bounds of the classes; the last class has none. From a reply on the same segment to the longest timeouts in use. */
export const DURATION_BOUNDS: readonly Micros[] = [
  0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000,
].map(millis);

interface Counted {
  readonly counts: number[];
  total: number;
}

export class CheckDurations {
  readonly #kinds = new Map<string, Counted>();

  /** A check of this kind (`TCP_CHECK`) ended, well or not, after so long. */
  record(kind: string, duration: Micros): void {
    let counted = this.#kinds.get(kind);
    if (counted === undefined) {
      counted = { counts: new Array<number>(DURATION_BOUNDS.length + 1).fill(0), total: 0 };
      this.#kinds.set(kind, counted);
    }
    let place = 0;
    while (place < DURATION_BOUNDS.length && duration > (DURATION_BOUNDS[place] ?? 0)) place++;
    counted.counts[place] = (counted.counts[place] ?? 0) + 1;
    counted.total += duration;
  }

  /** As gRPC tells it, kinds in the order in which they first ended. */
  wire(): Wire[] {
    return [...this.#kinds].map(([kind, { counts, total }]) => ({
      kind,
      checks: BigInt(counts.reduce((sum, count) => sum + count, 0)),
      totalUs: BigInt(Math.round(total)),
      classes: counts.map((count, place) => ({
        upToUs: BigInt(DURATION_BOUNDS[place] ?? 0),
        count: BigInt(count),
      })),
    }));
  }
}
