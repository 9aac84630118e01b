import { closeSync, readdirSync, readFileSync } from 'node:fs';

/** O_CLOEXEC in the `flags` line of proc_pid_fdinfo(5), which is octal; asm-generic value. */
const O_CLOEXEC = 0o2000000;

/**
 * Closes the descriptors above stderr that whoever started this process forgot to close, so that no script inherits
 * them. To be called first thing: Node marks everything it opens itself close-on-exec, and what it inherits only up to
 * the first gap, so a descriptor without the mark is not ours. Returns the descriptors closed.
 */
export function closeInheritedDescriptors(): number[] {
  const closed: number[] = [];
  for (const name of readdirSync('/proc/self/fd')) {
    const fd = Number(name);
    if (fd <= 2) continue;
    try {
      const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${name}`, 'latin1'))?.[1];
      if (flags === undefined || (Number.parseInt(flags, 8) & O_CLOEXEC) !== 0) continue;
      closeSync(fd);
      closed.push(fd);
    } catch {
      // Gone by itself: the listing's own descriptor is in the list.
    }
  }
  return closed;
}
