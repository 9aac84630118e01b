/** Comparison of what configurations mean. Pure. */

/** Both mean the same; only their places in the file may differ. */
export function sameMeaning(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (Array.isArray(left) || left instanceof Uint8Array) return sameList(left, right);
  if (Array.isArray(right) || right instanceof Uint8Array) return false;
  return sameFields(left as Record<string, unknown>, right as Record<string, unknown>);
}

function sameList(left: readonly unknown[] | Uint8Array, right: object): boolean {
  if (!(Array.isArray(left) ? Array.isArray(right) : right instanceof Uint8Array)) return false;
  const other = right as readonly unknown[];
  if (left.length !== other.length) return false;
  for (let index = 0; index < left.length; index++) if (!sameMeaning(left[index], other[index])) return false;
  return true;
}

/** A field that is undefined is one that is not there. */
function sameFields(left: Record<string, unknown>, right: Record<string, unknown>): boolean {
  for (const key in left) if (key !== 'position' && !sameMeaning(left[key], right[key])) return false;
  for (const key in right) if (key !== 'position' && right[key] !== undefined && left[key] === undefined) return false;
  return true;
}
