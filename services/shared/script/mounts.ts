/**
 * Which file systems answer at once. One that needs another machine may not answer for minutes, so it is asked through a thread; a
 * thread takes longer than a disk of our own that has the answer in memory.
 */
import { readFileSync } from 'node:fs';

/** Types of file systems that wait for no other machine and no process (statfs(2), `/proc/filesystems`). */
const PROMPT: ReadonlySet<string> = new Set([
  'bcachefs',
  'btrfs',
  'erofs',
  'ext2',
  'ext3',
  'ext4',
  'f2fs',
  'jfs',
  'overlay',
  'ramfs',
  'rootfs',
  'squashfs',
  'tmpfs',
  'ubifs',
  'xfs',
  'zfs',
]);

/** Answers whether what is at an absolute path, no part of it a link, is on a file system that answers at once. */
export type PromptPaths = (path: string) => boolean;

/** Reads the text of proc_pid_mountinfo(5). Pure. */
export function promptPathsOf(mountinfo: string): PromptPaths {
  const types = new Map<string, string>();
  for (const line of mountinfo.split('\n')) {
    const words = line.split(' ');
    const separator = words.indexOf('-');
    const [place, type] = [words[4], words[separator + 1]];
    // A later line hides an earlier one of the same place.
    if (separator > 4 && place !== undefined && type !== undefined) types.set(unescaped(place), type);
  }
  return (path) => {
    for (let place = path; ; place = place.slice(0, Math.max(1, place.lastIndexOf('/')))) {
      const type = types.get(place);
      if (type !== undefined) return PROMPT.has(type);
      if (place === '/' || !place.startsWith('/')) return false;
    }
  };
}

/** The mounts as they are now; nothing is prompt where they cannot be read. */
export function promptPaths(): PromptPaths {
  try {
    return promptPathsOf(readFileSync('/proc/self/mountinfo', 'utf8'));
  } catch {
    // Without /proc every path goes the way that always works.
    return () => false;
  }
}

const unescaped = (word: string): string =>
  word.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
