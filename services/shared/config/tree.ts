/**
 * The statement tree: configuration text after lexing, includes, conditions and parameters, before any meaning.
 * The shape is that of `ConfigTree` in `proto/keepwatch/v1/common.proto`, so a tree that came by gRPC is one as it stands.
 */

/** One word, after quoting and parameters were resolved. */
export interface Word {
  readonly text: string;
  /** Index into {@link ConfigTree.files}. */
  readonly file: number;
  readonly line: number;
  readonly column: number;
  /** Stood in quotes: never a keyword, never a brace. */
  readonly quoted: boolean;
}

/** One statement: its words (the keyword first) and, after `{`, its children. */
export interface Statement {
  readonly words: readonly Word[];
  /** Had braces, even empty ones. */
  readonly block: boolean;
  readonly children: readonly Statement[];
}

/** A whole configuration. */
export interface ConfigTree {
  readonly files: readonly string[];
  readonly statements: readonly Statement[];
  /** What can be left out without changing the meaning of the rest is a warning instead of an error. */
  readonly lenient?: boolean | undefined;
}
