/** Arguments of keywords: what a table says about them, and how a word becomes a value. */
import { formatIpAddress, type IpAddress, isMulticast, parseIpAddress } from '../net/address.js';
import { type Micros, seconds } from '../time/duration.js';
import { closest } from './suggest.js';

/** What is wrong with a word, as the end of a sentence that begins with the keyword. */
export interface ArgumentProblem {
  readonly code: 'not-a-number' | 'out-of-range' | 'bad-value';
  readonly message: string;
  readonly hint?: string;
}

export type ArgumentResult<T> = { readonly ok: true; readonly value: T } | (ArgumentProblem & { readonly ok: false });

/** The declarative half: documentation, completion and messages are derived from it. */
export interface ArgumentShape {
  /** As in `priority <number>`. */
  readonly name: string;
  readonly type: 'word' | 'integer' | 'decimal' | 'boolean' | 'choice' | 'address' | 'mac' | 'script';
  readonly unit?: string;
  readonly min?: number;
  readonly max?: number;
  readonly values?: readonly string[];
  readonly optional: boolean;
  /** Takes all the words that are left. */
  readonly repeat: boolean;
}

/** One argument: its shape, and the reading of one word. `T` is what interpreters get. */
export interface Argument<T> {
  readonly shape: ArgumentShape;
  /** The value of an optional argument that is not there, and of a repeated one before the first word. */
  readonly absent: T;
  /** Words that are meant for this argument; the others are left to those after it, so the order does not matter. */
  readonly accepts?: (word: string) => boolean;
  read(word: string, previous: T): ArgumentResult<T>;
}

/** Bounds of a number, both inclusive. */
export interface Bounds {
  readonly min?: number;
  readonly max?: number;
  readonly unit?: string;
}

const ok = <T>(value: T): ArgumentResult<T> => ({ ok: true, value });
const bad = (message: string, hint?: string): ArgumentResult<never> => problem('bad-value', message, hint);
const problem = (code: ArgumentProblem['code'], message: string, hint?: string): ArgumentResult<never> => ({
  ok: false,
  code,
  message,
  ...(hint === undefined ? {} : { hint }),
});

const single = { optional: false, repeat: false } as const;

/** Any word. */
export function word(name: string): Argument<string> {
  return { shape: { name, type: 'word', ...single }, absent: '', read: ok };
}

/** A word of at most `max` bytes, such as an interface name. */
export function shortWord(name: string, max: number): Argument<string> {
  return {
    shape: { name, type: 'word', max, ...single },
    absent: '',
    read: (text) =>
      new TextEncoder().encode(text).length > max
        ? problem('out-of-range', `takes at most ${max} characters, '${text}' is longer`)
        : ok(text),
  };
}

/** Name of a network interface: at most 15 bytes (IFNAMSIZ in linux/if.h, without the NUL). */
export const interfaceName = (name = 'interface'): Argument<string> => shortWord(name, 15);

const WHOLE = /^[+-]?[0-9]+$/;
const DECIMAL = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)$/;

/** A whole number, decimal. */
export function integer(name: string, bounds: Bounds = {}): Argument<number> {
  return {
    shape: { name, type: 'integer', ...bounds, ...single },
    absent: 0,
    read: (text) => (WHOLE.test(text) ? within(Number(text), text, bounds) : notNumber('a whole number', text)),
  };
}

/** A number with a fraction. */
export function decimal(name: string, bounds: Bounds = {}): Argument<number> {
  return {
    shape: { name, type: 'decimal', ...bounds, ...single },
    absent: 0,
    read: (text) => (DECIMAL.test(text) ? within(Number(text), text, bounds) : notNumber('a number', text)),
  };
}

/** A time in seconds with a fraction down to microseconds; bounds are in seconds. */
export function timer(name: string, bounds: Omit<Bounds, 'unit'> = {}): Argument<Micros> {
  const inner = decimal(name, { ...bounds, unit: 's' });
  return {
    shape: inner.shape,
    absent: seconds(0),
    read: (text) => {
      const result = inner.read(text, 0);
      return result.ok ? ok(seconds(result.value)) : result;
    },
  };
}

const notNumber = (what: string, text: string): ArgumentResult<never> =>
  problem('not-a-number', `needs ${what}, not '${text}'`);

function within(value: number, text: string, { min, max, unit }: Bounds): ArgumentResult<number> {
  const low = min ?? Number.NEGATIVE_INFINITY;
  const high = max ?? Number.MAX_SAFE_INTEGER;
  if (value >= low && value <= high) return ok(value);
  return problem(
    'out-of-range',
    `must be ${formatRange(min, max)}${unit === undefined ? '' : ` ${unit}`}, not ${text}`,
  );
}

/** `1..255`, `at least 1`, `at most 19`. */
export function formatRange(min: number | undefined, max: number | undefined): string {
  if (min !== undefined && max !== undefined) return `${min}..${max}`;
  if (min !== undefined) return `at least ${min}`;
  return `at most ${max ?? Number.MAX_SAFE_INTEGER}`;
}

const BOOLEANS: Readonly<Record<string, boolean>> = {
  on: true,
  true: true,
  yes: true,
  off: false,
  false: false,
  no: false,
};

