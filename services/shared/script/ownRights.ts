/** What this process may do about the users of its scripts, and what they must not inherit from it. */
import { readFileSync } from 'node:fs';

/** Bits of linux/capability.h. */
const CAP_SETGID = 1n << 6n;
const CAP_SETUID = 1n << 7n;

export interface OwnRights {
  readonly uid: number;
  readonly gid: number;
  /** It can start a script as another user. */
  readonly changesUser: boolean;
  /** It has ambient capabilities (capabilities(7)), as in a container without root: whatever it starts would have them too. */
  readonly ambient: boolean;
}

/** Reads /proc/self/status. Pure but for that; `status` is for tests. */
export function ownRights(
  uid = process.getuid?.() ?? 0,
  gid = process.getgid?.() ?? 0,
  status = readFileSync('/proc/self/status', 'latin1'),
): OwnRights {
  const set = (name: string): bigint =>
    BigInt(`0x${new RegExp(`^${name}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1] ?? '0'}`);
  const needed = CAP_SETGID | CAP_SETUID;
  return { uid, gid, changesUser: uid === 0 || (set('CapEff') & needed) === needed, ambient: set('CapAmb') !== 0n };
}
