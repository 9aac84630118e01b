/** The number in a tracked file, read as keepalived reads it (strtol, base 0). Pure. */

const NUMBER = /^\s*([+-]?)(0[xX][0-9a-fA-F]+|[0-9]+)/;
/** What keepalived takes: an int of C. */
const MOST = 2 ** 31 - 1;
const LEAST = -(2 ** 31);

/** Undefined: no number, or one that is too large; the last one stays. A file that holds nothing holds 0. */
export function readFileNumber(text: string): number | undefined {
  const found = NUMBER.exec(text);
  if (found === null) return 0;
  const [, sign, digits = ''] = found;
  const magnitude = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  const value = sign === '-' ? -magnitude : magnitude;
  // Never -0.
  return value < LEAST || value > MOST ? undefined : value + 0;
}
