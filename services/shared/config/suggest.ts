import { distance } from 'fastest-levenshtein';

/** Longer words are not compared: the comparison takes the product of both lengths. */
const MAXIMUM_COMPARED = 64;

/**
 * The candidate that `word` was probably meant to be: the closest one, at most a third of the word away,
 * without regard to case. The first among equals.
 */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > MAXIMUM_COMPARED) return undefined;
  const wanted = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const far = distance(wanted, candidate.toLowerCase());
    if (far < bestDistance) {
      best = candidate;
      bestDistance = far;
    }
  }
  return best;
}
