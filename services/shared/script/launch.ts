/**
 * The command line that turns a script into a process with the right credentials, umask and descriptors.
 *
 * Node can set a uid and a gid of a child but then drops its supplementary groups, and cannot set its umask. So scripts
 * are started through `setpriv` (util-linux; only when the user differs from ours) and a few lines of `/bin/sh`, which
 * replace themselves by the script: the script is the leader of its own session and process group, under its own name.
 * The script's words are arguments of the shell, never part of its text, so nothing in them is interpreted. A program
 * in no format the kernel knows (a script without `#!`) is run by the shell, as execvp(3) does.
 */
import { accessSync, constants, realpathSync } from 'node:fs';
import type { ScriptIdentity } from './identity.js';
import { SCRIPT_PATH } from './program.js';

/** `$0` of the launching shell: its own messages start with it, which tells them from the script's. */
export const LAUNCHER_NAME = 'keepwatch-launcher';

/**
 * 0177 is the umask keepalived 2.2.7 gives its scripts (measured): what they create is for their user alone.
 * 1024 is the kernel's customary soft limit: Node raises its own to the maximum, and programs that close every possible
 * descriptor, or use select(2), suffer from that.
 */
export const PREPARE = 'ulimit -S -n 1024 2>/dev/null; umask 0177';
const PLAIN = `${PREPARE}; exec "$@"`;
/**
 * Descriptor 0 is the gate: the script starts only once a line arrives, and never if we die before. Descriptor 3 is the
 * receipt: the word that it starts is written there first, so that a successor of a killed daemon knows.
 */
const GATED = `read -r word || exit 125; echo started >&3; ${PREPARE}; exec "$@" </dev/null 3>&-`;

export interface LaunchOptions {
  readonly identity: ScriptIdentity;
  /** Our own credentials. */
  readonly self: { readonly uid: number; readonly gid: number; readonly ambient: boolean };
  /** The script waits for a line on descriptor 0 and leaves a receipt on descriptor 3. */
  readonly gated: boolean;
  /** The script gets SIGTERM when we die. */
  readonly dieWithParent: boolean;
  /** Path of setpriv; undefined when this machine has none. */
  readonly setpriv: string | undefined;
}

/** What to spawn. */
export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Set when there is no setpriv: the script then runs without supplementary groups. */
  readonly uid?: number;
  readonly gid?: number;
}

/** A network namespace and the program that enters it, nsenter(1). */
export interface Entrance {
  readonly nsenter: string;
  /** The namespace as a file. */
  readonly path: string;
}

/** A command inside a network namespace: nsenter becomes the command, so the process stays the one that was started. Pure. */
export const entered = <Command extends { readonly file: string; readonly args: readonly string[] }>(
  command: Command,
  { nsenter, path }: Entrance,
): Command => ({ ...command, file: nsenter, args: [`--net=${path}`, '--', command.file, ...command.args] });

const sameUser = (identity: ScriptIdentity, self: LaunchOptions['self']): boolean =>
  identity.uid === self.uid && identity.gid === self.gid;

/** The words that a waiting launcher (see `warmLauncher.ts`) becomes; undefined when that takes more than words. Pure. */
export function warmWords(
  argv: readonly string[],
  { identity, self, setpriv, dieWithParent }: Omit<LaunchOptions, 'gated'>,
): readonly string[] | undefined {
  if (dieWithParent || self.ambient) return undefined;
  if (sameUser(identity, self)) return argv;
  if (setpriv === undefined) return undefined;
  return [setpriv, ...credentialsOf(identity), '--', '/bin/sh', '-c', 'exec "$@"', LAUNCHER_NAME, ...argv];
}

const credentialsOf = ({ uid, gid }: ScriptIdentity): string[] => [`--reuid=${uid}`, `--regid=${gid}`, '--init-groups'];

/** Builds the command line for `argv`, whose first word is a path. Pure. */
export function buildLaunch(argv: readonly string[], options: LaunchOptions): Launch {
  const { identity, self, setpriv } = options;
  const shell = ['/bin/sh', '-c', options.gated ? GATED : PLAIN, LAUNCHER_NAME, ...argv];
  const env = scriptEnvironment(identity);
  const changesUser = !sameUser(identity, self);
  if (setpriv !== undefined && (changesUser || options.dieWithParent || self.ambient)) {
    const credentials = changesUser ? credentialsOf(identity) : [];
    const death = options.dieWithParent ? ['--pdeathsig', 'TERM'] : [];
    // A daemon that is not root has its capabilities as ambient ones, and they would stay through exec and change of user.
    const drop = self.ambient ? ['--inh-caps=-all', '--ambient-caps=-all'] : [];
    return { file: setpriv, args: [...credentials, ...drop, ...death, '--', ...shell], env };
  }
  const [file = '/bin/sh', ...args] = shell;
  return changesUser ? { file, args, env, uid: identity.uid, gid: identity.gid } : { file, args, env };
}

/** The whole environment of a script: nothing of the daemon's own gets through but the time zone and the language. */
export function scriptEnvironment(
  identity: ScriptIdentity,
  daemon: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const passed = Object.fromEntries(
    ['TZ', 'LANG'].flatMap((name) => {
      const value = daemon[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return {
    ...passed,
    PATH: SCRIPT_PATH,
    HOME: identity.home,
    USER: identity.user,
    LOGNAME: identity.user,
    SHELL: '/bin/sh',
  };
}

/** Finds a full setpriv; busybox has one that cannot change the user, so that one does not count. */
export function findSetpriv(): string | undefined {
  return ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return !realpathSync(path).endsWith('busybox');
    } catch {
      return false;
    }
  });
}
