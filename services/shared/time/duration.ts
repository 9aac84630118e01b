/**
 * Durations and instants as branded numbers: nanosecond precision where the kernel needs it, no unit confusion.
 *
 * Both are plain numbers of **microseconds**. A double holds 2^53 µs (285 years) exactly, so a
 * CLOCK_MONOTONIC reading fits with no BigInt on the hot path.
 */

/** A length of time in microseconds. */
export type Micros = number & { readonly __unit: 'µs duration' };

/** A point on CLOCK_MONOTONIC in microseconds. Never compare it with wall-clock time or another machine's. */
export type Instant = number & { readonly __unit: 'µs instant' };

/** Builds a duration from microseconds. */
export const micros = (value: number): Micros => value as Micros;

/** Builds a duration from milliseconds. */
export const millis = (value: number): Micros => (value * 1000) as Micros;

/** Builds a duration from seconds; fractions are rounded to whole microseconds. */
export const seconds = (value: number): Micros => Math.round(value * 1_000_000) as Micros;

/** Builds a duration from centiseconds, the unit of VRRPv3 on the wire (RFC 9568 5.2.7). */
export const centiseconds = (value: number): Micros => (value * 10_000) as Micros;

/** A duration in milliseconds, fractions kept. */
export const toMillis = (duration: Micros): number => duration / 1000;

/** A duration in seconds, fractions kept. */
export const toSeconds = (duration: Micros): number => duration / 1_000_000;

/** Builds an instant from a raw CLOCK_MONOTONIC reading in microseconds. */
export const instant = (value: number): Instant => value as Instant;

/** The instant `duration` after `from`. */
export const after = (from: Instant, duration: Micros): Instant => (from + duration) as Instant;

/** How long `later` is after `earlier`; negative when it is before. */
export const elapsed = (earlier: Instant, later: Instant): Micros => (later - earlier) as Micros;

/** Writes a duration for a human: `3.609 s`, `12.3 ms`, `250 µs`. */
export function formatDuration(duration: Micros): string {
  const magnitude = Math.abs(duration);
  if (magnitude >= 1_000_000) return `${Number((duration / 1_000_000).toFixed(3))} s`;
  if (magnitude >= 1000) return `${Number((duration / 1000).toFixed(3))} ms`;
  return `${Math.round(duration)} µs`;
}
