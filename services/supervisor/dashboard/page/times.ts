/** Times for people. Pure. */

const two = (value: number): string => String(value).padStart(2, '0');

/** `03:12:55`, in local time. */
export function clockText(ms: number): string {
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** `03:12:55.123` */
export const preciseClockText = (ms: number): string =>
  `${clockText(ms)}.${String(new Date(ms).getMilliseconds()).padStart(3, '0')}`;

/** `2026-03-01` */
export function dayText(ms: number): string {
  const at = new Date(ms);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** The clock, with the date when it was another day. */
export const momentText = (ms: number, now: number): string =>
  dayText(ms) === dayText(now) ? clockText(ms) : `${dayText(ms)} ${clockText(ms)}`;

/** A length of time: `3 s`, `12 min`, `5 h`, `3 d`. */
export function lengthText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** A duration of a check: `0.42 ms`, `12.3 ms`, `1.20 s`. */
export function durationText(ms: number): string {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(2)} s`;
  return `${ms.toFixed(ms < 10 ? 2 : 1)} ms`;
}
