/** Writes a tree in canonical form: one statement a line, four blanks per level, quotes only where they stood or are needed. */
import type { ConfigTree, Statement, Word } from './tree.js';
import { hasEscapedWords } from './wordRules.js';

/** The text that loads as this tree again (places aside). Comments and includes are not part of a tree. */
export function printTree(tree: ConfigTree): string {
  const lines: string[] = [];
  printStatements(tree.statements, '', lines);
  if (lines.length === 0) return '';
  const text = `${lines.join('\n')}\n`;
  // The first byte order mark of a file is dropped on reading; a word may begin with one all the same.
  return text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK + text : text;
}

const BYTE_ORDER_MARK = '\ufeff';

function printStatements(statements: readonly Statement[], indent: string, lines: string[]): void {
  for (const statement of statements) {
    const text = indent + statement.words.map((word, index) => printWord(word, index, statement)).join(' ');
    if (!statement.block) {
      lines.push(text);
    } else if (statement.children.length === 0) {
      lines.push(`${text} {`, `${indent}}`);
    } else {
      lines.push(`${text} {`);
      printStatements(statement.children, `${indent}    `, lines);
      lines.push(`${indent}}`);
    }
  }
}

function printWord(word: Word, index: number, statement: Statement): string {
  const [keyword] = statement.words;
  const escaped = index > 0 && keyword !== undefined && !keyword.quoted && hasEscapedWords(keyword.text);
  if (escaped) return word.quoted ? `"${escapeText(word.text, QUOTED_SPECIAL)}"` : escapeBare(word.text);
  if (!word.quoted && !PLAIN_SPECIAL.test(word.text.replaceAll(UNRESOLVED, '$'))) return word.text;
  return printQuoted(word.text);
}

/**
 * A plain word in quotes. Inside them a backslash escapes a quote and nothing else, so backslashes before a quote or at
 * the end stand outside, where they are ordinary.
 */
function printQuoted(text: string): string {
  if (!/\\(?:"|$)/.test(text)) return inQuotes(text);
  const pieces = text.split(/(\\+)/).map((piece) => (piece.startsWith('\\') || piece === '' ? piece : inQuotes(piece)));
  const printed = pieces.join('');
  return printed.includes('"') ? printed : `${printed}""`;
}

const inQuotes = (text: string): string => `"${text.replaceAll('"', '\\"')}"`;

/** A parameter without value keeps its braces, and they are part of the word. */
const UNRESOLVED = /\$\{[A-Za-z0-9_][^{}"]*\}/g;
/** What ends a plain word or begins a quoted one. */
const PLAIN_SPECIAL = /[\t-\r {}"#!]|^$/;
const QUOTED_SPECIAL = /[\\"]/;
const BARE_SPECIAL = /[\t-\r {}"'\\#!]/;

/** A word that is nothing stands as an escaped NUL, which is nothing too. */
const escapeBare = (text: string): string => (text === '' ? '\\000' : escapeText(text, BARE_SPECIAL));

function escapeText(text: string, special: RegExp): string {
  let result = '';
  for (const character of text) {
    const code = character.charCodeAt(0);
    if (code < 0x20) result += `\\${code.toString(8).padStart(3, '0')}`;
    else result += special.test(character) ? `\\${character}` : character;
  }
  return result;
}
