/** How long a suite takes from its exec to being of use. */
import { bringUp } from '../topology/lib/bringUp.js';
import { Capture } from '../topology/lib/capture.js';
import { configuration, instance } from '../topology/lib/config.js';
import { Lab } from '../topology/lib/lab.js';
import { addRouter, FIRST, VIP } from '../topology/lib/pair.js';
import type { Software } from '../topology/lib/software.js';

/** One start, in milliseconds from the exec. */
export interface StartTimes {
  /** Everything answers. */
  readonly ready: number;
  /** An address owner, which has nobody to wait for, is on the wire. */
  readonly firstAdvert: number;
}

export async function startTimes(software: Software, rounds: number): Promise<StartTimes[]> {
  const lab = await Lab.start();
  try {
    const router = await addRouter(lab, 'r1', software, { eth0: '10.9.0.1/24' });
    const capture = await Capture.start(lab);
    const samples: StartTimes[] = [];
    for (let round = 0; round < rounds; round++) {
      router.writeConfig(configuration(instance({ state: 'MASTER', priority: 255, addresses: [`${VIP}/24`] })));
      const from = Date.now();
      const ready = await bringUp(lab, router);
      const { at } = await capture.advertOf(FIRST, from);
      samples.push({ ready: ready - from, firstAdvert: at - from });
      await router.stop();
    }
    return samples;
  } finally {
    await lab.close();
  }
}
