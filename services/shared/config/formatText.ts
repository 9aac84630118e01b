/**
 * Canonical formatting of configuration text: one statement a line, four blanks per level, `{` behind its statement, `}` on
 * a line of its own, at most one empty line in a row. Comments stay; lines that are worked on before they are read
 * (definitions, parameters, conditions, sequences, includes) keep their text and are indented only. What the text loads as
 * does not change, and formatting again changes nothing.
 */
import { isBlank, skipBlanks, trimBlanks, trimmedLength } from './blank.js';
import { readEscape } from './escapes.js';
import { endOfText } from './preprocess/comment.js';
import { hasEscapedWords } from './wordRules.js';

const INDENT = '    ';
/** Longer lines are left alone: indentation must not carry them over a bound of the loader. */
const LONGEST = 32_768;

/** Formats a text. Bytes decoded as Latin-1 are as good as characters: only ASCII has a meaning here. */
export function formatText(text: string): string {
  const formatter = new Formatter();
  const whole = text.endsWith('\n') ? text.slice(0, -1) : text;
  for (const line of whole.split('\n')) formatter.addLine(line);
  return formatter.finish();
}

/** A word as it is written, or a brace. */
type Piece = { readonly kind: 'word'; readonly raw: string } | { readonly kind: 'open' | 'close' };

interface Scanned {
  readonly pieces: readonly Piece[];
  /** Where the last of them ends. */
  readonly codeEnd: number;
  /** Offset of the comment; the length of the line when there is none. */
  readonly commentAt: number;
}

/** What a line does to the indentation. */
interface Braces {
  readonly leadingCloses: number;
  readonly balance: number;
  readonly endsOpen: boolean;
}

class Formatter {
  readonly #lines: string[] = [];
  #depth = 0;
  #emptyLine = false;
  /** The last line opened a block: no empty line after it. */
  #opened = true;
  /** Statement of the last line, with its comment apart, to which a `{` of the next line can be added. */
  #open: { readonly text: string; readonly comment: string } | undefined;
  #inDefinition = false;
  /** Condition of the first of the conditional lines that follow each other. */
  #condition: string | undefined;

  addLine(line: string): void {
    const text = trimBlanks(line);
    if (this.#inDefinition) {
      this.#continueDefinition(line);
      return;
    }
    if (text === '') {
      this.#emptyLine = true;
      return;
    }
    const condition = /^@[^\t-\r ]*/.exec(text)?.[0];
    if (condition === undefined) this.#condition = undefined;
    if (text.startsWith('#') || text.startsWith('!')) this.#emit(text);
    else if (text.length > LONGEST) this.#emitAsIs(line, NO_BRACES);
    else if (INCLUDE.test(text)) this.#addInclude(line.slice(skipBlanks(line)));
    else if (SPECIAL.test(text)) this.#addSpecial(text, condition);
    else this.#addOrdinary(line.slice(skipBlanks(line)));
  }

  finish(): string {
    return this.#lines.length === 0 ? '' : `${this.#lines.join('\n')}\n`;
  }

