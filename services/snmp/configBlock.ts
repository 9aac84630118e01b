/**
 * What the configuration in force says of one thing, where the status does not: words of statements, without their meaning,
 * which is the business of the service they are for. Pure.
 */
import type { ConfigTree, Statement } from '../shared/rpc/generated/keepwatch/v1/common.js';

/** Words that switch something off (keepalived.conf(5)). */
const OFF: ReadonlySet<string> = new Set(['off', 'false', 'no']);

export class ConfigBlock {
  readonly #statements: readonly Statement[];

  constructor(statements: readonly Statement[] = []) {
    this.#statements = statements;
  }

  /** The words after the last statement of this name; undefined: there is none. */
  words(name: string): readonly string[] | undefined {
    const found = this.#statements.findLast((statement) => nameOf(statement) === name);
    return found?.words.slice(1).map(({ text }) => text);
  }

  has(name: string): boolean {
    return this.#statements.some((statement) => nameOf(statement) === name);
  }

  /** The first word after it. */
  word(name: string): string | undefined {
    return this.words(name)?.[0];
  }

  /** The first word after it as a number. */
  number(name: string): number | undefined {
    const text = this.word(name);
    const value = text === undefined || text === '' ? Number.NaN : Number(text);
    return Number.isFinite(value) ? value : undefined;
  }

  /** On without a word, or as the word says; undefined: nothing is said. */
  flag(name: string): boolean | undefined {
    const words = this.words(name);
    return words === undefined ? undefined : !OFF.has(words[0] ?? '');
  }

  /** The contents of the last block of this name. */
  block(name: string): ConfigBlock {
    return new ConfigBlock(this.#statements.findLast((statement) => nameOf(statement) === name)?.children);
  }

  /** All blocks of this name, with the words after it, in order. */
  blocks(name: string): readonly { readonly words: readonly string[]; readonly block: ConfigBlock }[] {
    return this.#statements
      .filter((statement) => nameOf(statement) === name)
      .map(({ words, children }) => ({
        words: words.slice(1).map(({ text }) => text),
        block: new ConfigBlock(children),
      }));
  }

  /** All lines, each with all its words. */
  all(): readonly (readonly string[])[] {
    return this.#statements.map(({ words }) => words.map(({ text }) => text));
  }

  /** The lines of all blocks of this name. */
  lines(name: string): readonly (readonly string[])[] {
    return this.#statements
      .filter((statement) => nameOf(statement) === name)
      .flatMap(({ children }) => children.map(({ words }) => words.map(({ text }) => text)));
  }
}

const nameOf = ({ words: [first] }: Statement): string => (first === undefined || first.quoted ? '' : first.text);

/** The top level of a tree. */
export const configBlock = (tree: ConfigTree | undefined): ConfigBlock => new ConfigBlock(tree?.statements);
