/** The history on disk: one JSON line an entry, in two files, so that it stays bounded and survives everything. */
import { readFileSync } from 'node:fs';
import { appendFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HistoryEntry } from '../shared/rpc/generated/keepwatch/v1/control.js';

/** A file that has grown to this becomes the older one of the two. */
export const HISTORY_FILE_LIMIT_BYTES = 1024 * 1024;

export class HistoryFile {
  readonly #file: string;
  readonly #older: string;
  /** The file may end in the middle of a line: a crash or a full disk cut it short. */
  #torn = true;

  constructor(stateDir: string) {
    this.#file = join(stateDir, 'history.jsonl');
    this.#older = join(stateDir, 'history.1.jsonl');
  }

  /** What is kept, oldest first; lines that were cut short are left out. Throws what the file system says. */
  read(): HistoryEntry[] {
    return [this.#older, this.#file].flatMap((file) => linesOf(file).flatMap(parsed));
  }

  /** Adds entries, mode 0600. Rejects with what the file system says; then some of them may be there. */
  async append(entries: readonly HistoryEntry[]): Promise<void> {
    if ((await sizeOf(this.#file)) >= HISTORY_FILE_LIMIT_BYTES) await rename(this.#file, this.#older);
    const text = entries.map((entry) => `${JSON.stringify(HistoryEntry.toJSON(entry))}\n`).join('');
    const prefix = this.#torn ? '\n' : '';
    this.#torn = true;
    await appendFile(this.#file, prefix + text, { mode: 0o600 });
    this.#torn = false;
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

function parsed(line: string): HistoryEntry[] {
  if (line === '') return [];
  try {
    return [HistoryEntry.fromJSON(JSON.parse(line))];
  } catch {
    return [];
  }
}
