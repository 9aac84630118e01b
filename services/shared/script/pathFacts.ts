import type { Stats } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { posix } from 'node:path';
import type { PathFact } from './security.js';

/** As the kernel: path_resolution(7) gives up after 40 links. */
const MAX_LINKS = 40;

const kindOf = (stats: Stats): PathFact['kind'] =>
  stats.isDirectory() ? 'directory' : stats.isFile() ? 'file' : stats.isSymbolicLink() ? 'symlink' : 'other';

/** The way to a file: every component that was passed, links included, and where it ends. */
export interface ResolvedPath {
  readonly facts: readonly PathFact[];
  /** The file itself: the last fact. */
  readonly target: PathFact;
}

/**
 * Walks an absolute path component by component as the kernel does, following links by hand, so that nothing on the way
 * escapes the security check. Throws what lstat and readlink throw (ENOENT, EACCES, …) and ELOOP.
 */
export async function walkPath(path: string): Promise<ResolvedPath> {
  const facts: PathFact[] = [];
  const rest = posix
    .normalize(path)
    .split('/')
    .filter((part) => part !== '');
  let here = '/';
  let links = 0;
  let target = factOf('/', await lstat('/'));
  facts.push(target);
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    if (part === '..') {
      here = posix.dirname(here);
      continue;
    }
    const next = posix.join(here, part);
    const fact = factOf(next, await lstat(next));
    facts.push(fact);
    if (fact.kind !== 'symlink') {
      here = next;
      target = fact;
      continue;
    }
    links++;
    if (links > MAX_LINKS)
      throw Object.assign(new Error(`ELOOP: too many symbolic links, '${path}'`), { code: 'ELOOP' });
    const destination = await readlink(next);
    rest.unshift(...destination.split('/').filter((word) => word !== '' && word !== '.'));
    if (destination.startsWith('/')) here = '/';
  }
  return { facts, target };
}

function factOf(path: string, stats: Stats): PathFact {
  const name = stats.uid === 0 ? { owner: 'root' } : {};
  const group = stats.gid === 0 ? { group: 'root' } : {};
  return { path, kind: kindOf(stats), uid: stats.uid, gid: stats.gid, mode: stats.mode & 0o7777, ...name, ...group };
}
