/** How long a suite takes from its exec to being of use. */
import { bringUp } from '../topology/lib/bringUp.js';
import { Capture } from '../topology/lib/capture.js';
import { configuration, instance } from '../topology/lib/config.js';
import { Lab } from '../topology/lib/lab.js';
import { addRouter, FIRST, VIP } from '../topology/lib/pair.js';
import type { Software } from '../topology/lib/software.js';
import { cells, inTurn, judge, ms, type Part } from './part.js';
import { summarize } from './statistics.js';

/** One start, in milliseconds from the exec. */
interface StartTimes {
  /** Everything answers. */
  readonly ready: number;
  /** An address owner, which has nobody to wait for, is on the wire. */
  readonly firstAdvert: number;
}

async function startTimes(software: Software, rounds: number): Promise<StartTimes[]> {
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

export const startupPart: Part = async (programs, { rounds }) => {
  const samples = await inTurn(programs, (program) => startTimes(program, rounds));
  const part = 'startup';
  const median = (field: 'ready' | 'firstAdvert') =>
    Object.fromEntries(
      Object.entries(samples).map(([program, starts]) => [program, summarize(starts.map((start) => start[field])).p50]),
    );
  const ready = median('ready');
  return {
    samples,
    rows: [
      {
        part,
        quantity: `start, exec to all ready: median of ${rounds}`,
        values: cells(ready, (value) => ms(value, 0)),
        aim: 'under 1 s',
        met: judge(ready, (ours) => ours < 1_000),
      },
      {
        part,
        quantity: '  exec to the first advertisement of an address owner',
        values: cells(median('firstAdvert'), (value) => ms(value, 0)),
      },
    ],
  };
};
