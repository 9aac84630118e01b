/** Steps into the network namespace of another process, for as long as one synchronous call takes. */
import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';

const CLONE_NEWNET = 0x40000000; // linux/sched.h

let setnsFunction: ((fd: number, type: number) => number) | undefined;

function setns(fd: number): void {
  setnsFunction ??= koffi.load(null).func('int setns(int fd, int nstype)') as (fd: number, type: number) => number;
  if (setnsFunction(fd, CLONE_NEWNET) !== 0) throw new Error(`setns failed, errno ${koffi.errno()}`);
}

/**
 * Runs the action inside the network namespace of the process. Sockets made there stay there for life.
 * setns moves this thread only, so the action must create its sockets before it returns.
 */
export function inNetworkOf<T>(pid: number, action: () => T): T {
  const home = openSync('/proc/self/ns/net', 'r');
  try {
    const target = openSync(`/proc/${pid}/ns/net`, 'r');
    try {
      setns(target);
    } finally {
      closeSync(target);
    }
    try {
      return action();
    } finally {
      setns(home);
    }
  } finally {
    closeSync(home);
  }
}
