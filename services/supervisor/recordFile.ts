/** Records on disk: one JSON line each, in two files, so that they stay bounded and survive everything. */
import { readFileSync } from 'node:fs';
import { appendFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A file that has grown to this becomes the older one of the two. */
export const RECORD_FILE_LIMIT_BYTES = 1024 * 1024;

/** How a record is written as JSON and read back. */
export interface RecordForm<T> {
  toJSON(record: T): unknown;
  fromJSON(json: unknown): T;
}

/** `<name>.jsonl` and `<name>.1.jsonl` in a directory. */
export class RecordFile<T> {
  readonly #file: string;
  readonly #older: string;
  readonly #form: RecordForm<T>;
  /** The file may end in the middle of a line: a crash or a full disk cut it short. */
  #torn = true;

  constructor(stateDir: string, name: string, form: RecordForm<T>) {
    this.#file = join(stateDir, `${name}.jsonl`);
    this.#older = join(stateDir, `${name}.1.jsonl`);
    this.#form = form;
  }

  /** What is kept, oldest first; lines that were cut short are left out. Throws what the file system says. */
  read(): T[] {
    return [this.#older, this.#file].flatMap((file) => linesOf(file).flatMap((line) => this.#parsed(line)));
  }

  /** Adds records, mode 0600. Rejects with what the file system says; then some of them may be there. */
  async append(records: readonly T[]): Promise<void> {
    if ((await sizeOf(this.#file)) >= RECORD_FILE_LIMIT_BYTES) await rename(this.#file, this.#older);
    const text = records.map((record) => `${JSON.stringify(this.#form.toJSON(record))}\n`).join('');
    const prefix = this.#torn ? '\n' : '';
    this.#torn = true;
    await appendFile(this.#file, prefix + text, { mode: 0o600 });
    this.#torn = false;
  }

  #parsed(line: string): T[] {
    if (line === '') return [];
    try {
      return [this.#form.fromJSON(JSON.parse(line))];
    } catch {
      return [];
    }
  }
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';
