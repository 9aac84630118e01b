/** Large tables, a portion at a time: whoever watches this process, or calls it, has the loop in between. */

/** Destinations that are looked at in one go. */
export const PORTION = 256;

/** Lets everybody else who waits for the loop have a turn. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Splits names in portions by what each weighs. One that is too large is a portion of its own. Pure. */
export function* portionsOf(names: Iterable<string>, weight: (name: string) => number): Generator<ReadonlySet<string>> {
  let portion = new Set<string>();
  let sum = 0;
  for (const name of names) {
    const own = 1 + weight(name);
    if (portion.size > 0 && sum + own > PORTION) {
      yield portion;
      portion = new Set();
      sum = 0;
    }
    portion.add(name);
    sum += own;
  }
  if (portion.size > 0) yield portion;
}
