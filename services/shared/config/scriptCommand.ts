import type { Diagnostic } from './diagnostic.js';
import type { SourcePosition } from './position.js';

/** A script as configured, words already split. */
export interface ScriptCommand {
  readonly argv: readonly string[];
  /** User and group from the configuration; absent = the default script user, the user's group. */
  readonly user?: string;
  readonly group?: string;
  readonly position: SourcePosition;
}

/** The finding about a script whose program cannot be run, for `problem`. */
export const unusableScript = ({ position }: ScriptCommand, problem: string): Diagnostic => ({
  severity: 'warning',
  position,
  code: 'script-unusable',
  message: `${problem}; without it the script is not run`,
});
