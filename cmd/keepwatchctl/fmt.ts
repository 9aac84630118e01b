/** `keepwatchctl fmt`: canonical formatting of a configuration file. */
import { chmodSync, chownSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { formatBytes } from '../../services/shared/config/formatText.js';
import { type LoadedConfig, loadConfig } from '../../services/shared/config/load.js';
import { nodeFileAccess } from '../../services/shared/config/nodeFileAccess.js';
import { printTree } from '../../services/shared/config/printTree.js';
import { EXIT_CONFIG_ERRORS, EXIT_UNREADABLE } from '../keepwatchd/exitCode.js';
import { findingsWithSource } from '../keepwatchd/findings.js';
import { EXIT_DEGRADED, EXIT_FAILED, EXIT_GOOD } from './exitCode.js';
import { Failure } from './target.js';

/** `print`: to stdout; `write`: in place; `check`: tell whether it is not formatted. */
export type FormatMode = 'print' | 'write' | 'check';

/** Formats a file. Nothing is written that would mean something else. */
export function format(file: string, mode: FormatMode): number {
  const content = nodeFileAccess.read(file);
  if (!content.ok) throw new Failure(EXIT_UNREADABLE, `cannot read '${file}': ${content.reason}`);
  const { bytes } = content;
  const before = load(file, bytes);
  if (before.tree === undefined) {
    process.stderr.write(findingsWithSource(before.diagnostics.filter(({ severity }) => severity === 'error')));
    throw new Failure(EXIT_CONFIG_ERRORS, `${file} is left as it is: its blocks cannot be told apart`);
  }
  const formatted = formatBytes(bytes);
  const after = load(file, formatted);
  if (after.tree === undefined || printTree(after.tree) !== printTree(before.tree)) {
    throw new Failure(
      EXIT_FAILED,
      `${file} is left as it is: formatting would change what it means; please report this`,
    );
  }
  const same = Buffer.compare(bytes, formatted) === 0;
  if (mode === 'print') process.stdout.write(formatted);
  else if (mode === 'check' && !same) process.stdout.write(`${file}\n`);
  else if (mode === 'write' && !same) replace(file, formatted);
  return mode === 'check' && !same ? EXIT_DEGRADED : EXIT_GOOD;
}

function load(file: string, bytes: Uint8Array): LoadedConfig {
  const access = {
    ...nodeFileAccess,
    read: (path: string) => (path === file ? ({ ok: true, bytes } as const) : nodeFileAccess.read(path)),
  };
  return loadConfig({ file, access, configId: '', environment: (name) => process.env[name] });
}

/** Whole or not at all, with the owner and mode it had; a link still leads to it. */
function replace(file: string, bytes: Uint8Array): void {
  const target = realpathSync(file);
  const { mode, uid, gid } = statSync(target);
  const temporary = `${target}.keepwatch-new`;
  try {
    writeFileSync(temporary, bytes, { mode: 0o600, flag: 'wx' });
    chownSync(temporary, uid, gid);
    chmodSync(temporary, mode & 0o7777);
    renameSync(temporary, target);
  } catch (error) {
    const known = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    if (!known) rmSync(temporary, { force: true });
    throw new Failure(EXIT_FAILED, `cannot write '${file}': ${error instanceof Error ? error.message : String(error)}`);
  }
}
