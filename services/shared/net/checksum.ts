/**
 * The Internet checksum (RFC 1071): one's complement of the one's complement sum of 16-bit words.
 * A buffer whose checksum field is right sums to 0. `initial` carries an earlier partial sum (a pseudo-header).
 */
export function internetChecksum(bytes: Uint8Array, initial = 0): number {
  return ~foldChecksum(partialChecksum(bytes, initial)) & 0xffff;
}

/** Unfolded sum of 16-bit words, to be carried on; an odd last byte counts as the high byte of a word. */
export function partialChecksum(bytes: Uint8Array, initial = 0): number {
  let sum = initial;
  const even = bytes.length & ~1;
  for (let index = 0; index < even; index += 2) sum += ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0);
  if (even < bytes.length) sum += (bytes[even] ?? 0) << 8;
  return sum;
}

function foldChecksum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return folded;
}
