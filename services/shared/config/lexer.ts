/**
 * Splits one line into words and braces. Comments go, quotes are resolved, every word keeps its place.
 * A brace outside quotes is always a token of its own, with or without blanks around it.
 */
import { isBlank } from './blank.js';
import { readEscape } from './escapes.js';
import { placeOf, type SourceLine, type SourcePlace } from './sourceLine.js';
import type { Word } from './tree.js';
import { hasEscapedWords } from './wordRules.js';

/** What a line consists of. */
export type Token =
  | { readonly kind: 'word'; readonly word: Word }
  | { readonly kind: 'open' | 'close'; readonly place: SourcePlace };

/** Something in a line that cannot be read. */
export interface LexicalProblem {
  readonly code: 'unclosed-quote' | 'nul-byte' | 'invalid-text' | 'literal-quote';
  readonly place: SourcePlace;
}

/** Tells the lexer in which kind of statement a line begins and where to put what it finds. */
export interface LexSink {
  readonly tokens: Token[];
  readonly problems: LexicalProblem[];
}

const QUOTE = 34;
const APOSTROPHE = 39;
const BACKSLASH = 92;
const OPEN = 123;
const CLOSE = 125;
const HASH = 35;
const BANG = 33;
const DOLLAR = 36;

/**
 * Appends the tokens of one line to `sink`. Never throws. A statement begins with each line and after each brace;
 * its first word decides by which rules the others are read (see `wordRules.ts`).
 */
export function lexLine(line: SourceLine, sink: LexSink): void {
  const { text } = line;
  const length = text.length;
  let offset = 0;
  let keyword: string | undefined;
  while (offset < length) {
    const code = text.charCodeAt(offset);
    if (isBlank(code) || code === 0) {
      if (code === 0) sink.problems.push({ code: 'nul-byte', place: placeOf(line, offset) });
      offset++;
    } else if ((code === HASH || code === BANG) && line.commentsRemoved !== true) {
      return;
    } else if (code === OPEN || code === CLOSE) {
      sink.tokens.push({ kind: code === OPEN ? 'open' : 'close', place: placeOf(line, offset) });
      keyword = undefined;
      offset++;
    } else {
      const escaped = keyword !== undefined && hasEscapedWords(keyword);
      const read = escaped ? readEscapedWord(line, offset, sink) : readPlainWord(line, offset, sink);
      keyword ??= read.quoted ? '' : read.text;
      const place = placeOf(line, offset);
      const { file, line: number, column } = place;
      sink.tokens.push({
        kind: 'word',
        word: { text: read.text, file, line: number, column, quoted: read.quoted },
      });
      if (read.text.includes('\ufffd')) sink.problems.push({ code: 'invalid-text', place });
      offset = read.end;
    }
  }
}

interface ReadWord {
  readonly text: string;
  readonly quoted: boolean;
  readonly end: number;
}

const endsWord = (code: number, line: SourceLine): boolean =>
  isBlank(code) ||
  code === 0 ||
  code === OPEN ||
  code === CLOSE ||
  ((code === HASH || code === BANG) && line.commentsRemoved !== true);

const UNRESOLVED = /\$\{[A-Za-z0-9_][^{}"]*\}/y;

/** Where an unresolved `${NAME …}` ends, whose braces are part of the word; `offset` itself when there is none. */
function skipUnresolved(text: string, offset: number): number {
  if (text.charCodeAt(offset) !== DOLLAR || text.charCodeAt(offset + 1) !== OPEN) return offset;
  UNRESOLVED.lastIndex = offset;
  return offset + (UNRESOLVED.exec(text)?.[0].length ?? 0);
}

/** Plain words: only `"` quotes, and only `\"` inside quotes is an escape. */
function readPlainWord(line: SourceLine, start: number, sink: LexSink): ReadWord {
  const { text } = line;
  if (text.charCodeAt(start) === APOSTROPHE) {
    sink.problems.push({ code: 'literal-quote', place: placeOf(line, start) });
  }
  let result = '';
  let quoted = false;
  let offset = start;
  let pieceStart = start;
  while (offset < text.length) {
    const code = text.charCodeAt(offset);
    if (code === QUOTE) {
      result += text.slice(pieceStart, offset);
      const piece = readPlainQuoted(line, offset, sink);
      result += piece.text;
      quoted = true;
      offset = piece.end;
      pieceStart = offset;
    } else if (endsWord(code, line)) {
      break;
    } else {
      offset = Math.max(offset + 1, skipUnresolved(text, offset));
    }
  }
  return { text: result + text.slice(pieceStart, offset), quoted, end: offset };
}

function readPlainQuoted(line: SourceLine, start: number, sink: LexSink): { text: string; end: number } {
  const { text } = line;
  let result = '';
  let pieceStart = start + 1;
  let backslashes = 0;
  for (let offset = start + 1; offset < text.length; offset++) {
    const code = text.charCodeAt(offset);
    if (code === QUOTE) {
      // An odd number of backslashes before it: the last one escapes the quote, the others are ordinary.
      if (backslashes % 2 === 0) return { text: result + text.slice(pieceStart, offset), end: offset + 1 };
      result += text.slice(pieceStart, offset - 1);
      pieceStart = offset;
    }
    backslashes = code === BACKSLASH ? backslashes + 1 : 0;
    if (code === 0) sink.problems.push({ code: 'nul-byte', place: placeOf(line, offset) });
  }
  sink.problems.push({ code: 'unclosed-quote', place: placeOf(line, start) });
  return { text: result + text.slice(pieceStart), end: text.length };
}

/** Words of scripts, files and patterns: both kinds of quotes, escapes everywhere. */
function readEscapedWord(line: SourceLine, start: number, sink: LexSink): ReadWord {
  const { text } = line;
  const pieces: string[] = [];
  let quoted = false;
  let quote = 0;
  let quoteStart = start;
  let offset = start;
  while (offset < text.length) {
    const code = text.charCodeAt(offset);
    if (quote === 0 && endsWord(code, line)) break;
    const unresolved = quote === 0 ? skipUnresolved(text, offset) : offset;
    if (unresolved > offset) {
      pieces.push(text.slice(offset, unresolved));
      offset = unresolved;
      continue;
    }
    if (code === BACKSLASH) {
      const found = readEscape(text, offset);
      pieces.push(found.text);
      offset += found.length;
    } else if (quote === 0 && (code === QUOTE || code === APOSTROPHE)) {
      quote = code;
      quoteStart = offset;
      quoted = true;
      offset++;
    } else if (quote !== 0 && code === quote) {
      quote = 0;
      offset++;
    } else {
      if (code === 0) sink.problems.push({ code: 'nul-byte', place: placeOf(line, offset) });
      pieces.push(text.charAt(offset));
      offset++;
    }
  }
  if (quote !== 0) sink.problems.push({ code: 'unclosed-quote', place: placeOf(line, quoteStart) });
  return { text: pieces.join(''), quoted, end: offset };
}
