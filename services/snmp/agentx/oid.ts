/** Object identifiers: their order, their text, and what is below what. Pure. */

/** The numbers of an object identifier, from the root. */
export type Oid = readonly number[];

/** Reads `1.3.6.1` or `.1.3.6.1`; throws RangeError for anything else. */
export function parseOid(text: string): Oid {
  const oid = text
    .replace(/^\./, '')
    .split('.')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : Number.NaN));
  if (oid.some((part) => !(part <= 0xffff_ffff))) throw new RangeError(`'${text}' is no object identifier`);
  return oid;
}

export const formatOid = (oid: Oid): string => oid.join('.');

/** Lexicographic order, in which a walk goes: negative when `a` comes first. */
export function compareOids(a: Oid, b: Oid): number {
  const common = Math.min(a.length, b.length);
  for (let index = 0; index < common; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Whether `oid` is `root` or below it. */
export const isBelow = (oid: Oid, root: Oid): boolean =>
  oid.length >= root.length && root.every((part, index) => oid[index] === part);
