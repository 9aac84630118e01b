/** When a router is up: the one meaning of "ready" for each of the two programs. */
import { Control } from '../topology/lib/control.js';
import { eventually } from '../topology/lib/eventually.js';
import type { Lab } from '../topology/lib/lab.js';
import type { Router } from '../topology/lib/router.js';

const occurrences = (router: Router): number => router.log().split('Startup complete').length - 1;

/**
 * Waits until the router is up and gives the moment. Keepwatch: every service of the suite answers its supervisor.
 * keepalived: its VRRP process has logged that startup is complete, once more than before.
 */
export async function readyAgain(lab: Lab, router: Router, seenBefore = 0): Promise<number> {
  if (router.software.name === 'keepwatch') {
    const control = Control.of(lab, router);
    await control.ready({ within: 15_000, every: 4 });
    const now = Date.now();
    control.close();
    return now;
  }
  await eventually('keepalived is up', () => occurrences(router) > seenBefore, { within: 5_000, every: 2 });
  return Date.now();
}
