/**
 * The check behind `enable_script_security`: a script that runs as root must not be replaceable by anybody else.
 * Pure: the facts about the path come from `pathFacts.ts`.
 */

/** What lstat says about one component of a path, symbolic links followed one by one. */
export interface PathFact {
  readonly path: string;
  readonly kind: 'directory' | 'file' | 'symlink' | 'other';
  readonly uid: number;
  readonly gid: number;
  /** Permission bits including setuid, setgid and sticky. */
  readonly mode: number;
  /** Names, where they are known. */
  readonly owner?: string;
  readonly group?: string;
}

/** The first component of a path that somebody other than root could use to replace the script. */
export interface Insecurity {
  readonly fact: PathFact;
  readonly problem: 'owner' | 'group-writable' | 'world-writable';
  /** Names the component, its owner and mode, and the command that repairs it. */
  readonly message: string;
}

const GROUP_WRITE = 0o020;
const OTHER_WRITE = 0o002;
const STICKY = 0o1000;

/**
 * Judges a path from `/` down to the script. A component must belong to root and be writable by nobody else; the group
 * root counts as root. A sticky directory (as /tmp) may be writable: what root owns in it cannot be replaced by others.
 */
export function findInsecurity(facts: readonly PathFact[]): Insecurity | undefined {
  for (const fact of facts) {
    const what = describeFact(fact);
    const path = quotePath(fact.path);
    if (fact.uid !== 0) {
      const link = fact.kind === 'symlink' ? '-h ' : '';
      return {
        fact,
        problem: 'owner',
        message: `${what}: it belongs to a user other than root; chown ${link}root ${path}`,
      };
    }
    // A link has no permissions of its own (symlink(7)).
    if (fact.kind === 'symlink') continue;
    if (fact.kind === 'directory' && (fact.mode & STICKY) !== 0) continue;
    if ((fact.mode & OTHER_WRITE) !== 0) {
      return { fact, problem: 'world-writable', message: `${what}: everybody can write to it; chmod o-w ${path}` };
    }
    if ((fact.mode & GROUP_WRITE) !== 0 && fact.gid !== 0) {
      return { fact, problem: 'group-writable', message: `${what}: its group can write to it; chmod g-w ${path}` };
    }
  }
  return undefined;
}

/** `/opt/x (directory, owner bob, group staff, mode 0775)`. */
export function describeFact(fact: PathFact): string {
  const owner = fact.owner === undefined ? `uid ${fact.uid}` : fact.owner;
  const group = fact.group === undefined ? `gid ${fact.gid}` : fact.group;
  return `${fact.path} (${fact.kind}, owner ${owner}, group ${group}, mode ${fact.mode.toString(8).padStart(4, '0')})`;
}

/** Quotes a path for a shell only where it needs it. */
const quotePath = (path: string): string =>
  /^[\w/.,:@%+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
