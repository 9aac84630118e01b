import { readFileNumber } from '../../shared/kernel/fileNumber.js';
import type { FileWatcher } from '../../shared/kernel/inotify.js';
import { initialiseNumberFile, readNumberFile } from '../../shared/kernel/numberFile.js';
import type { Clock } from '../../shared/time/clock.js';
import type { TrackFileConfig } from '../config/model.js';
import type { FileResult } from '../track/wire.js';

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

  #initialise({ name, path }: TrackFileConfig, init: NonNullable<TrackFileConfig['init']>): void {
    const problem = initialiseNumberFile(path, init);
    if (problem !== undefined) this.#parts.warn(`track_file ${name}: ${problem}`);
  }

  #read(file: TrackFileConfig): void {
    const at = this.#parts.clock.now();
    const result = readNumberFile(file.path);
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
