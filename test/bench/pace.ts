/** How evenly a master advertises. */
import { Capture } from '../topology/lib/capture.js';
import { configuration, instance } from '../topology/lib/config.js';
import { eventually } from '../topology/lib/eventually.js';
import { gaps } from '../topology/lib/expectations.js';
import { Lab } from '../topology/lib/lab.js';
import { addRouter, FIRST, VIP } from '../topology/lib/pair.js';
import type { Software } from '../topology/lib/software.js';
import { cells, judge, judgeOurs, mapValues, ms, type Part, summaries, together } from './part.js';
import { percentile } from './statistics.js';
import type { Row } from './table.js';

/** The start-up of the suite is not what is measured. */
const SETTLING_MS = 2_500;
/** A mean may be off by that part. */
const DRIFT = 0.0001;

/** Milliseconds between advertisements at an interval, `count` of them. */
async function advertGaps(software: Software, intervalMs: number, count: number): Promise<number[]> {
  const lab = await Lab.start();
  try {
    const router = await addRouter(lab, 'r1', software, { eth0: '10.9.0.1/24' });
    const capture = await Capture.start(lab);
    const more = intervalMs < 1_000 ? ['version 3'] : [];
    const text = { state: 'MASTER', priority: 255, advertInt: intervalMs / 1_000, more } as const;
    await router.start(configuration(instance({ ...text, addresses: [`${VIP}/24`] })));
    const first = await capture.advertOf(FIRST);
    const seen = () => gaps(capture.adverts, FIRST, first.at + SETTLING_MS);
    return await eventually(
      `${count} gaps`,
      () => {
        const sample = seen();
        return sample.length >= count && sample.slice(0, count);
      },
      { within: 20_000 + count * intervalMs * 2, every: 500 },
    );
  } finally {
    await lab.close();
  }
}

/** See the head of the file. */
export const pacePart: Part = async (programs, { adverts }) => {
  const samples: Record<string, unknown> = {};
  const rows: Row[] = [];
  for (const interval of [1_000, 10]) {
    // As long at either interval, at least as many.
    const count = Math.max(adverts, Math.round((adverts * 500) / interval));
    const found = await together(programs, (program) => advertGaps(program, interval, count));
    samples[interval] = found;
    const means = summaries(found);
    const jitter = mapValues(found, (sample) => sample.map((gap) => Math.abs(gap - interval)).sort((a, b) => a - b));
    const part = `pace ${interval}`;
    rows.push(
      {
        part,
        quantity: `gap between advertisements at ${interval} ms: mean of ${count}`,
        values: cells(means, ({ mean }) => ms(mean, 3)),
        aim: `${interval} ms ± 0.01 %`,
        met: judgeOurs(means, ({ mean }) => Math.abs(mean - interval) <= interval * DRIFT),
      },
      { part, quantity: '  jitter |gap - interval| p50', values: cells(jitter, (one) => ms(percentile(one, 0.5), 3)) },
      {
        part,
        quantity: '  jitter |gap - interval| p99',
        values: cells(jitter, (one) => ms(percentile(one, 0.99), 3)),
        aim: 'not above',
        met: judge(jitter, (ours, theirs) => percentile(ours, 0.99) <= percentile(theirs, 0.99)),
      },
    );
  }
  return { samples, rows };
};
