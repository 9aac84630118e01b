/** Blanks of the language: space and the ASCII controls from tab to carriage return. Others are letters like any. */
export const isBlank = (code: number): boolean => code === 32 || (code >= 9 && code <= 13);

/** Offset of the first character that is no blank. */
export function skipBlanks(text: string, from = 0): number {
  let offset = from;
  while (offset < text.length && isBlank(text.charCodeAt(offset))) offset++;
  return offset;
}

/** Length without blanks at the end. */
export function trimmedLength(text: string, end = text.length): number {
  let length = end;
  while (length > 0 && isBlank(text.charCodeAt(length - 1))) length--;
  return length;
}

/** Without blanks at both ends. */
export const trimBlanks = (text: string): string => {
  const end = trimmedLength(text);
  return text.slice(Math.min(skipBlanks(text), end), end);
};