/** on|off|true|false|yes|no, in lower case as keepalived has it; a keyword without the word means on. */
export function flag(name = 'on|off'): Argument<boolean> {
  return {
    shape: { name, type: 'boolean', values: Object.keys(BOOLEANS), optional: true, repeat: false },
    absent: true,
    read: (text) => {
      const value = Object.hasOwn(BOOLEANS, text) ? BOOLEANS[text] : undefined;
      return value === undefined ? bad(`is on, off, true, false, yes or no, not '${text}'`) : ok(value);
    },
  };
}

/** One word out of a list. */
export function choice<const V extends string>(
  name: string,
  values: readonly V[],
  options: { readonly ignoreCase?: boolean } = {},
): Argument<V> {
  const [first] = values;
  if (first === undefined) throw new RangeError('a choice needs values');
  const fold = (text: string): string => (options.ignoreCase === true ? text.toLowerCase() : text);
  return {
    shape: { name, type: 'choice', values, ...single },
    absent: first,
    read: (text) => {
      const found = values.find((value) => fold(value) === fold(text));
      if (found !== undefined) return ok(found);
      const meant = closest(text, values);
      const hint = meant === undefined ? undefined : `did you mean '${meant}'?`;
      return bad(`is one of ${values.join(', ')}, not '${text}'`, hint);
    },
  };
}

const UNSPECIFIED: IpAddress = { family: 4, bytes: new Uint8Array(4) };

/** An IP address, of one family if it is given. */
export function address(
  name: string,
  options: { readonly family?: 4 | 6; readonly multicast?: boolean } = {},
): Argument<IpAddress> {
  const kind = options.family === undefined ? 'an IP address' : `an IPv${options.family} address`;
  return {
    shape: { name, type: 'address', ...single },
    absent: UNSPECIFIED,
    read: (text) => {
      const value = parseIpAddress(text);
      if (value === undefined) return bad(`needs ${kind}, not '${text}'`);
      if (options.family !== undefined && value.family !== options.family) return bad(`needs ${kind}, not '${text}'`);
      if (options.multicast === true && !isMulticast(value)) {
        return bad(`needs a multicast address, and ${formatIpAddress(value)} is none`);
      }
      return ok(value);
    },
  };
}

/** A TCP or UDP port: 1..65535. */
export const port = (name = 'port'): Argument<number> => integer(name, { min: 1, max: 65535 });

/** A file or directory by its whole path: services run in another directory than whoever wrote the configuration. */
export function absolutePath(name: string): Argument<string> {
  return {
    ...word(name),
    read: (text) => (text.startsWith('/') ? ok(text) : bad(`needs a whole path, from / on, not '${text}'`)),
  };
}

/** The command line of a script: one word, quoted when it has arguments. */
export function script(name = 'script'): Argument<string> {
  return { shape: { name, type: 'script', ...single }, absent: '', read: ok };
}

/** Makes an argument optional. */
export function optional<T>(argument: Argument<T>): Argument<T | undefined> {
  return {
    shape: { ...argument.shape, optional: true },
    absent: undefined,
    read: (text) => argument.read(text, argument.absent),
  };
}

/** Makes an argument take only the words that are meant for it, wherever they stand. */
export function meant<T>(argument: Argument<T>, accepts: (word: string) => boolean): Argument<T> {
  return { ...argument, accepts };
}

/** A word that may stand in any place of its line, such as `all`; true when it does. */
export function optionWord(text: string): Argument<boolean> {
  return {
    shape: { name: text, type: 'choice', values: [text], optional: true, repeat: false },
    absent: false,
    accepts: (word) => word === text,
    read: () => ok(true),
  };
}

const OCTETS = /^[0-9a-fA-F]{1,2}(?::[0-9a-fA-F]{1,2})+$/;

/** True for a word that can only be a MAC address: octets with colons between them. */
export const looksLikeMac = (text: string): boolean => OCTETS.test(text);

/** A unicast MAC address of six octets, or its first five. */
export function macAddress(name = 'MAC'): Argument<Uint8Array> {
  return {
    shape: { name, type: 'mac', ...single },
    absent: new Uint8Array(0),
    read: (text) => {
      const octets = looksLikeMac(text) ? text.split(':').map((octet) => Number.parseInt(octet, 16)) : [];
      if (octets.length !== 5 && octets.length !== 6) return bad(`needs a MAC address of 5 or 6 octets, not '${text}'`);
      if (((octets[0] ?? 0) & 1) !== 0) return bad(`needs a unicast MAC address, and ${text} is multicast`);
      return ok(Uint8Array.from(octets));
    },
  };
}

/** What fits one argument or else the other; a word that fits neither is answered by the second. */
export function either<A, B>(one: Argument<A>, other: Argument<B>): Argument<A | B> {
  const values = one.shape.values?.join('|') ?? one.shape.name;
  return {
    shape: { ...other.shape, name: `${values}|${other.shape.name}`, type: 'word' },
    absent: other.absent,
    read: (text) => {
      const result = one.read(text, one.absent);
      return result.ok ? result : other.read(text, other.absent);
    },
  };
}

/** All the words that are left, at least one unless `atLeast` is 0. */
export function rest<T>(argument: Argument<T>, options: { readonly atLeast?: 0 | 1 } = {}): Argument<readonly T[]> {
  return {
    shape: { ...argument.shape, optional: options.atLeast === 0, repeat: true },
    absent: [],
    read: (text, previous) => {
      const result = argument.read(text, argument.absent);
      return result.ok ? ok([...previous, result.value]) : result;
    },
  };
}
