import type { ValueDifference } from './differences.js';
import type { Values } from './values.js';

/** What keepalived and we understood differently of one file. */
export function compare(file: string, theirs: Values, ours: Values): readonly ValueDifference[] {
  const found: ValueDifference[] = [];
  for (const subject of [...new Set([...Object.keys(theirs), ...Object.keys(ours)])].sort()) {
    if (theirs[subject] === undefined || ours[subject] === undefined) {
      const there = (values: Values): string => (values[subject] === undefined ? 'absent' : 'there');
      found.push({ file, subject, value: 'all', keepalived: there(theirs), keepwatch: there(ours) });
      continue;
    }
    const keys = new Set([...Object.keys(theirs[subject] ?? {}), ...Object.keys(ours[subject] ?? {})]);
    for (const value of keys) {
      const keepalived = theirs[subject]?.[value] ?? '(none)';
      const keepwatch = ours[subject]?.[value] ?? '(none)';
      if (keepalived !== keepwatch) found.push({ file, subject, value, keepalived, keepwatch });
    }
  }
  return found;
}
