/** Take-over after a crash, on the wire: how much later than the protocol says. */
import { configuration, instance } from '../topology/lib/config.js';
import { takeover } from '../topology/lib/expectations.js';
import { VIP } from '../topology/lib/pair.js';
import { cells, judge, ms, type Part, summaries } from './part.js';
import type { Row } from './table.js';
import { takeTurns } from './turns.js';

const PRIORITY = 100;
/** Advertisement intervals in milliseconds; those below a second need VRRPv3. */
const INTERVALS: readonly number[] = [10, 100, 1_000];
/** Ours may be that much later than keepalived, in milliseconds. */
const ALLOWED = 1;

function config(interval: number): string {
  const more = interval < 1_000 ? ['version 3'] : [];
  return configuration(instance({ priority: PRIORITY, advertInt: interval / 1_000, addresses: [`${VIP}/24`], more }));
}

/** Master_Down_Interval: RFC 3768 6.1 has a skew of up to a second, RFC 5798 6.1 of up to an advertisement interval. */
const masterDown = (interval: number): number => 3 * interval + ((256 - PRIORITY) / 256) * interval;

/** See the head of the file. */
export const takeoverPart: Part = async (programs, { rounds }) => {
  const samples: Record<string, unknown> = {};
  const rows: Row[] = [];
  for (const interval of INTERVALS) {
    const found = await takeTurns(programs, config(interval), rounds, async ({ capture }, master, backup) => {
      const crashedAt = Date.now();
      await master.router.freeze();
      const first = await capture.advertOf(backup.address, crashedAt);
      await master.router.crash();
      await master.router.revive();
      return takeover(capture, master.address, first) - masterDown(interval);
    });
    samples[interval] = found;
    const summary = summaries(found);
    const part = 'takeover';
    rows.push(
      {
        part,
        quantity: `take-over after a crash at ${interval} ms, beyond ${masterDown(interval).toFixed(1)} ms: median of ${rounds}`,
        values: cells(summary, ({ p50 }) => ms(p50)),
        aim: `keepalived + ${ALLOWED} ms`,
        met: judge(summary, (ours, theirs) => ours.p50 <= theirs.p50 + ALLOWED),
      },
      { part, quantity: '  worst', values: cells(summary, ({ max }) => ms(max)) },
    );
  }
  return { samples, rows };
};
