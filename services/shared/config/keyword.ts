/** Keyword tables: what each service understands, said once. */
import type { Argument, ArgumentShape } from './argument.js';
import { formatRange } from './argument.js';

/** Any list of arguments. */
export type Arguments = readonly Argument<unknown>[];

/** The values of a list of arguments, in order. */
export type ValuesOf<A extends Arguments> = { readonly [I in keyof A]: A[I] extends Argument<infer T> ? T : never };

/** What stands between the braces of a block. */
export type BlockSpec =
  /** Keywords of a table. */
  | { readonly kind: 'keywords'; readonly table: KeywordTable }
  /** Lines that are not keywords, one item each, such as addresses; `options`: what may stand in such a line. */
  | { readonly kind: 'lines'; readonly line: string; readonly options?: KeywordTable };

/** One keyword. */
export interface KeywordSpec<A extends Arguments = Arguments> {
  readonly name: string;
  /** Other spellings that mean the same. */
  readonly aliases: readonly string[];
  /** Spellings seen in the wild that are errors, answered with the right one. */
  readonly misspellings: readonly string[];
  readonly arguments: A;
  readonly block?: BlockSpec;
  /** The block may be left out, as in `SMTP_CHECK` without braces. */
  readonly blockOptional: boolean;
  readonly status: 'works' | 'no effect yet';
  /** `last`: repeating is a warning and the last one wins; `list`: all count; `refuse`: repeating is an error. */
  readonly repeat: 'last' | 'list' | 'refuse';
  /** What holds without it, in words. */
  readonly default?: string;
  /** What follows from it having no effect yet, where that is not plain. */
  readonly consequence?: string;
  /** Release of keepalived that brought it, when it is newer than 2.0. */
  readonly since?: string;
  /** Why it should not be used any more, and what instead. */
  readonly deprecated?: string;
  /** One line of documentation. */
  readonly doc: string;
  /** One of 31 bits, for a quick look whether a block can have it at all. */
  readonly bit: number;
}

type Details<A extends Arguments> = Partial<Omit<KeywordSpec<A>, 'name' | 'arguments' | 'doc' | 'bit'>>;

let described = 0;

/** Describes a keyword that works. */
export function keyword<const A extends Arguments>(
  name: string,
  args: A,
  doc: string,
  details: Details<A> = {},
): KeywordSpec<A> {
  return {
    name,
    arguments: args,
    doc,
    aliases: [],
    misspellings: [],
    status: 'works',
    repeat: 'last',
    blockOptional: false,
    bit: 1 << (described++ % 31),
    ...details,
  };
}

/** Describes a keyword that is read and checked but does nothing yet. */
export function pending<const A extends Arguments>(
  name: string,
  args: A,
  doc: string,
  details: Details<A> = {},
): KeywordSpec<A> {
  return keyword(name, args, doc, { status: 'no effect yet', ...details });
}

/** The keywords allowed in one place. */
export class KeywordTable {
  /** Describes the place: `vrrp_instance`, `global_defs`, `top level`. */
  readonly scope: string;
  readonly keywords: readonly KeywordSpec[];
  readonly #byName = new Map<string, KeywordSpec>();
  readonly #misspelt = new Map<string, string>();

  constructor(scope: string, keywords: readonly KeywordSpec[]) {
    this.scope = scope;
    this.keywords = keywords;
    for (const spec of keywords) {
      for (const name of [spec.name, ...spec.aliases]) {
        if (this.#byName.has(name)) throw new RangeError(`'${name}' stands twice in the table of ${scope}`);
        this.#byName.set(name, spec);
      }
      for (const name of spec.misspellings) this.#misspelt.set(name, spec.name);
    }
  }

  /** The keyword with this name or alias. */
  find(name: string): KeywordSpec | undefined {
    return this.#byName.get(name);
  }

  /** The right spelling of a known misspelling. */
  corrected(name: string): string | undefined {
    return this.#misspelt.get(name);
  }

  /** All names and aliases. */
  names(): IterableIterator<string> {
    return this.#byName.keys();
  }
}

/** How a keyword is written: `priority <number 1..255>`. */
export function formatUsage(spec: KeywordSpec): string {
  const parts = [spec.name, ...spec.arguments.map((argument) => formatArgument(argument.shape))];
  if (spec.block !== undefined) parts.push('{ … }');
  return parts.join(' ');
}

function formatArgument(shape: ArgumentShape): string {
  let inside = shape.type === 'choice' && shape.values !== undefined ? shape.values.join('|') : shape.name;
  if ((shape.type === 'integer' || shape.type === 'decimal') && (shape.min !== undefined || shape.max !== undefined)) {
    inside += ` ${formatRange(shape.min, shape.max)}`;
  }
  if (shape.unit !== undefined) inside += ` ${shape.unit}`;
  const one = `<${inside}>${shape.repeat ? '…' : ''}`;
  return shape.optional ? `[${one}]` : one;
}
