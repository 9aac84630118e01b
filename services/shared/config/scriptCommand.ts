import type { SourcePosition } from './position.js';

/** A script as configured, words already split. */
export interface ScriptCommand {
  readonly argv: readonly string[];
  /** User and group from the configuration; absent = the default script user, the user's group. */
  readonly user?: string;
  readonly group?: string;
  readonly position: SourcePosition;
}
