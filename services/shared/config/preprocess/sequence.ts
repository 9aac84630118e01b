import { trimBlanks } from '../blank.js';

/** `~SEQ(…)`, `~SEQx(…)` and `~LST(…)`: what each round sets, and where the rest of the line begins. */

/** A sequence or list block. */
export interface Repetition {
  /** Names set in each round. */
  readonly names: readonly string[];
  /** Values of the rounds, lazily: a sequence may be long. */
  readonly rounds: () => Iterable<readonly string[]>;
  /** Offset of the text that is repeated. */
  readonly restAt: number;
}

/** Why a block cannot be read. */
export interface RepetitionProblem {
  readonly problem: string;
}

const HEAD = /^[\t-\r ]*~(SEQx?|LST)[\t-\r ]*\(/;

/** True when a line begins like one of the blocks. */
export const startsRepetition = (text: string): boolean => HEAD.test(text);

/** Where the parenthesis that the block opens is closed; undefined when it is not. */
export function endOfHead(text: string): number | undefined {
  const open = text.indexOf('(');
  const close = open < 0 ? -1 : text.indexOf(')', open);
  return close < 0 ? undefined : close + 1;
}

/** Reads the block at the beginning of a line whose parenthesis is closed; parameters in it are already put in. */
export function readRepetition(text: string): Repetition | RepetitionProblem {
  const head = HEAD.exec(text);
  const restAt = endOfHead(text);
  if (head === null || restAt === undefined) return { problem: "its parenthesis is not closed with ')'" };
  const inside = text.slice(head[0].length, restAt - 1);
  return head[1] === 'LST' ? readList(inside, restAt) : readSequence(inside, restAt, head[1] === 'SEQx');
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

function readSequence(inside: string, restAt: number, hexadecimal: boolean): Repetition | RepetitionProblem {
  const [name = '', ...parts] = inside.split(',').map((part) => trimBlanks(part));
  if (!NAME.test(name)) return { problem: `'${name}' is no name of a parameter` };
  if (parts.length < 1 || parts.length > 3) return { problem: 'it takes a name and one to three numbers' };
  const numbers = parts.map(readNumber);
  const bad = parts[numbers.indexOf(undefined)];
  if (bad !== undefined) return { problem: `'${bad}' is no whole number` };
  const end = numbers.at(-1) ?? 0;
  const start = numbers.length > 1 ? (numbers[0] ?? 0) : end >= 0 ? 1 : -1;
  const step = numbers.length > 2 ? (numbers[1] ?? 0) : end >= start ? 1 : -1;
  if (step === 0 || (end - start) * step < 0) {
    return { problem: `from ${start} by steps of ${step} it never reaches ${end}` };
  }
  return { names: [name], rounds: () => count(start, step, end, hexadecimal ? 16 : 10), restAt };
}

function* count(start: number, step: number, end: number, base: 10 | 16): Iterable<readonly string[]> {
  for (let value = start; step > 0 ? value <= end : value >= end; value += step) yield [value.toString(base)];
}

/** As strtol(3) with base 0: decimal, 0x hexadecimal, 0 octal. */
function readNumber(text: string): number | undefined {
  const match = /^([+-]?)(?:(0[xX][0-9a-fA-F]+)|0([0-7]+)|([0-9]+))$/.exec(text);
  if (match === null) return undefined;
  const [, sign, hexadecimal, octal, decimal] = match;
  const size =
    hexadecimal !== undefined ? Number(hexadecimal) : octal !== undefined ? Number.parseInt(octal, 8) : Number(decimal);
  if (!Number.isSafeInteger(size)) return undefined;
  return sign === '-' ? -size : size;
}

function readList(inside: string, restAt: number): Repetition | RepetitionProblem {
  const [first, ...rounds] = splitList(inside);
  if (first === undefined || rounds.length === 0) return { problem: 'it takes a name and at least one value' };
  const names = first.braces ? first.parts : [first.text];
  const bad = names.find((name) => !NAME.test(name));
  if (bad !== undefined) return { problem: `'${bad}' is no name of a parameter` };
  const values = rounds.map((round) => (first.braces ? round.parts : [round.text]));
  const wrong = rounds.find((round) => (first.braces ? round.parts.length !== names.length : false));
  if (wrong !== undefined) return { problem: `'${wrong.text}' has not ${names.length} values` };
  return { names, rounds: () => values, restAt };
}

interface ListItem {
  readonly text: string;
  readonly braces: boolean;
  readonly parts: readonly string[];
}

/** Splits at commas that are not in braces. */
function splitList(inside: string): readonly ListItem[] {
  const items: string[] = [];
  let depth = 0;
  let start = 0;
  for (let offset = 0; offset < inside.length; offset++) {
    const character = inside.charAt(offset);
    if (character === '{') depth++;
    else if (character === '}') depth--;
    else if (character === ',' && depth <= 0) {
      items.push(inside.slice(start, offset));
      start = offset + 1;
    }
  }
  items.push(inside.slice(start));
  return items.map((item) => {
    const text = trimBlanks(item);
    const braces = text.startsWith('{') && text.endsWith('}');
    const parts = braces
      ? text
          .slice(1, -1)
          .split(',')
          .map((part) => trimBlanks(part))
      : [text];
    return { text, braces, parts };
  });
}
