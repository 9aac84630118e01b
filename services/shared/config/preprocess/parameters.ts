import { placeOf, type SourceLine, type SourcePlace } from '../sourceLine.js';
import { Random } from './random.js';
import type { Reference } from './reference.js';

/** What a parameter stands for: one line, or several. */
export type ParameterValue = readonly SourceLine[];

/** Where values come from that nobody defines. */
export interface Predefined {
  /** `-i`, or the first part of the host name. */
  readonly instance: string;
  readonly environment: (name: string) => string | undefined;
  readonly randomSeed: number;
}

/** Parameters in force: defined ones and those that are always there. */
export class Parameters {
  readonly #defined = new Map<string, ParameterValue>();
  /** Names whose value a sequence or list sets. */
  readonly #rounds = new Set<string>();
  readonly #predefined: Predefined;
  #random: Random;
  /** `${_PWD}`. */
  directory = '.';

  constructor(predefined: Predefined) {
    this.#predefined = predefined;
    this.#random = new Random(predefined.randomSeed);
  }

  /** `random_seed`. */
  seed(value: number): void {
    this.#random = new Random(value);
  }

  define(name: string, value: ParameterValue): void {
    this.#defined.set(name, value);
  }

  /** Sets parameters for a round of a sequence; the result puts back what was there. */
  shadow(names: readonly string[], values: readonly string[], from: SourceLine): () => void {
    const before = names.map((name) => [name, this.#defined.get(name)] as const);
    const outer = names.filter((name) => this.#rounds.has(name));
    for (const [index, name] of names.entries()) {
      this.define(name, [literal(values[index] ?? '', from)]);
      this.#rounds.add(name);
    }
    return () => {
      for (const name of names) if (!outer.includes(name)) this.#rounds.delete(name);
      for (const [name, value] of before) {
        if (value === undefined) this.#defined.delete(name);
        else this.#defined.set(name, value);
      }
    };
  }

  /** Where the value of a reference came from, in words for the trail of a finding. */
  describe(
    { name, argument }: Reference,
    value: SourceLine | undefined,
  ): { readonly text: string; readonly from?: SourcePlace } {
    if (argument !== '' || !this.#defined.has(name)) return { text: `\${${name}} is predefined` };
    if (value === undefined) return { text: `\${${name}} is defined as nothing` };
    const from = placeOf(value, 0);
    if (this.#rounds.has(name)) return { text: `\${${name}} is '${value.text}' in a round of this`, from };
    return { text: `\${${name}} is defined here`, from };
  }

  /** What a reference stands for; undefined: nothing, so it stays as it is. */
  lookUp(reference: Reference, from: SourceLine): ParameterValue | undefined {
    const { name, argument } = reference;
    const defined = argument === '' ? this.#defined.get(name) : undefined;
    if (defined !== undefined) return defined;
    const text = this.#lookUpPredefined(name, argument);
    return text === undefined ? undefined : [literal(text, from)];
  }

  #lookUpPredefined(name: string, argument: string): string | undefined {
    switch (name) {
      case '_PWD':
        return this.directory;
      case '_INSTANCE':
        return this.#predefined.instance;
      case '_HASH':
        return '#';
      case '_BANG':
        return '!';
      case '_ENV':
        return argument === '' ? undefined : this.#predefined.environment(argument);
      case '_RANDOM':
        return this.#pick(argument);
      default:
        return undefined;
    }
  }

  /** keepalived.conf(5): `${_RANDOM [MIN [MAX]]}`, defaults 0 and 32767. */
  #pick(argument: string): string | undefined {
    const match = /^(?:([0-9]{1,9})(?:[\t-\r ]+([0-9]{1,9}))?)?$/.exec(argument);
    if (match === null) return undefined;
    const low = Number(match[1] ?? 0);
    const high = Number(match[2] ?? 32767);
    return high < low ? undefined : String(this.#random.between(low, high));
  }
}

function literal(text: string, from: SourceLine): SourceLine {
  const segments = [{ start: 0, file: from.file, line: from.line, column: 1, substituted: true }];
  return { text, file: from.file, line: from.line, segments, commentsRemoved: true };
}
