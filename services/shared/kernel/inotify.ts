/**
 * Watches single files by inotify(7), wherever they are and whether or not they exist yet. Only finished writes count:
 * a file that is truncated and written anew (`echo 5 > file`) is never seen empty in between.
 */
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { check, ERRNO, kernelError, lastErrno, libc } from './libc.js';
import { Poller } from './poller.js';

// sys/inotify.h, the same on all architectures
const IN_CLOSE_WRITE = 0x008;
const IN_MOVED_FROM = 0x040;
const IN_MOVED_TO = 0x080;
const IN_CREATE = 0x100;
const IN_DELETE = 0x200;
const IN_DELETE_SELF = 0x400;
const IN_MOVE_SELF = 0x800;
const IN_Q_OVERFLOW = 0x4000;
const IN_IGNORED = 0x8000;
const IN_ONLYDIR = 0x0100_0000;
const IN_NONBLOCK = 0o4000;
const IN_CLOEXEC = 0o2000000;

const WATCHED =
  IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
const EVENT_HEADER = 16;
const BUFFER_BYTES = 16 * 1024;

/** One `struct inotify_event`. */
export interface InotifyEvent {
  readonly watch: number;
  readonly mask: number;
  /** Name inside the watched directory; empty for the directory itself. */
  readonly name: string;
}

/** Reads the events of one read(2). Pure. */
export function decodeInotifyEvents(bytes: Buffer): InotifyEvent[] {
  const events: InotifyEvent[] = [];
  let offset = 0;
  while (offset + EVENT_HEADER <= bytes.length) {
    const length = bytes.readUInt32LE(offset + 12);
    const name = bytes.subarray(offset + EVENT_HEADER, offset + EVENT_HEADER + length);
    const end = name.indexOf(0);
    events.push({
      watch: bytes.readInt32LE(offset),
      mask: bytes.readUInt32LE(offset + 4),
      name: name.toString('utf8', 0, end < 0 ? name.length : end),
    });
    offset += EVENT_HEADER + length;
  }
  return events;
}

/** Watches files; one per process is enough. */
export interface FileWatcher {
  /** Calls `onChange` when the file was written, moved here or away, deleted, or may have been. Replaces an earlier watch. */
  watch(path: string, onChange: () => void): void;
  unwatch(path: string): void;
  close(): void;
}

interface WatchedFile {
  readonly onChange: () => void;
  /** The directories it depends on, with the name that matters in each. */
  places: readonly { readonly directory: string; readonly name: string }[];
}

/** The kernel's inotify. */
export class InotifyFileWatcher implements FileWatcher {
  readonly #fd: number;
  readonly #poller: Poller;
  readonly #buffer = Buffer.alloc(BUFFER_BYTES);
  readonly #files = new Map<string, WatchedFile>();
  readonly #directories = new Map<string, number>();
  readonly #onError: (error: Error) => void;
  #closed = false;

  /** Throws KernelError (EMFILE: fs.inotify.max_user_instances). `onError` gets what goes wrong later. */
  constructor(onError: (error: Error) => void) {
    this.#onError = onError;
    this.#fd = check('inotify_init1', libc.inotify_init1(IN_NONBLOCK | IN_CLOEXEC), '');
    this.#poller = new Poller(this.#fd, 'inotify', { onReadable: () => this.#read(), onError });
  }

  watch(path: string, onChange: () => void): void {
    this.#files.set(path, { onChange, places: [] });
    this.#place();
  }

  unwatch(path: string): void {
    this.#files.delete(path);
    this.#place();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#poller.close();
  }

  /** Watches the directories that the files depend on now, and no others. */
  #place(): void {
    for (const [path, file] of this.#files) file.places = placesOf(path);
    const wanted = new Set([...this.#files.values()].flatMap(({ places }) => places.map(({ directory }) => directory)));
    for (const [directory, watch] of this.#directories) {
      if (wanted.has(directory)) continue;
      this.#directories.delete(directory);
      libc.inotify_rm_watch(this.#fd, watch);
    }
    for (const directory of wanted) {
      if (this.#directories.has(directory)) continue;
      const watch = libc.inotify_add_watch(this.#fd, directory, WATCHED);
      if (watch < 0) this.#onError(kernelError('inotify_add_watch', lastErrno(), directory));
      else this.#directories.set(directory, watch);
    }
  }

  #read(): void {
    for (;;) {
      const length = libc.read(this.#fd, this.#buffer, this.#buffer.length);
      if (length < 0) {
        const errno = lastErrno();
        if (errno === ERRNO.EAGAIN || errno === ERRNO.EINTR) return;
        throw kernelError('read', errno, 'inotify');
      }
      this.#take(decodeInotifyEvents(this.#buffer.subarray(0, length)));
      if (this.#closed) return;
    }
  }

  #take(events: readonly InotifyEvent[]): void {
    const changed = new Set<WatchedFile>();
    let moved = false;
    for (const { watch, mask, name } of events) {
      if ((mask & IN_Q_OVERFLOW) !== 0) {
        for (const file of this.#files.values()) changed.add(file);
        moved = true;
        continue;
      }
      const directory = [...this.#directories].find(([, one]) => one === watch)?.[0];
      if (directory === undefined) continue;
      if ((mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF)) !== 0) {
        this.#directories.delete(directory);
        if ((mask & IN_MOVE_SELF) !== 0) libc.inotify_rm_watch(this.#fd, watch);
      }
      for (const file of this.#files.values()) {
        const here = file.places.filter((place) => place.directory === directory);
        if (here.length === 0 || (name !== '' && !here.some((place) => place.name === name))) continue;
        if ((mask & IN_CLOSE_WRITE) === 0) moved = true;
        // A file that was just created is empty until its writer closes it.
        if ((mask & IN_CREATE) === 0) changed.add(file);
      }
    }
    const before = new Map([...this.#files.values()].map((file) => [file, file.places] as const));
    if (moved) this.#place();
    // A directory or a link that came up may already hold the finished file.
    for (const [file, places] of before) {
      if (JSON.stringify(places) !== JSON.stringify(file.places)) changed.add(file);
    }
    for (const file of changed) file.onChange();
  }
}

/** Where a change of the file would show: in its directory, in that of its target, or where the first missing part would be. */
function placesOf(path: string): { readonly directory: string; readonly name: string }[] {
  let directory = dirname(path);
  let name = basename(path);
  while (!existsSync(directory) && directory !== '/') {
    name = basename(directory);
    directory = dirname(directory);
  }
  const places = [{ directory, name }];
  try {
    const target = realpathSync(path);
    if (dirname(target) !== realpathSync(directory))
      places.push({ directory: dirname(target), name: basename(target) });
  } catch {
    // No such file yet.
  }
  return places;
}
