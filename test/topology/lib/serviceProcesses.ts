/** The processes of a suite's services. */
import { readFileSync } from 'node:fs';
import type { Control } from './control.js';
import { eventually } from './eventually.js';
import type { Router } from './router.js';

/** A pid of the machine's own namespace, as seen from the test (`NSpid` of proc(5)). */
export function pidOutside(router: Router, inside: number): number {
  const found = router.host.processes().find(({ pid }) => {
    try {
      return /^NSpid:.*\s(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] === String(inside);
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error(`no process ${inside} on ${router.name}`);
  return found.pid;
}

/** Pid of the process that serves as `service`, as seen from the test. */
export async function servingPid(router: Router, control: Control, service: string): Promise<number> {
  return pidOutside(router, (await control.service(service)).pid);
}

/** Pid of the spare vrrpd in the suite's own namespace, once it is ready to take over. */
export async function sparePid(control: Control): Promise<number> {
  return await eventually(
    'a spare stands by',
    async () => {
      const { spare } = await control.status();
      return spare !== undefined && spare.generation > 0n && spare.pid;
    },
    { within: 15_000 },
  );
}

/** The process of a service, the first one where there is a spare; undefined while there is none. */
export function processOf(router: Router, service: string): number | undefined {
  const program = new RegExp(`/cmd/${service}/main\\.js$`);
  return router.host.processes().find(({ argv }) => argv.some((word) => program.test(word)))?.pid;
}
