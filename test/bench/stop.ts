/** A master that is stopped in good order: what a client that asks every millisecond loses. */
import { configuration, instance } from '../topology/lib/config.js';
import { skewMs } from '../topology/lib/expectations.js';
import { VIP } from '../topology/lib/pair.js';
import { cells, judgeOurs, mapValues, ms, type Part, summaries } from './part.js';
import { Pinger } from './pinger.js';
import { type Leave, takeTurns } from './turns.js';

const PRIORITY = 100;
const CONFIG = configuration(instance({ priority: PRIORITY, addresses: [`${VIP}/24`] }));
/** How long the client is watched after the successor's first advertisement. */
const AFTERWARDS_MS = 300;

/** One hand-over. */
interface HandOver {
  /** Milliseconds from the goodbye (priority 0) of the old master to the first advertisement of the new one. */
  readonly gap: number;
  /** Questions of the client without an answer. */
  readonly lost: number;
}

const stop: Leave<HandOver> = async ({ topology, capture }, master, backup) => {
  const pinger = await Pinger.start(topology.lab, topology.client, VIP);
  const stoppedAt = Date.now();
  const stopping = master.router.stop();
  const goodbye = await capture.advert('goodbye', (advert) => {
    return advert.source === master.address && advert.priority === 0 && advert.at > stoppedAt - 1;
  });
  const { at } = await capture.advertOf(backup.address, goodbye.at);
  await stopping;
  await capture.advertOf(backup.address, at + AFTERWARDS_MS);
  const { lost } = await pinger.stop();
  return { gap: at - goodbye.at, lost: lost.length };
};

/** See the head of the file. */
export const stopPart: Part = async (programs, { rounds }) => {
  const found = await takeTurns(programs, CONFIG, rounds, stop);
  const lost = summaries(mapValues(found, (list) => list.map((handOver) => handOver.lost)));
  const gap = summaries(mapValues(found, (list) => list.map((handOver) => handOver.gap)));
  const part = 'stop';
  return {
    samples: found,
    rows: [
      {
        part,
        quantity: `stopped master, advert_int 1: pings of one a millisecond lost, median of ${rounds}`,
        values: cells(lost, ({ p50 }) => `${p50}`),
        aim: 'at most 2',
        met: judgeOurs(lost, ({ p50 }) => p50 <= 2),
      },
      { part, quantity: '  worst', values: cells(lost, ({ max }) => `${max}`) },
      {
        part,
        quantity: `  goodbye to the successor's first advertisement (skew ${skewMs(PRIORITY).toFixed(0)} ms)`,
        values: cells(gap, ({ p50 }) => ms(p50)),
      },
    ],
  };
};