  /** The lines of a definition belong to the value; empty ones and comments do not end it. */
  #continueDefinition(line: string): void {
    this.#lines.push(line);
    const code = line.slice(0, endOfText(line));
    if (trimBlanks(code) !== '') this.#inDefinition = code.endsWith('\\');
  }

  #addInclude(line: string): void {
    // An open quote takes the blanks at the end too.
    this.#emitIndented(scan(line) === undefined ? line : line.slice(0, trimmedLength(line)), NO_BRACES);
  }

  #addSpecial(text: string, condition: string | undefined): void {
    // Of lines for different hosts only one holds, so only one of them counts for the indentation.
    const counts = condition === undefined || this.#condition === undefined || this.#condition === condition;
    if (condition !== undefined) this.#condition ??= condition;
    const code = text.slice(0, endOfText(text));
    this.#inDefinition = code.endsWith('\\');
    const braces = DEFINITION.test(text) ? NO_BRACES : bracesOf(code);
    if (counts) {
      this.#emitIndented(text, braces);
    } else {
      const before = this.#depth;
      this.#depth = Math.max(0, before - Math.max(0, braces.balance));
      this.#emitIndented(text, braces);
      this.#depth = before;
    }
  }

  /** `line` begins with no blank. At its end one may be escaped, or belong to an open quote. */
  #addOrdinary(line: string): void {
    const scanned = scan(line);
    if (scanned === undefined) {
      this.#emitIndented(line, NO_BRACES);
      return;
    }
    const { pieces, codeEnd, commentAt } = scanned;
    const code = line.slice(0, codeEnd);
    const comment = line.slice(commentAt, trimmedLength(line));
    const prepared = line.includes('$');
    if (code.includes('$') || (prepared && endOfText(line) !== codeEnd)) {
      this.#inDefinition = line.slice(0, endOfText(line)).endsWith('\\');
      this.#emitIndented(comment === '' ? code : line.slice(0, trimmedLength(line)), bracesOf(code));
      return;
    }
    const parts = split(pieces);
    // At the beginning of a line they would be taken for what they are not where they stand.
    if (parts.some((part) => SPECIAL.test(part))) {
      this.#emitIndented(comment === '' ? code : line.slice(0, trimmedLength(line)), bracesOf(code));
      return;
    }
    for (const [index, part] of parts.entries()) this.#addPart(part, index === parts.length - 1 ? comment : '');
  }

  #addPart(part: string, comment: string): void {
    const behind = comment === '' ? '' : ` ${comment}`;
    if (part === '}') {
      this.#depth = Math.max(0, this.#depth - 1);
      this.#emptyLine = false;
      this.#emit(part + behind);
      return;
    }
    if (part === '{' && this.#open !== undefined) {
      const { text, comment: earlier } = this.#open;
      // A statement and its brace can both have a comment: then the brace stays where it is.
      if (earlier === '' || comment === '') {
        this.#lines.pop();
        this.#emptyLine = false;
        const one = `${earlier}${comment}`;
        this.#lines.push(`${INDENT.repeat(this.#depth)}${text} {${one === '' ? '' : ` ${one}`}`);
        this.#open = undefined;
        this.#depth++;
        this.#opened = true;
        return;
      }
    }
    const opens = part === '{' || part.endsWith(' {');
    this.#emit(part + behind);
    if (opens) {
      this.#depth++;
      this.#opened = true;
    } else if (!part.endsWith('\\')) {
      // A backslash at the end would escape what is added.
      this.#open = { text: part, comment };
    }
  }

  #emitIndented(text: string, { leadingCloses, balance, endsOpen }: Braces): void {
    if (leadingCloses > 0) this.#emptyLine = false;
    const after = Math.max(0, this.#depth + balance);
    this.#depth = Math.max(0, this.#depth - leadingCloses);
    this.#emit(text);
    this.#depth = after;
    this.#opened = endsOpen;
  }

  #emitAsIs(line: string, braces: Braces): void {
    const depth = this.#depth;
    this.#depth = 0;
    this.#emitIndented(line, braces);
    this.#depth = depth;
  }

  #emit(text: string): void {
    if (this.#emptyLine && !this.#opened) this.#lines.push('');
    this.#emptyLine = false;
    this.#opened = false;
    this.#open = undefined;
    this.#lines.push(INDENT.repeat(Math.min(this.#depth, 64)) + text);
  }
}

const NO_BRACES: Braces = { leadingCloses: 0, balance: 0, endsOpen: false };

const INCLUDE = /^include[a-z_]*(?:[\t-\r ]|$)/;
const DEFINITION = /^\$[A-Za-z_][A-Za-z0-9_]*=/;
const SPECIAL = /^(?:[@~$]|include[a-z_]*(?:[\t-\r ]|$))/;

/** The pieces of a line, or undefined when it cannot be told where they end. */
function scan(text: string): Scanned | undefined {
  const pieces: Piece[] = [];
  let keyword: string | undefined;
  let offset = 0;
  let codeEnd = 0;
  while (offset < text.length) {
    const character = text.charAt(offset);
    if (character === '\0') return undefined;
    if (isBlank(text.charCodeAt(offset))) {
      offset++;
    } else if (character === '#' || character === '!') {
      return { pieces, codeEnd, commentAt: offset };
    } else if (character === '{' || character === '}') {
      pieces.push({ kind: character === '{' ? 'open' : 'close' });
      keyword = undefined;
      offset++;
      codeEnd = offset;
    } else {
      const end = endOfWord(text, offset, keyword !== undefined && hasEscapedWords(keyword));
      if (end === undefined) return undefined;
      const raw = text.slice(offset, end);
      keyword ??= raw;
      pieces.push({ kind: 'word', raw });
      offset = end;
      codeEnd = end;
    }
  }
  return { pieces, codeEnd, commentAt: text.length };
}

