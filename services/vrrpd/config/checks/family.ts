import type { Reporter } from '../../../shared/config/reporter.js';
import type { Word } from '../../../shared/config/tree.js';

/** False when a line has addresses of both families, which is reported. */
export function reportFamilies(
  what: string,
  place: Word,
  families: readonly (4 | 6 | undefined)[],
  report: Reporter,
): boolean {
  if (!families.includes(4) || !families.includes(6)) return true;
  report.tolerable(place, 'mixed-families', `${what} has IPv4 and IPv6 addresses`, 'make it two lines');
  return false;
}
