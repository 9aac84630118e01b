/** Wildcards and csh braces of `include`, as glob(3) with GLOB_BRACE understands them. */
import type { FileAccess } from './fileAccess.js';
import { MAXIMUM_GLOB_NAMES } from './limits.js';

/** What a pattern stands for. */
export interface GlobResult {
  /** Paths in the order of the braces, sorted within each. */
  readonly paths: readonly string[];
  /** Literal or wildcard patterns that no file matched. */
  readonly unmatched: readonly string[];
  readonly hasWildcard: boolean;
  readonly hasBraces: boolean;
  /** More names than {@link MAXIMUM_GLOB_NAMES}: the paths are not complete. */
  readonly tooMany: boolean;
}

/** Resolves a pattern; relative patterns are taken from `directory`. */
export function expandGlob(pattern: string, directory: string, access: FileAccess): GlobResult {
  const patterns = expandBraces(pattern, MAXIMUM_GLOB_NAMES);
  const paths: string[] = [];
  const unmatched: string[] = [];
  let hasWildcard = false;
  for (const one of patterns ?? []) {
    if (!isWildcard(one)) {
      paths.push(rooted(one, directory));
      continue;
    }
    hasWildcard = true;
    const matches = walk(rooted(one, directory), access);
    if (matches.length === 0) unmatched.push(one);
    for (const match of matches) if (paths.length < MAXIMUM_GLOB_NAMES) paths.push(match);
  }
  return {
    paths,
    unmatched,
    hasWildcard,
    hasBraces: patterns === undefined || patterns.length > 1,
    tooMany: patterns === undefined || paths.length >= MAXIMUM_GLOB_NAMES,
  };
}

const rooted = (pattern: string, directory: string): string => {
  if (pattern.startsWith('/') || directory === '.') return pattern;
  return directory.endsWith('/') ? directory + pattern : `${directory}/${pattern}`;
};

const isWildcard = (pattern: string): boolean => /[*?[]/.test(pattern);

/** `a{b,c{d,e}}` → `ab acd ace`; `{}` stays as it is. Undefined when there would be more than `limit`. */
export function expandBraces(pattern: string, limit: number): readonly string[] | undefined {
  const results: string[] = [];
  const work = [pattern];
  while (work.length > 0) {
    const current = work.pop() ?? '';
    const group = firstGroup(current);
    if (group === undefined) {
      results.push(current);
      if (results.length > limit) return undefined;
      continue;
    }
    const head = current.slice(0, group.open);
    const tail = current.slice(group.close + 1);
    // Pushed in reverse, so that the first alternative is taken first.
    for (const alternative of group.alternatives.toReversed()) work.push(head + alternative + tail);
    if (work.length + results.length > limit) return undefined;
  }
  return results;
}

interface BraceGroup {
  readonly open: number;
  readonly close: number;
  readonly alternatives: readonly string[];
}

function firstGroup(pattern: string): BraceGroup | undefined {
  let open = pattern.indexOf('{');
  while (open >= 0) {
    if (pattern.charAt(open + 1) !== '}') {
      const group = groupAt(pattern, open);
      if (group !== undefined) return group;
    }
    open = pattern.indexOf('{', open + 1);
  }
  return undefined;
}

function groupAt(pattern: string, open: number): BraceGroup | undefined {
  const alternatives: string[] = [];
  let depth = 0;
  let start = open + 1;
  for (let offset = open; offset < pattern.length; offset++) {
    const character = pattern.charAt(offset);
    if (character === '{') depth++;
    else if (character === ',' && depth === 1) {
      alternatives.push(pattern.slice(start, offset));
      start = offset + 1;
    } else if (character === '}' && --depth === 0) {
      alternatives.push(pattern.slice(start, offset));
      return { open, close: offset, alternatives };
    }
  }
  return undefined;
}

/** All existing paths that match, one directory level after the other. */
function walk(pattern: string, access: FileAccess): readonly string[] {
  const absolute = pattern.startsWith('/');
  let found = [absolute ? '/' : ''];
  const parts = pattern.split('/').filter((part) => part !== '');
  for (const [index, part] of parts.entries()) {
    const last = index === parts.length - 1;
    const next: string[] = [];
    for (const base of found) {
      const under = base === '' || base.endsWith('/') ? base : `${base}/`;
      if (!isWildcard(part)) {
        const names = last ? access.list(base === '' ? '.' : base) : undefined;
        if (!last || names?.includes(part) === true) next.push(under + part);
        continue;
      }
      const names = access.list(base === '' ? '.' : base) ?? [];
      for (const name of [...names].sort()) {
        if (next.length >= MAXIMUM_GLOB_NAMES) break;
        if (matchesName(name, part)) next.push(under + name);
      }
    }
    found = next;
  }
  return found;
}

/**
 * fnmatch(3) for one path component: `*`, `?`, `[a-z]`, `[!a-z]`, `\x`. A leading dot has to be matched by a dot.
 * Time is at most the product of both lengths.
 */
export function matchesName(name: string, pattern: string): boolean {
  if (name.startsWith('.') && !pattern.startsWith('.')) return false;
  let at = 0;
  let in_ = 0;
  let starAt = -1;
  let starIn = 0;
  while (at < name.length) {
    const step = in_ < pattern.length ? matchOne(name.charAt(at), pattern, in_) : undefined;
    if (pattern.charAt(in_) === '*') {
      starAt = at;
      starIn = ++in_;
    } else if (step !== undefined) {
      at++;
      in_ = step;
    } else if (starAt >= 0) {
      at = ++starAt;
      in_ = starIn;
    } else {
      return false;
    }
  }
  while (pattern.charAt(in_) === '*') in_++;
  return in_ === pattern.length;
}

/** Where the pattern goes on when `character` matches its element at `offset`. */
function matchOne(character: string, pattern: string, offset: number): number | undefined {
  const element = pattern.charAt(offset);
  if (element === '*') return undefined;
  if (element === '?') return offset + 1;
  if (element === '\\' && offset + 1 < pattern.length) {
    return pattern.charAt(offset + 1) === character ? offset + 2 : undefined;
  }
  if (element === '[') {
    const end = pattern.indexOf(']', offset + (/^[!^]/.test(pattern.charAt(offset + 1)) ? 3 : 2));
    if (end > 0) return inSet(character, pattern.slice(offset + 1, end)) ? end + 1 : undefined;
  }
  return element === character ? offset + 1 : undefined;
}

function inSet(character: string, set: string): boolean {
  const negated = /^[!^]/.test(set);
  let found = false;
  for (let index = negated ? 1 : 0; index < set.length; index++) {
    const low = set.charAt(index);
    if (set.charAt(index + 1) === '-' && index + 2 < set.length) {
      if (character >= low && character <= set.charAt(index + 2)) found = true;
      index += 2;
    } else if (character === low) {
      found = true;
    }
  }
  return found !== negated;
}
