/** Bounds that keep a configuration from running away with the machine. Each is far above any sensible use. */

/** Files inside files inside files. */
export const MAXIMUM_INCLUDE_DEPTH = 32;

/** Files read in one load, the same file counted each time. */
export const MAXIMUM_INCLUDED_FILES = 20_000;

/** Names one brace expression or wildcard of `include` may stand for. */
export const MAXIMUM_GLOB_NAMES = 10_000;

/** Lines after all expansion, and rounds of sequences: enough for the 65024 instances by `~SEQ` of the manual. */
export const MAXIMUM_LINES = 2_000_000;

/** Parameters inside parameters. */
export const MAXIMUM_EXPANSION_DEPTH = 32;

/** Characters of a line with parameters, before and after expansion; lines without any may be longer. */
export const MAXIMUM_LINE_LENGTH = 65_536;

/** Characters that expansion of parameters and sequences may produce in one load. */
export const MAXIMUM_EXPANDED_CHARACTERS = 128 * 1024 * 1024;

/** Errors, and as many warnings, that one reader of a configuration keeps; the rest is counted only. */
export const MAXIMUM_FINDINGS = 1_000;

/** Findings about the text itself after which the rest is counted only. */
export const MAXIMUM_TEXT_PROBLEMS = 200;
