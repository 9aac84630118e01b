/** Starts a router and waits until it is up: the one meaning of "up" for each of the two programs. */
import { Control } from './control.js';
import { eventually } from './eventually.js';
import type { Lab } from './lab.js';
import type { Router } from './router.js';

const completions = (router: Router): number => router.log().split('Startup complete').length - 1;

/**
 * Keepwatch is up when every service of the suite answers its supervisor, keepalived when its VRRP process has logged
 * that startup is complete. Gives that moment, milliseconds since 1970.
 */
export async function bringUp(lab: Lab, router: Router, config?: string): Promise<number> {
  const before = completions(router);
  await router.start(config);
  const stillRuns = () => {
    if (!router.running) throw new Error(`${router.name}: ${router.software.name} ended instead of coming up`);
  };
  if (router.software.name === 'keepalived') {
    const complete = () => {
      stillRuns();
      return completions(router) > before;
    };
    await eventually(`${router.name}: keepalived is up`, complete, { within: 5_000, every: 2 });
    return Date.now();
  }
  const control = Control.of(lab, router);
  try {
    await control.ready({ within: 20_000, every: 4 });
    return Date.now();
  } finally {
    control.close();
  }
}
