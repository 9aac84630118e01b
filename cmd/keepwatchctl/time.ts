/** Times for people. Pure. */

/** An age: `3 s`, `12 min`, `5 h`, `3 d`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** A moment with its age: `12:03:55 (3 min ago)`, with the date when it was another day. */
export function formatMoment(at: Date | undefined, now: Date): string {
  if (at === undefined) return '';
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} `;
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const sameDay = at.toDateString() === now.toDateString();
  return `${sameDay ? '' : day}${clock} (${formatAge(now.getTime() - at.getTime())} ago)`;
}
