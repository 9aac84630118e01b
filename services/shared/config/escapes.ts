const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  E: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** What an escape stands for and how many characters it took, the backslash included. */
export interface Escape {
  readonly text: string;
  readonly length: number;
}

const isHex = (code: number): boolean =>
  (code >= 48 && code <= 57) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102);

/**
 * Reads the escape at `offset`, where a backslash stands (keepalived.conf(5), "Quoted strings"):
 * `\a \b \E \f \n \r \t \v`, up to three octal digits, `\x` and hexadecimal digits, `\cC` for a control
 * character; any other character stands for itself. Numbers are taken modulo 256. A NUL cannot be part of a word,
 * so an escape for it stands for nothing; neither does a backslash at the end.
 */
export function readEscape(text: string, offset: number): Escape {
  const next = text[offset + 1];
  if (next === undefined) return { text: '', length: 1 };
  const simple = SIMPLE[next];
  if (simple !== undefined) return { text: simple, length: 2 };
  if (next >= '0' && next <= '7') {
    let end = offset + 1;
    let value = 0;
    while (end < offset + 4) {
      const digit = text.charCodeAt(end) - 48;
      if (!(digit >= 0 && digit <= 7)) break;
      value = value * 8 + digit;
      end++;
    }
    return { text: byteText(value), length: end - offset };
  }
  if (next === 'x' && isHex(text.charCodeAt(offset + 2))) {
    let end = offset + 2;
    let value = 0;
    while (end < text.length && isHex(text.charCodeAt(end))) {
      value = ((value << 4) | Number.parseInt(text.charAt(end), 16)) & 0xff;
      end++;
    }
    return { text: byteText(value), length: end - offset };
  }
  if (next === 'c' && offset + 2 < text.length) {
    return { text: byteText(text.charCodeAt(offset + 2) & 0x1f), length: 3 };
  }
  // A character outside the BMP is two code units; both belong to it.
  const code = text.codePointAt(offset + 1) ?? 0;
  const character = String.fromCodePoint(code);
  return { text: character, length: 1 + character.length };
}

function byteText(value: number): string {
  const byte = value & 0xff;
  return byte === 0 ? '' : String.fromCharCode(byte);
}
