/** How the command of a service or module ends before it has begun. */

/** Wrong flags, or the process cannot start. */
export const EXIT_CANNOT_START = 2;

/** Prints what was asked for and ends. */
export function leave(text: string): never {
  process.stdout.write(text);
  process.exit(0);
}

/** Says why `keepwatch-<name>` cannot begin, and ends. */
export function fail(name: string, message: string): never {
  process.stderr.write(`keepwatch-${name}: ${message}\n`);
  process.exit(EXIT_CANNOT_START);
}
