/** Damages configurations. */
import type { Random } from './random.js';

export type Bytes = Uint8Array;

/** Bytes that mean something to a reader of configurations. */
const TELLING = Buffer.from('{}"\'\\#!@$~(),= \t\r\n\0\x7f\xff09-', 'latin1');

type Mutation = (bytes: Bytes, random: Random) => Bytes;

const splice = (bytes: Bytes, at: number, remove: number, insert: Bytes): Bytes =>
  Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);

/** Changes the lines. */
const onLines =
  (change: (lines: string[], random: Random) => void): Mutation =>
  (bytes, random) => {
    const lines = Buffer.from(bytes).toString('latin1').split('\n');
    change(lines, random);
    return Buffer.from(lines.join('\n'), 'latin1');
  };

const MUTATIONS: readonly Mutation[] = [
  // One bit of one byte.
  (bytes, random) => {
    const copy = Uint8Array.from(bytes);
    const at = random(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << random(8));
    return copy;
  },
  // A telling byte more, or in the place of another.
  (bytes, random) => {
    const from = random(TELLING.length);
    return splice(bytes, random(bytes.length + 1), random(2), TELLING.subarray(from, from + 1));
  },
  // A piece less.
  (bytes, random) => splice(bytes, random(bytes.length), 1 + random(12), new Uint8Array(0)),
  // A piece twice.
  (bytes, random) => {
    const from = random(bytes.length);
    return splice(bytes, random(bytes.length), 0, bytes.subarray(from, from + 1 + random(40)));
  },
  // A piece very often.
  (bytes, random) => {
    const from = random(bytes.length);
    const piece = bytes.subarray(from, from + 1 + random(4));
    return splice(bytes, from, 0, Buffer.concat(Array.from({ length: random(500) }, () => piece)));
  },
  onLines((lines, random) => lines.splice(random(lines.length), 1)),
  onLines((lines, random) => lines.splice(random(lines.length), 0, lines[random(lines.length)] ?? '')),
  onLines((lines, random) => {
    const at = random(lines.length);
    lines.splice(at, 2, `${lines[at] ?? ''} ${lines[at + 1] ?? ''}`);
  }),
  onLines((lines, random) => {
    const [one, other] = [random(lines.length), random(lines.length)];
    [lines[one], lines[other]] = [lines[other] ?? '', lines[one] ?? ''];
  }),
  // A brace less.
  (bytes, random) => {
    const braces = [...bytes.keys()].filter((at) => bytes[at] === 0x7b || bytes[at] === 0x7d);
    const at = braces[random(braces.length)];
    return at === undefined ? bytes : splice(bytes, at, 1, new Uint8Array(0));
  },
  // Another number.
  (bytes, random) => {
    const text = Buffer.from(bytes).toString('latin1');
    const numbers = [...text.matchAll(/\d+/g)];
    const found = numbers[random(numbers.length)];
    if (found === undefined) return bytes;
    const values = ['0', '-1', '255', '256', '65536', '4294967296', '99999999999999999999', '1e9', '0x10', '1.5', ''];
    return splice(bytes, found.index, found[0].length, Buffer.from(values[random(values.length)] ?? ''));
  },
];

/** Damages the bytes in one to four ways. */
export function mutate(bytes: Bytes, random: Random): Bytes {
  let result = bytes;
  for (let times = 1 + random(4); times > 0; times--) {
    const mutation = MUTATIONS[random(MUTATIONS.length)];
    if (mutation !== undefined) result = mutation(result, random);
  }
  return result;
}