/** See `lexer.ts` for the rules. */
function endOfWord(text: string, start: number, escaped: boolean): number | undefined {
  let offset = start;
  while (offset < text.length) {
    const character = text.charAt(offset);
    if (character === '\0') return undefined;
    if (escaped && character === '\\') {
      offset += readEscape(text, offset).length;
    } else if (character === '"' || (escaped && character === "'")) {
      const end = escaped ? endOfEscapedQuotes(text, offset) : endOfQuotes(text, offset);
      if (end === undefined) return undefined;
      offset = end;
    } else if (isBlank(text.charCodeAt(offset)) || '{}#!'.includes(character)) {
      break;
    } else {
      offset++;
    }
  }
  return Math.min(offset, text.length);
}

function endOfQuotes(text: string, start: number): number | undefined {
  let backslashes = 0;
  for (let offset = start + 1; offset < text.length; offset++) {
    const character = text.charAt(offset);
    if (character === '\0') return undefined;
    if (character === '"' && backslashes % 2 === 0) return offset + 1;
    backslashes = character === '\\' ? backslashes + 1 : 0;
  }
  return undefined;
}

function endOfEscapedQuotes(text: string, start: number): number | undefined {
  const quote = text.charAt(start);
  let offset = start + 1;
  while (offset < text.length) {
    const character = text.charAt(offset);
    if (character === '\0') return undefined;
    if (character === quote) return offset + 1;
    offset += character === '\\' ? readEscape(text, offset).length : 1;
  }
  return undefined;
}

/** One part a line: a statement, with its `{` if it has one, or a brace. */
function split(pieces: readonly Piece[]): readonly string[] {
  const parts: string[] = [];
  let words: string[] = [];
  const flush = (): void => {
    if (words.length > 0) parts.push(words.join(' '));
    words = [];
  };
  for (const piece of pieces) {
    if (piece.kind === 'word') {
      words.push(piece.raw);
    } else if (piece.kind === 'open') {
      words.push('{');
      flush();
    } else {
      flush();
      parts.push('}');
    }
  }
  flush();
  return parts;
}

/** Braces of a line that keeps its text; those of parameters and lists do not count. For the indentation only. */
function bracesOf(code: string): Braces {
  const plain = code
    .replace(/^(?:@[^\t-\r ]*[\t-\r ]*)+/, '')
    .replace(/~(?:SEQx?|LST)[\t-\r ]*\([^)]*\)/g, '')
    .replace(/\$\{[^{}]*\}/g, '')
    .replace(/"(?:[^"\\]|\\.)*"/g, '')
    .replace(/[^{}]+/g, (other) => (trimBlanks(other) === '' ? '' : ' '));
  const leadingCloses = /^\}*/.exec(plain)?.[0].length ?? 0;
  let balance = 0;
  for (const character of plain) balance += character === '{' ? 1 : character === '}' ? -1 : 0;
  return { leadingCloses, balance, endsOpen: plain.endsWith('{') };
}

/** Formats bytes; a byte order mark stays. Bytes that are no UTF-8 stay what they are. */
export function formatBytes(bytes: Uint8Array): Uint8Array {
  const text = latin1(bytes);
  const marked = text.startsWith(BYTE_ORDER_MARK);
  const formatted = formatText(marked ? text.slice(BYTE_ORDER_MARK.length) : text);
  // The first mark is dropped on reading: a word that begins with one and comes first now needs another before it.
  const mark = marked || formatted.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : '';
  return Uint8Array.from(mark + formatted, (character) => character.charCodeAt(0));
}

/** U+FEFF in UTF-8, read as Latin-1. */
const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf';

/** Each byte one character. `TextDecoder('latin1')` is windows-1252 and is not. */
function latin1(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let start = 0; start < bytes.length; start += 8192) {
    parts.push(String.fromCharCode(...bytes.subarray(start, start + 8192)));
  }
  return parts.join('');
}
