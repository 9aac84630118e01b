/** Puts words and braces together to statements. */
import type { Token } from './lexer.js';
import type { SourcePlace } from './sourceLine.js';
import type { Statement, Word } from './tree.js';

/** Blocks deeper than this are refused, so that nothing that walks the tree can run out of stack. */
export const MAXIMUM_NESTING = 64;

/** A brace that does not fit. */
export interface StructureProblem {
  readonly code: 'stray-close' | 'stray-open' | 'unclosed-block' | 'nesting-too-deep';
  readonly place: SourcePlace;
  /** First words of the block it is about. */
  readonly subject?: string;
}

interface OpenStatement {
  readonly words: Word[];
  block: boolean;
  children: OpenStatement[];
}

/** Most statements have none, and there may be a million of them: they share one list that nothing is put into. */
const NO_CHILDREN: OpenStatement[] = [];

interface OpenBlock {
  readonly statement: OpenStatement;
  readonly place: SourcePlace;
}

const subjectOf = (statement: OpenStatement): string =>
  statement.words
    .slice(0, 3)
    .map((word) => word.text)
    .join(' ');

/** Takes lines of tokens in order; the statements are complete after {@link TreeBuilder.finish}. */
export class TreeBuilder {
  readonly #top: OpenStatement[] = [];
  readonly #open: OpenBlock[] = [];
  readonly #problems: StructureProblem[] = [];
  /** Words of the statement that is being read; used again for each. */
  readonly #words: Word[] = [];
  #wordCount = 0;
  /** The statement that a `{` at the beginning of a line belongs to. */
  #previous: OpenStatement | undefined;
  #tooDeep = 0;

  /** Adds one line. */
  addLine(tokens: readonly Token[]): void {
    for (const token of tokens) {
      if (token.kind === 'word') this.#words[this.#wordCount++] = token.word;
      else if (token.kind === 'open') this.#openBlock(token.place);
      else this.#closeBlock(token.place);
    }
    this.#endStatement();
  }

  /** Ends the input. `problems` is empty when every brace has its partner. */
  finish(): { readonly statements: readonly Statement[]; readonly problems: readonly StructureProblem[] } {
    this.#endStatement();
    for (const { statement, place } of this.#open) {
      this.#problems.push({ code: 'unclosed-block', place, subject: subjectOf(statement) });
    }
    return { statements: this.#top, problems: this.#problems };
  }

  #children(): OpenStatement[] {
    return this.#open.at(-1)?.statement.children ?? this.#top;
  }

  #endStatement(): void {
    if (this.#wordCount === 0) return;
    // A copy has room for just its words; a list that grew has room for many more.
    const statement: OpenStatement = {
      words: this.#words.slice(0, this.#wordCount),
      block: false,
      children: NO_CHILDREN,
    };
    this.#wordCount = 0;
    if (this.#tooDeep === 0) this.#children().push(statement);
    this.#previous = statement;
  }

  #openBlock(place: SourcePlace): void {
    this.#endStatement();
    let statement = this.#previous;
    this.#previous = undefined;
    if (statement === undefined) {
      this.#problems.push({ code: 'stray-open', place });
      // Its contents are kept apart so that the closing brace still finds its partner.
      statement = { words: [], block: true, children: [] };
    }
    statement.block = true;
    if (statement.children === NO_CHILDREN) statement.children = [];
    if (this.#tooDeep > 0 || this.#open.length >= MAXIMUM_NESTING) {
      if (this.#tooDeep === 0) this.#problems.push({ code: 'nesting-too-deep', place });
      this.#tooDeep++;
      return;
    }
    this.#open.push({ statement, place });
  }

  #closeBlock(place: SourcePlace): void {
    this.#endStatement();
    this.#previous = undefined;
    if (this.#tooDeep > 0) this.#tooDeep--;
    else if (this.#open.pop() === undefined) this.#problems.push({ code: 'stray-close', place });
  }
}
