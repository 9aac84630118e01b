/** How evenly a master advertises. */
import { Capture } from '../topology/lib/capture.js';
import { configuration, instance } from '../topology/lib/config.js';
import { eventually } from '../topology/lib/eventually.js';
import { gaps } from '../topology/lib/expectations.js';
import { Lab } from '../topology/lib/lab.js';
import { addRouter, FIRST, VIP } from '../topology/lib/pair.js';
import type { Software } from '../topology/lib/software.js';

/** Milliseconds between advertisements at advert_int 1, that many of them. */
export async function advertGaps(software: Software, count: number): Promise<number[]> {
  const lab = await Lab.start();
  try {
    const router = await addRouter(lab, 'r1', software, { eth0: '10.9.0.1/24' });
    const capture = await Capture.start(lab);
    await router.start(configuration(instance({ state: 'MASTER', priority: 255, addresses: [`${VIP}/24`] })));
    const first = await capture.advertOf(FIRST);
    // The start-up of the suite is not what is measured.
    const since = first.at + 1_500;
    const seen = () => gaps(capture.adverts, FIRST, since);
    return await eventually(
      `${count} gaps`,
      () => {
        const sample = seen();
        return sample.length >= count && sample.slice(0, count);
      },
      { within: (count + 10) * 1_100, every: 200 },
    );
  } finally {
    await lab.close();
  }
}
