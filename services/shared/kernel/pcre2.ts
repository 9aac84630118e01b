/**
 * Regular expressions of PCRE2 by the system's own library (libpcre2-8.so.0, part of every Debian): the expressions of a
 * configuration mean here what they mean to keepalived, which no other engine gives exactly.
 *
 * A match that takes too many steps is given up (pcre2_set_match_limit), so no pattern and no page can hold up the process.
 */
import { koffi, stableBuffer } from './libc.js';

/** Options of pcre2_compile() by the names keepalived.conf(5) gives them; values of pcre2.h. */
export const PCRE2_OPTIONS: ReadonlyMap<string, number> = new Map([
  ['allow_empty_class', 0x0000_0001],
  ['alt_bsux', 0x0000_0002],
  ['auto_callout', 0x0000_0004],
  ['caseless', 0x0000_0008],
  ['dollar_endonly', 0x0000_0010],
  ['dotall', 0x0000_0020],
  ['dupnames', 0x0000_0040],
  ['extended', 0x0000_0080],
  ['firstline', 0x0000_0100],
  ['match_unset_backref', 0x0000_0200],
  ['multiline', 0x0000_0400],
  ['never_ucp', 0x0000_0800],
  ['never_utf', 0x0000_1000],
  ['no_auto_capture', 0x0000_2000],
  ['no_auto_possess', 0x0000_4000],
  ['no_dotstar_anchor', 0x0000_8000],
  ['no_start_optimize', 0x0001_0000],
  ['ucp', 0x0002_0000],
  ['ungreedy', 0x0004_0000],
  ['utf', 0x0008_0000],
  ['never_backslash_c', 0x0010_0000],
  ['alt_circumflex', 0x0020_0000],
  ['alt_verbnames', 0x0040_0000],
  ['use_offset_limit', 0x0080_0000],
]);
const USE_OFFSET_LIMIT = 0x0080_0000;

const LIBRARY = 'libpcre2-8.so.0';
const ERROR_NOMATCH = -1;
const ERROR_MATCHLIMIT = -47;
const ERROR_DEPTHLIMIT = -53;
const ERROR_HEAPLIMIT = -63;
const JIT_COMPLETE = 1;
/** Steps a match may take, besides two for each byte it looks at: some 20 ms. */
const MATCH_STEPS = 1_000_000;
const HEAP_LIMIT_KIB = 16 * 1024;

type Pointer = unknown;
interface Library {
  compile(pattern: Buffer, length: number, options: number, error: Buffer, offset: Buffer, context: null): Pointer;
  errorMessage(code: number, text: Buffer, length: number): number;
  freeCode(code: Pointer): void;
  matchData(code: Pointer, context: null): Pointer;
  freeMatchData(data: Pointer): void;
  matchContext(context: null): Pointer;
  freeMatchContext(context: Pointer): void;
  setMatchLimit(context: Pointer, limit: number): number;
  setHeapLimit(context: Pointer, limit: number): number;
  setOffsetLimit(context: Pointer, limit: number): number;
  match(
    code: Pointer,
    subject: Buffer,
    length: number,
    start: number,
    options: number,
    data: Pointer,
    context: Pointer,
  ): number;
  jitCompile(code: Pointer, options: number): number;
  jitStack(start: number, most: number, context: null): Pointer;
  freeJitStack(stack: Pointer): void;
  assignJitStack(context: Pointer, callback: null, stack: Pointer): void;
}

const DECLARATIONS: {
  readonly [Name in keyof Library]: readonly [symbol: string, result: string, args: readonly string[]];
} = {
  compile: ['pcre2_compile_8', 'void *', ['void *', 'size_t', 'uint32_t', 'void *', 'void *', 'void *']],
  errorMessage: ['pcre2_get_error_message_8', 'int', ['int', 'void *', 'size_t']],
  freeCode: ['pcre2_code_free_8', 'void', ['void *']],
  matchData: ['pcre2_match_data_create_from_pattern_8', 'void *', ['void *', 'void *']],
  freeMatchData: ['pcre2_match_data_free_8', 'void', ['void *']],
  matchContext: ['pcre2_match_context_create_8', 'void *', ['void *']],
  freeMatchContext: ['pcre2_match_context_free_8', 'void', ['void *']],
  setMatchLimit: ['pcre2_set_match_limit_8', 'int', ['void *', 'uint32_t']],
  setHeapLimit: ['pcre2_set_heap_limit_8', 'int', ['void *', 'uint32_t']],
  setOffsetLimit: ['pcre2_set_offset_limit_8', 'int', ['void *', 'size_t']],
  match: ['pcre2_match_8', 'int', ['void *', 'void *', 'size_t', 'size_t', 'uint32_t', 'void *', 'void *']],
  jitCompile: ['pcre2_jit_compile_8', 'int', ['void *', 'uint32_t']],
  jitStack: ['pcre2_jit_stack_create_8', 'void *', ['size_t', 'size_t', 'void *']],
  freeJitStack: ['pcre2_jit_stack_free_8', 'void', ['void *']],
  assignJitStack: ['pcre2_jit_stack_assign_8', 'void', ['void *', 'void *', 'void *']],
};

