import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import type { FileWatcher } from '../../shared/kernel/inotify.js';
import type { Clock } from '../../shared/time/clock.js';
import type { TrackFileConfig } from '../config/model.js';
import type { FileResult } from '../track/wire.js';
import { readFileNumber } from './fileNumber.js';

/** More than any number has; the rest of a longer file does not matter. */
const READ_BYTES = 128;

/** What a watch of files works with. */
export interface FileWatchParts {
  readonly clock: Clock;
  /** Opened when the first file is watched. Throws. */
  readonly openWatcher: () => FileWatcher;
  readonly tell: (result: FileResult) => void;
  readonly warn: (text: string) => void;
}

/** Watches the numbers in files. */
export class FileWatch {
  readonly #parts: FileWatchParts;
  #watcher: FileWatcher | undefined;
  #files: readonly TrackFileConfig[] = [];

  constructor(parts: FileWatchParts) {
    this.#parts = parts;
  }

  /** Watches these from now on. A file that is new is written first when it has `init_file`, and read. */
  configure(files: readonly TrackFileConfig[]): void {
    const before = new Map(this.#files.map((file) => [file.name, file]));
    this.#files = files;
    if (files.length > 0) this.#watcher ??= this.#parts.openWatcher();
    const paths = new Set(files.map(({ path }) => path));
    for (const { path } of before.values()) if (!paths.has(path)) this.#watcher?.unwatch(path);
    for (const file of files) {
      const old = before.get(file.name);
      if (old?.path === file.path) continue;
      if (file.init !== undefined) this.#initialise(file, file.init);
      this.#watcher?.watch(file.path, () => {
        for (const one of this.#files) if (one.path === file.path) this.#read(one);
      });
      this.#read(file);
    }
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #initialise(file: TrackFileConfig, init: NonNullable<TrackFileConfig['init']>): void {
    const { O_WRONLY, O_CREAT, O_EXCL, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = constants;
    try {
      // An existing link is followed only when its file is to be overwritten, as a shell would.
      const flags = O_WRONLY | O_CREAT | O_NONBLOCK | (init.overwrite ? O_TRUNC : O_EXCL | O_NOFOLLOW);
      const fd = openSync(file.path, flags, 0o644);
      try {
        writeSync(fd, `${init.value}\n`);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return;
      this.#parts.warn(`track_file ${file.name}: cannot write ${file.path}: ${textOf(error)}; create it yourself`);
    }
  }

  #read(file: TrackFileConfig): void {
    const at = this.#parts.clock.now();
    const result = contentOf(file.path);
    if (!result.ok) {
      this.#parts.tell({
        kind: 'file',
        name: file.name,
        at,
        value: 0,
        detail: `${file.path} ${result.problem}: counts as 0`,
      });
      return;
    }
    const value = readFileNumber(result.text);
    if (value === undefined) {
      const shown = JSON.stringify(result.text.trim().slice(0, 40));
      this.#parts.warn(`track_file ${file.name}: ${shown} in ${file.path} is out of range; the last number stays`);
      this.#parts.tell({ kind: 'file', name: file.name, at, detail: `${shown} is out of range` });
      return;
    }
    this.#parts.tell({ kind: 'file', name: file.name, at, value, detail: String(value) });
  }
}

type Content = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: string };

function contentOf(path: string): Content {
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

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error ? String(error.code) : undefined;
const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
