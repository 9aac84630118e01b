import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Account, AccountDatabase } from './identity.js';

/** Reads one line of passwd(5). */
export function parsePasswdLine(line: string): Account | undefined {
  const [name, , uid, gid, , home] = line.trim().split(':');
  if (name === undefined || uid === undefined || gid === undefined) return undefined;
  if (!/^\d+$/.test(uid) || !/^\d+$/.test(gid)) return undefined;
  return { name, uid: Number(uid), gid: Number(gid), home: home === undefined || home === '' ? '/' : home };
}

/** Reads the group id out of one line of group(5). */
export function parseGroupLine(line: string): { readonly name: string; readonly gid: number } | undefined {
  const [name, , gid] = line.trim().split(':');
  if (name === undefined || gid === undefined || !/^\d+$/.test(gid)) return undefined;
  return { name, gid: Number(gid) };
}

/** Exit status of getent(1) when the key is not in the database. */
const NOT_FOUND = 2;

/**
 * Asks `getent`, which knows every source of nsswitch.conf(5); undefined when there is no such program. Rejects when it
 * could not be started or gave no answer.
 */
function getent(database: 'passwd' | 'group', key: string): Promise<{ readonly line: string } | undefined> {
  return new Promise((resolve, reject) => {
    execFile(
      'getent',
      ['--', database, key],
      { timeout: 5000, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } },
      (error, stdout) => {
        if (error !== null && (error as NodeJS.ErrnoException).code === 'ENOENT') return resolve(undefined);
        if (error !== null && error.code !== NOT_FOUND)
          return reject(new Error(`getent ${database}: ${error.message}`));
        return resolve({ line: error === null ? (stdout.split('\n')[0] ?? '') : '' });
      },
    );
  });
}

/** Whether the machine's own file is asked before every other source (nsswitch.conf(5)), so that no program has to be. */
function filesComeFirst(database: 'passwd' | 'group'): boolean {
  try {
    return new RegExp(`^${database}:\\s*files\\b`, 'm').test(readFileSync('/etc/nsswitch.conf', 'utf8'));
  } catch {
    // Without the file the C library asks that one alone, or first.
    return true;
  }
}

/** By name or number. */
async function lookUp<Entry extends { readonly name: string }>(
  database: 'passwd' | 'group',
  key: string,
  parse: (line: string) => Entry | undefined,
  numberOf: (entry: Entry) => number,
): Promise<Entry | undefined> {
  const local = (): Entry | undefined => {
    const entries = readFileSync(`/etc/${database}`, 'utf8').split('\n').map(parse);
    return entries.find((entry) => entry !== undefined && (entry.name === key || String(numberOf(entry)) === key));
  };
  const found = filesComeFirst(database) ? local() : undefined;
  if (found !== undefined) return found;
  const answer = await getent(database, key);
  return answer === undefined ? local() : parse(answer.line);
}

/** The machine's users and groups. Answers are kept until `forget`, so that a script does not wait for a directory service. */
export class SystemAccounts implements AccountDatabase {
  readonly #users = new Map<string, Promise<Account | undefined>>();
  readonly #groups = new Map<string, Promise<number | undefined>>();

  user(name: string): Promise<Account | undefined> {
    return remembered(this.#users, name, () => lookUp('passwd', name, parsePasswdLine, ({ uid }) => uid));
  }

  group(name: string): Promise<number | undefined> {
    return remembered(
      this.#groups,
      name,
      async () => (await lookUp('group', name, parseGroupLine, ({ gid }) => gid))?.gid,
    );
  }

  /** Forgets every answer: call it on reload. */
  forget(): void {
    this.#users.clear();
    this.#groups.clear();
  }
}

/** Keeps what was found; what was not found is asked again, because the answer may be "not yet". */
function remembered<T>(
  cache: Map<string, Promise<T | undefined>>,
  key: string,
  ask: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const asked = ask();
  cache.set(key, asked);
  asked.then(
    (value) => {
      if (value === undefined) cache.delete(key);
    },
    () => cache.delete(key),
  );
  return asked;
}
