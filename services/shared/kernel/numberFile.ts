/** Files of `track_file`: read without ever waiting, and written once where `init_file` says so. */
import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';

/** More than any number has; the rest of a longer file does not matter. */
const READ_BYTES = 128;

/** What a file holds, or in words why that cannot be said. */
export type NumberFileContent =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: string };

/** Reads the beginning of a file. */
export function readNumberFile(path: string): NumberFileContent {
  try {
    // Never waits: a FIFO in the place of the file would.
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!fstatSync(fd).isFile()) return { ok: false, problem: 'is not a regular file' };
      const buffer = Buffer.alloc(READ_BYTES);
      return { ok: true, text: buffer.toString('latin1', 0, readSync(fd, buffer, 0, READ_BYTES, 0)) };
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const code = codeOf(error);
    return { ok: false, problem: code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? textOf(error)})` };
  }
}

/** `init_file`: the value, written where there is no file yet, or in any case with `overwrite`. */
export interface NumberFileInit {
  readonly value: number;
  readonly overwrite: boolean;
}

/** Writes the value of `init_file`; returns in words what is wrong. */
export function initialiseNumberFile(path: string, { value, overwrite }: NumberFileInit): string | undefined {
  const { O_WRONLY, O_CREAT, O_EXCL, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    // An existing link is followed only when its file is to be overwritten, as a shell would.
    const flags = O_WRONLY | O_CREAT | O_NONBLOCK | (overwrite ? O_TRUNC : O_EXCL | O_NOFOLLOW);
    const fd = openSync(path, flags, 0o644);
    try {
      writeSync(fd, `${value}\n`);
    } finally {
      closeSync(fd);
    }
    return undefined;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return undefined;
    return `cannot write ${path}: ${textOf(error)}; create it yourself`;
  }
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error ? String(error.code) : undefined;
const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
