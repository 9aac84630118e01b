/** The line of a `reload_time_file` (keepalived.conf(5)). Pure. */

const FORM =
  /^(?:(?<year>\d{2}|\d{4})-(?<month>\d{2})-(?<day>\d{2}) )?(?<hour>\d{2}):(?<minute>\d{2}):(?<second>\d{2})(?<utc>Z?)$/;

/** What keepalived.conf(5) allows. */
export const RELOAD_TIME_FORMS = 'HH:MM:SS, YY-MM-DD HH:MM:SS or YYYY-MM-DD HH:MM:SS, with or without a Z';

/**
 * When a line means, seen from `now`: a time without a date is the next one that comes. Undefined when the line has
 * another form or names no time there is. Without `Z` it is the local time of this machine.
 */
export function parseReloadTime(line: string, now: Date): Date | undefined {
  const found = FORM.exec(line)?.groups;
  if (found === undefined) return undefined;
  const { year, month, day, hour, minute, second, utc } = found;
  const time = [Number(hour), Number(minute), Number(second)] as const;
  if (time[0] > 23 || time[1] > 59 || time[2] > 59) return undefined;
  const at = (y: number, m: number, d: number): Date =>
    utc === 'Z' ? new Date(Date.UTC(y, m, d, ...time)) : new Date(y, m, d, ...time);
  if (year !== undefined) {
    const full = year.length === 2 ? 2000 + Number(year) : Number(year);
    const date = at(full, Number(month) - 1, Number(day));
    // A day that does not exist runs over into the next month.
    const [sameMonth, sameDay] =
      utc === 'Z' ? [date.getUTCMonth(), date.getUTCDate()] : [date.getMonth(), date.getDate()];
    return sameMonth === Number(month) - 1 && sameDay === Number(day) ? date : undefined;
  }
  const [y, m, d] =
    utc === 'Z'
      ? ([now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()] as const)
      : ([now.getFullYear(), now.getMonth(), now.getDate()] as const);
  const today = at(y, m, d);
  return today.getTime() > now.getTime() ? today : at(y, m, d + 1);
}
