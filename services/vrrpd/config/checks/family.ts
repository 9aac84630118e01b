import type { Reporter } from '../../../shared/config/reporter.js';
import type { Word } from '../../../shared/config/tree.js';
import type { IpAddress } from '../../../shared/net/address.js';

/** Family of the first address among the values of an option. */
export function familyOfValues(values: readonly unknown[]): 4 | 6 | undefined {
  for (const value of values) {
    const found = addressOf(value);
    if (found !== undefined) return found.family;
  }
  return undefined;
}

function addressOf(value: unknown): IpAddress | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if ('address' in value) return addressOf(value.address);
  return 'family' in value && 'bytes' in value ? (value as IpAddress) : undefined;
}

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
