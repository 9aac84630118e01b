import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { BootText } from './linkPorts.js';
import { readBootId } from './resumeFile.js';

/** A text in a file of mode 0600, behind a line with the boot it belongs to: after a reboot it counts as absent. */
export class BootFile implements BootText {
  readonly #path: string;
  readonly #bootId: string;

  constructor(path: string, bootId: string = readBootId()) {
    this.#path = path;
    this.#bootId = bootId;
  }

  load(): string | undefined {
    try {
      const content = readFileSync(this.#path, 'utf8');
      const end = content.indexOf('\n');
      return content.slice(0, end) === this.#bootId ? content.slice(end + 1) : undefined;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  save(text: string): void {
    const draft = `${this.#path}.new`;
    writeFileSync(draft, `${this.#bootId}\n${text}`, { mode: 0o600 });
    renameSync(draft, this.#path);
  }
}
