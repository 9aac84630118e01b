/** Values of flags. Pure. */
import { EXIT_USAGE } from './exitCode.js';
import { Failure } from './target.js';

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `15m`, `12h`, `2d`, `500ms`; a plain number is seconds. In milliseconds. Throws a {@link Failure}. */
export function durationOf(text: string, what: string): number {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text);
  const unit = UNITS_MS[found?.[2] ?? 's'];
  if (found === null || unit === undefined)
    throw new Failure(EXIT_USAGE, `${what} takes a duration such as 30s, 15m, 12h or 2d, not '${text}'`);
  return Math.round(Number(found[1]) * unit);
}

/** A number from 0 up. Throws a {@link Failure}. */
export function countOf(text: string, what: string, most = 1_000_000): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= most)) throw new Failure(EXIT_USAGE, `${what} takes a number from 0 to ${most}, not '${text}'`);
  return value;
}
