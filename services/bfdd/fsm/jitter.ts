import { type Micros, micros } from '../../shared/time/duration.js';

/** The next state of a 32 bit xorshift generator; never 0 when `seed` is not. */
export function nextSeed(seed: number): number {
  let value = seed | 0;
  value ^= value << 13;
  value ^= value >>> 17;
  value ^= value << 5;
  return value >>> 0;
}

/**
 * Shortens an interval by chance, so that sessions do not keep step (RFC 5880 section 6.8.7): by 0 to 25 %; with a
 * multiplier of 1, where one late packet is one too many, by 10 to 25 %.
 */
export function jittered(interval: Micros, multiplier: number, seed: number): Micros {
  const chance = (seed >>> 0) / 2 ** 32;
  const [least, most] = multiplier === 1 ? [0.75, 0.9] : [0.75, 1];
  return micros(Math.floor(interval * (least + (most - least) * chance)));
}

/** The shortest the jitter may make an interval. */
export const shortest = (interval: Micros): Micros => micros(Math.floor(interval * 0.75));
