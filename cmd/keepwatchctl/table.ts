/** Columns for a terminal. Pure. */

/** The visible width of a text, without colour codes; every character counts one column. */
export function visibleWidth(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ESC begins a colour code
  return [...text.replace(/\u001b\[[0-9;]*m/g, '')].length;
}

/** Lines of a table: a header, rows, columns as wide as their widest cell, two blanks between. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => visibleWidth(line[column] ?? ''))));
  return lines.map((line) =>
    line
      .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - visibleWidth(cell))))
      .join('  ')
      .trimEnd(),
  );
}
