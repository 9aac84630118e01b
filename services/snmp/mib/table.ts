/** Scalars and tables as lists of objects. Pure. */
import { compareOids, type Oid } from '../agentx/oid.js';
import type { SnmpValue, Varbind } from '../agentx/value.js';

/** One row: its index, and the columns whose value is known. */
export interface Row {
  readonly index: Oid;
  readonly cells: Readonly<Record<number, SnmpValue | undefined>>;
}

/** The objects of a table, column after column as a walk meets them. `entry`: the identifier above the columns. */
export function table(entry: Oid, rows: readonly Row[]): Varbind[] {
  const sorted = [...rows].sort((a, b) => compareOids(a.index, b.index));
  const columns = new Set(sorted.flatMap(({ cells }) => Object.keys(cells).map(Number)));
  return [...columns]
    .sort((a, b) => a - b)
    .flatMap((column) =>
      sorted.flatMap(({ index, cells }) => {
        const value = cells[column];
        return value === undefined ? [] : [{ oid: [...entry, column, ...index], value }];
      }),
    );
}

/** Scalars below `group` by their numbers. */
export const scalars = (group: Oid, values: Readonly<Record<number, SnmpValue | undefined>>): Varbind[] =>
  Object.entries(values).flatMap(([number, value]) =>
    value === undefined ? [] : [{ oid: [...group, Number(number), 0], value }],
  );
