import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { posix } from 'node:path';
import type { PromptPaths } from './mounts.js';
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
 * escapes the security check. `prompt` says what may be looked at without a thread. Throws what lstat and readlink throw
 * (ENOENT, EACCES, …) and ELOOP.
 */
export async function walkPath(path: string, prompt: PromptPaths): Promise<ResolvedPath> {
  const facts: PathFact[] = [];
  let rest = posix
    .normalize(path)
    .split('/')
    .filter((part) => part !== '');
  let here = '/';
  let links = 0;
  let target = factOf('/', prompt('/') ? lstatSync('/') : await lstat('/'));
  facts.push(target);
  while (rest.length > 0) {
    const ahead = aheadOf(here, rest);
    let asked: ReadonlyMap<string, Promise<Stats>> | undefined;
    let link: string | undefined;
    for (const [place, next] of ahead.entries()) {
      let stats: Stats;
      if (prompt(next)) stats = lstatSync(next);
      else {
        asked ??= ask(ahead.slice(place));
        stats = (await asked.get(next)) as Stats;
      }
      const fact = factOf(next, stats);
      facts.push(fact);
      if (fact.kind === 'symlink') {
        rest = rest.slice(place + 1);
        link = next;
        break;
      }
      here = next;
      target = fact;
    }
    if (link === undefined) {
      rest = rest.slice(ahead.length);
      for (; rest[0] === '..'; rest = rest.slice(1)) here = posix.dirname(here);
      continue;
    }
    links++;
    if (links > MAX_LINKS)
      throw Object.assign(new Error(`ELOOP: too many symbolic links, '${path}'`), { code: 'ELOOP' });
    const destination = prompt(link) ? readlinkSync(link) : await readlink(link);
    rest = [...destination.split('/').filter((word) => word !== '' && word !== '.'), ...rest];
    if (destination.startsWith('/')) here = '/';
    for (; rest[0] === '..'; rest = rest.slice(1)) here = posix.dirname(here);
  }
  return { facts, target };
}

/** Looks at all at once, as if none was a link: a thread that answers one after the other takes longer than the answers. */
function ask(paths: readonly string[]): ReadonlyMap<string, Promise<Stats>> {
  const asked = new Map(paths.map((path) => [path, lstat(path)]));
  // Those past a link, or past what is missing, are not waited for.
  for (const answer of asked.values()) answer.catch(() => undefined);
  return asked;
}

/** The paths of what comes next, up to a step back: what that leads to depends on what is a link. */
function aheadOf(here: string, rest: readonly string[]): string[] {
  const back = rest.indexOf('..');
  const names = back === -1 ? rest : rest.slice(0, back);
  let path = here;
  return names.map((name) => {
    path = posix.join(path, name);
    return path;
  });
}

function factOf(path: string, stats: Stats): PathFact {
  const name = stats.uid === 0 ? { owner: 'root' } : {};
  const group = stats.gid === 0 ? { group: 'root' } : {};
  return { path, kind: kindOf(stats), uid: stats.uid, gid: stats.gid, mode: stats.mode & 0o7777, ...name, ...group };
}
