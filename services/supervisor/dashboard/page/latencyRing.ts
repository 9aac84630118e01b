/** How long checks took, as far as this page has heard: the last few of each. Pure. */
import type { CheckView, DashboardView, PoolView } from '../view.js';

/** Results that are kept of one check. */
const LENGTH = 300;
/** Checks that are followed. */
const MOST_CHECKS = 512;

/** One end of a check. */
export interface LatencyPoint {
  readonly at: number;
  readonly ms: number;
  readonly up: boolean;
}

export class LatencyRing {
  #points = new Map<string, readonly LatencyPoint[]>();

  /** Takes in what a view says; checks that are gone are forgotten. */
  take({ pools }: DashboardView): void {
    const next = new Map<string, readonly LatencyPoint[]>();
    for (const { pool, server, check } of checksOf(pools).slice(0, MOST_CHECKS)) {
      const key = latencyKey(pool, server, check.name);
      const known = this.#points.get(key) ?? [];
      const news =
        check.at !== undefined && check.state !== 'UNKNOWN' && check.at !== known.at(-1)?.at
          ? [{ at: check.at, ms: check.durationMs, up: check.state === 'UP' }]
          : [];
      next.set(key, news.length === 0 ? known : [...known.slice(1 - LENGTH), ...news]);
    }
    this.#points = next;
  }

  /** Oldest first. */
  of(pool: string, server: string, check: string): readonly LatencyPoint[] {
    return this.#points.get(latencyKey(pool, server, check)) ?? [];
  }
}

const latencyKey = (...names: readonly string[]): string => names.join('\n');

function checksOf(pools: readonly PoolView[]): { pool: string; server: string; check: CheckView }[] {
  return pools.flatMap(({ name: pool, servers }) =>
    servers.flatMap(({ name: server, checks }) => checks.map((check) => ({ pool, server, check }))),
  );
}

/** One line of a plot. */
export interface LatencyLine {
  readonly points: readonly LatencyPoint[];
}

/**
 * Lines as a plot wants them: all times in seconds, then for each line its values at those times; undefined where it has
 * none, null where the check failed, so that its line breaks.
 */
export function aligned(lines: readonly LatencyLine[]): [number[], ...(number | null | undefined)[][]] {
  const times = [...new Set(lines.flatMap(({ points }) => points.map(({ at }) => at)))].sort((a, b) => a - b);
  const place = new Map(times.map((at, index) => [at, index]));
  const values = lines.map(({ points }) => {
    const row = new Array<number | null | undefined>(times.length).fill(undefined);
    for (const { at, ms, up } of points) row[place.get(at) ?? 0] = up ? ms : null;
    return row;
  });
  return [times.map((at) => at / 1_000), ...values];
}

/** The middle of the durations of checks that succeeded; undefined without any. */
export function medianOf(points: readonly LatencyPoint[]): number | undefined {
  const sorted = points
    .filter(({ up }) => up)
    .map(({ ms }) => ms)
    .sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
