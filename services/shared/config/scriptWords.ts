import { isBlank } from './blank.js';
import { readEscape } from './escapes.js';
import type { Reporter } from './reporter.js';
import type { ScriptCommand } from './scriptCommand.js';
import type { Word } from './tree.js';

/**
 * Splits the command line of a script, the word that stands after the keyword, into arguments as
 * keepalived.conf(5) says: blanks separate, both kinds of quotes hold together, escapes are resolved.
 * An apostrophe or quote without its partner is an ordinary character.
 */
export function splitCommandLine(line: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let offset = 0;
  while (offset < line.length) {
    const character = line.charAt(offset);
    if (isBlank(line.charCodeAt(offset))) {
      if (word !== undefined) words.push(word);
      word = undefined;
      offset++;
      continue;
    }
    word ??= '';
    if (character === '\\') {
      const found = readEscape(line, offset);
      word += found.text;
      offset += found.length;
      continue;
    }
    const end = character === '"' || character === "'" ? closingQuote(line, offset) : undefined;
    if (end === undefined) {
      word += character;
      offset++;
    } else {
      word += resolveEscapes(line.slice(offset + 1, end));
      offset = end + 1;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

function closingQuote(line: string, start: number): number | undefined {
  const quote = line.charAt(start);
  for (let offset = start + 1; offset < line.length; offset++) {
    if (line.charAt(offset) === '\\') offset++;
    else if (line.charAt(offset) === quote) return offset;
  }
  return undefined;
}

function resolveEscapes(text: string): string {
  if (!text.includes('\\')) return text;
  const pieces: string[] = [];
  let offset = 0;
  while (offset < text.length) {
    if (text.charAt(offset) === '\\') {
      const found = readEscape(text, offset);
      pieces.push(found.text);
      offset += found.length;
    } else {
      pieces.push(text.charAt(offset));
      offset++;
    }
  }
  return pieces.join('');
}

/**
 * The script of a statement `keyword "command line" [user [group]]`; its position is that of the command line.
 * An empty command line is an error and gives undefined.
 */
export function readScript(words: readonly Word[], report: Reporter): ScriptCommand | undefined {
  const [keyword, command, user, group] = words;
  if (keyword === undefined || command === undefined) return undefined;
  const argv = splitCommandLine(command.text);
  if ((argv[0] ?? '') === '') {
    report.error(command, 'bad-value', `'${keyword.text}' names no script`);
    return undefined;
  }
  return {
    argv,
    ...(user === undefined ? {} : { user: user.text }),
    ...(group === undefined ? {} : { group: group.text }),
    position: report.position(command),
  };
}
