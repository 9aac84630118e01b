/** One line of the result: a quantity, what each program gave, and what ours is held to. */
export interface Row {
  readonly part: string;
  readonly quantity: string;
  /** Program → its value in words; a program that was not measured is missing. */
  readonly values: Readonly<Record<string, string>>;
  readonly aim?: string;
  /** Ours is within the aim; undefined when there is none or it could not be judged. */
  readonly met?: boolean | undefined;
}

/** Sets the rows as a plain table. */
export function renderTable(rows: readonly Row[], programs: readonly { key: string; title: string }[]): string {
  const head = ['', ...programs.map(({ title }) => title), 'aim', ''];
  const body = rows.map(({ quantity, values, aim, met }) => [
    quantity,
    ...programs.map(({ key }) => values[key] ?? '–'),
    aim ?? '',
    met === undefined ? '' : met ? '✓' : '✗',
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((line) => (line[column] ?? '').length)));
  const format = (line: readonly string[]) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  const rule = '─'.repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  const lines: string[] = [format(head), rule];
  rows.forEach((row, index) => {
    if (index > 0 && rows[index - 1]?.part !== row.part) lines.push('');
    lines.push(format(body[index] ?? []));
  });
  return lines.join('\n');
}
