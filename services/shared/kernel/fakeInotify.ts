import type { FileWatcher } from './inotify.js';

/** Files that change when a test says so. */
export class FakeFileWatcher implements FileWatcher {
  readonly watched = new Map<string, () => void>();

  watch(path: string, onChange: () => void): void {
    this.watched.set(path, onChange);
  }

  unwatch(path: string): void {
    this.watched.delete(path);
  }

  /** Tells of a change of a watched file. */
  change(path: string): void {
    this.watched.get(path)?.();
  }

  close(): void {
    this.watched.clear();
  }
}