/** PCRE2 refuses the expression itself; its words and the place in them. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

let library: Library | undefined;

function pcre2(): Library {
  if (library !== undefined) return library;
  let loaded: ReturnType<ReturnType<typeof koffi>['load']>;
  try {
    loaded = koffi().load(LIBRARY);
  } catch {
    throw new Error(`'regex' needs the system library ${LIBRARY}: install it (Debian: libpcre2-8-0)`);
  }
  const functions: Record<string, unknown> = {};
  for (const [name, [symbol, result, args]] of Object.entries(DECLARATIONS)) {
    functions[name] = loaded.func(symbol, result, [...args]);
  }
  library = functions as unknown as Library;
  return library;
}

/** What to look for. */
export interface PatternOptions {
  readonly pattern: string;
  /** Bits of {@link PCRE2_OPTIONS}. */
  readonly options: number;
  /** A match starts at this byte at the latest. */
  readonly maxOffset?: number;
  /** First and largest size of the stack of compiled patterns, in bytes. */
  readonly stack?: { readonly start: number; readonly max: number };
}

/** Outcome of one search. */
export type PatternResult = 'match' | 'no match' | 'given up';

/** A compiled expression; its memory is the library's and goes when the object does. */
export class Pattern {
  readonly #code: Pointer;
  readonly #data: Pointer;
  readonly #context: Pointer;

  /** Throws PatternError for a wrong expression, Error when there is no library. */
  constructor({ pattern, options, maxOffset, stack }: PatternOptions) {
    const lib = pcre2();
    const text = pattern === '' ? EMPTY : Buffer.from(pattern, 'utf8');
    const error = stableBuffer(4);
    const offset = stableBuffer(8);
    const bits = maxOffset === undefined ? options : options | USE_OFFSET_LIMIT;
    const code = lib.compile(text, pattern === '' ? 0 : text.length, bits, error, offset, null);
    if (code === null) {
      const message = stableBuffer(256);
      const length = lib.errorMessage(error.readInt32LE(0), message, message.length);
      const words = message.toString('latin1', 0, Math.max(0, length));
      throw new PatternError(`${words} (at character ${offset.readBigUInt64LE(0)} of '${pattern}')`);
    }
    this.#code = code;
    this.#data = lib.matchData(code, null);
    this.#context = lib.matchContext(null);
    lib.setHeapLimit(this.#context, HEAP_LIMIT_KIB);
    if (maxOffset !== undefined) lib.setOffsetLimit(this.#context, maxOffset);
    let jitStack: Pointer = null;
    // Where memory may not be made executable, matching goes on without the compiled form.
    if (stack !== undefined && lib.jitCompile(code, JIT_COMPLETE) === 0) {
      jitStack = lib.jitStack(stack.start, stack.max, null);
      if (jitStack !== null) lib.assignJitStack(this.#context, null, jitStack);
    }
    const pointers = { code, data: this.#data, context: this.#context, stack: jitStack };
    reclaimed.register(this, pointers);
  }

  /** Searches from byte `start` on. */
  search(subject: Buffer, start = 0): PatternResult {
    if (start > subject.length) return 'no match';
    const lib = pcre2();
    lib.setMatchLimit(this.#context, MATCH_STEPS + 2 * subject.length);
    // The library may look at the address even of nothing.
    const bytes = subject.length === 0 ? EMPTY : subject;
    const result = lib.match(this.#code, bytes, subject.length, start, 0, this.#data, this.#context);
    if (result >= 0) return 'match';
    if (result === ERROR_NOMATCH) return 'no match';
    if (result === ERROR_MATCHLIMIT || result === ERROR_DEPTHLIMIT || result === ERROR_HEAPLIMIT) return 'given up';
    // A page that is not UTF-8 under the option utf, an offset inside a character: nothing that matches.
    return 'no match';
  }
}

const EMPTY = Buffer.alloc(1);

interface Pointers {
  readonly code: Pointer;
  readonly data: Pointer;
  readonly context: Pointer;
  readonly stack: Pointer;
}

const reclaimed = new FinalizationRegistry<Pointers>(({ code, data, context, stack }) => {
  const lib = pcre2();
  lib.freeMatchContext(context);
  lib.freeMatchData(data);
  lib.freeCode(code);
  if (stack !== null) lib.freeJitStack(stack);
});
