/** The rights a running process has, as the kernel tells: /proc/PID/status (proc_pid_status(5)). */
import { readFileSync } from 'node:fs';
import { capabilityNames } from './rights.js';

export interface ProcessRights {
  /** Effective user id. */
  readonly uid: number;
  /** Permitted capabilities, one bit each. */
  readonly permitted: bigint;
  /** What a program it executes can have at most. */
  readonly bounding: bigint;
  readonly noNewPrivileges: boolean;
}

/** Undefined when there is no such process. */
export function readProcessRights(pid: number): ProcessRights | undefined {
  try {
    return parseProcessRights(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return undefined;
  }
}

/** Reads the text of such a file; undefined when it is another one. Pure. */
export function parseProcessRights(status: string): ProcessRights | undefined {
  const uid = /^Uid:\t\d+\t(\d+)/m.exec(status)?.[1];
  const permitted = /^CapPrm:\t([0-9a-f]+)$/m.exec(status)?.[1];
  const bounding = /^CapBnd:\t([0-9a-f]+)$/m.exec(status)?.[1];
  if (uid === undefined || permitted === undefined || bounding === undefined) return undefined;
  return {
    uid: Number(uid),
    permitted: BigInt(`0x${permitted}`),
    bounding: BigInt(`0x${bounding}`),
    noNewPrivileges: /^NoNewPrivs:\t1$/m.test(status),
  };
}

/** Above this many names the list says less than the word. */
const MANY = 10;

/** `net_admin net_raw`, `none`, or `all` for what an ordinary root has. */
export function rightsText({ permitted }: ProcessRights): string {
  const names = capabilityNames(permitted);
  return names.length === 0 ? 'none' : names.length > MANY ? 'all' : names.join(' ');
}
