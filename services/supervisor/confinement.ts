/** Takes from a service, before its first instruction, what it does not need. Loads fast: no native code in here. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { findSetpriv } from '../shared/script/launch.js';
import type { Rights } from './rights.js';
import type { ServiceUser } from './serviceHome.js';
import type { ServiceCommand } from './serviceProcess.js';

/** Bit of CAP_SETPCAP in linux/capability.h: without it the bounding set cannot be made smaller. */
const CAP_SETPCAP = 8n;

/** What this machine and process allow. */
export interface Situation {
  readonly uid: number;
  /** Effective capabilities of this process, one bit each. */
  readonly effective: bigint;
  readonly setpriv: string | undefined;
  /** The kernel has IPVS now. */
  readonly ipvsLoaded: boolean;
  /** Files and directories of the service that somebody else owns: without CAP_DAC_OVERRIDE they may be closed to it. */
  readonly foreign: readonly string[];
}

/** Finds out; `paths` are what the service has to write to. */
export function situationOf(paths: readonly string[]): Situation {
  const uid = process.getuid?.() ?? 0;
  const status = readFileSync('/proc/self/status', 'latin1');
  return {
    uid,
    effective: BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`),
    setpriv: findSetpriv(),
    ipvsLoaded: existsSync('/proc/net/ip_vs'),
    foreign: paths.filter((path) => (statSync(path, { throwIfNoEntry: false })?.uid ?? uid) !== uid),
  };
}

/** Why services keep all rights of this process, in words that say what to do; undefined when they can be confined. Pure. */
export function unconfinable({ uid, effective, setpriv, foreign }: Situation): string | undefined {
  if (uid !== 0) return `keepwatchd runs as uid ${uid}: services have its rights`;
  if (setpriv === undefined) return 'setpriv(1) is missing: install util-linux';
  if ((effective & (1n << CAP_SETPCAP)) === 0n)
    return 'keepwatchd lacks CAP_SETPCAP: allow it where keepwatchd is started';
  const [first] = foreign;
  return first === undefined ? undefined : `${first} belongs to another user: chown root ${first}`;
}

/**
 * The command that starts a service with its rights alone and no way to get more (no_new_privs): by setpriv(1), which becomes
 * the service, so that every thread of it is confined and the process is the one that was started; as `user` if it has one. Pure.
 */
export function confinedCommand(
  rights: Rights,
  command: ServiceCommand,
  situation: Situation,
  user?: ServiceUser,
): ServiceCommand {
  const { setpriv } = situation;
  if (rights === 'everything' || setpriv === undefined || unconfinable(situation) !== undefined) return command;
  const set = ['-all', ...rights.map((capability) => `+${capability}`)].join(',');
  const flags = ['--no-new-privs', `--inh-caps=${set}`, `--bounding-set=${set}`];
  // Another user than root keeps capabilities over execve(2) as ambient ones only.
  const identity =
    user === undefined ? [] : [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', `--ambient-caps=${set}`];
  return { ...command, file: setpriv, args: [...identity, ...flags, '--', command.file, ...command.args] };
}
