import { closeSync, fdatasync, fsyncSync, ftruncateSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const datasync = promisify(fdatasync);

/** The file below a journal. An interface, so that tests can fill the disk. Everything but `sync` is synchronous. */
export interface JournalStore {
  /** The whole text; undefined when there is no file. Throws when it cannot be read. */
  read(): string | undefined;
  /** Appends; all or nothing unless it throws, after which `truncate` repairs. */
  append(text: string): void;
  /** Cuts the file to so many bytes. */
  truncate(bytes: number): void;
  /** Resolves when everything appended so far survives a loss of power. */
  sync(): Promise<void>;
  /** Puts another text in the place of the file: durable, and at every moment either the old or the new one. */
  replace(text: string): void;
  /** Moves the file out of the way, for a human to look at; returns its new name. */
  setAside(suffix: string): string;
  close(): void;
}

/** A journal in a file of mode 0600. */
export class FileJournalStore implements JournalStore {
  readonly path: string;
  #fd: number | undefined;

  constructor(path: string) {
    this.path = path;
  }

  read(): string | undefined {
    try {
      return readFileSync(this.path, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  append(text: string): void {
    writeAll(this.#open(), text);
  }

  truncate(bytes: number): void {
    ftruncateSync(this.#open(), bytes);
  }

  async sync(): Promise<void> {
    await datasync(this.#open());
  }

  replace(text: string): void {
    const temporary = `${this.path}.new`;
    const fd = openSync(temporary, 'w', 0o600);
    try {
      writeAll(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, this.path);
    this.close();
    // A rename survives a loss of power only when its directory is on the disk (fsync(2)).
    const directory = openSync(dirname(this.path), 'r');
    try {
      fsyncSync(directory);
    } finally {
      closeSync(directory);
    }
  }

  setAside(suffix: string): string {
    const aside = `${this.path}.${suffix}`;
    this.close();
    renameSync(this.path, aside);
    return aside;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #open(): number {
    this.#fd ??= openSync(this.path, 'a', 0o600);
    return this.#fd;
  }
}

/** write(2) may take less than it was given, on a disk that is about to be full. */
function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
}
