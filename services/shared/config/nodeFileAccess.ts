import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import type { FileAccess, FileContent } from './fileAccess.js';

/** A configuration larger than this is refused rather than read into memory: 64 MiB, about a million real servers. */
const MAXIMUM_BYTES = 64 * 1024 * 1024;

const reasonOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  if (code === 'EISDIR') return 'is a directory';
  return error instanceof Error ? error.message : String(error);
};

/** Reads the real file system. */
export const nodeFileAccess: FileAccess = {
  read(path: string): FileContent {
    let descriptor: number | undefined;
    try {
      // O_NONBLOCK: a FIFO without a writer must not stop the caller. Node opens close-on-exec by itself.
      descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const status = fstatSync(descriptor);
      if (status.isDirectory()) return { ok: false, reason: 'is a directory' };
      if (!status.isFile()) return { ok: false, reason: 'is not a regular file' };
      if (status.size > MAXIMUM_BYTES) return { ok: false, reason: `is larger than ${MAXIMUM_BYTES} bytes` };
      return { ok: true, bytes: readFileSync(descriptor) };
    } catch (error) {
      return { ok: false, reason: reasonOf(error) };
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  },

  list(directory: string): readonly string[] | undefined {
    try {
      return readdirSync(directory);
    } catch {
      // A pattern over a directory that cannot be listed matches nothing; the loader reports that.
      return undefined;
    }
  },
};
