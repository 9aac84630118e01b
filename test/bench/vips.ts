/** Many virtual addresses on one instance: how fast they are there and announced, and whether advertisements wait for it. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bringUp } from '../topology/lib/bringUp.js';
import { Capture } from '../topology/lib/capture.js';
import { block, configuration, instance } from '../topology/lib/config.js';
import { eventually } from '../topology/lib/eventually.js';
import { gaps } from '../topology/lib/expectations.js';
import type { Host } from '../topology/lib/host.js';
import { type Closable, Lab } from '../topology/lib/lab.js';
import { addRouter, FIRST } from '../topology/lib/pair.js';
import type { Software } from '../topology/lib/software.js';
import { alternately, cells, judge, judgeOurs, mapValues, mediansOf, ms, type Part } from './part.js';
import type { Row } from './table.js';

const COUNTS: readonly number[] = [500, 1_000];
const ADVERT_INT = 0.1;
/** Gratuitous ARPs per address that both programs send to begin with (garp_master_repeat). */
const REPEAT = 5;
/** Advertisements are watched until after the second set (garp_master_delay 5). */
const WATCHED_MS = 6_000;

/** One take-over; milliseconds after the first advertisement as master. */
interface Takeover {
  readonly allAddresses: number;
  readonly oneEach: number;
  readonly allRepeats: number;
  /** Between two advertisements. */
  readonly largestGap: number;
}

const address = (index: number): string => `10.10.${index >> 8}.${index & 255}`;

function config(count: number): string {
  // An advertisement has room for 255 addresses at most; the others go without saying.
  const [first, ...others] = Array.from({ length: count }, (_, index) => `${address(index)}/32`);
  return configuration(
    instance({
      priority: 200,
      advertInt: ADVERT_INT,
      addresses: first === undefined ? [] : [first],
      more: ['version 3', block('virtual_ipaddress_excluded', others)],
    }),
  );
}

/** Times of new addresses of a machine as `ip monitor` writes them down. */
class Arrivals implements Closable {
  private readonly monitor: ChildProcess;
  private readonly file: string;

  constructor(host: Host) {
    // A file takes everything at once, a pipe only what its reader has room for.
    this.file = join(host.directory, 'addresses.log');
    // Ahead of whoever is measured: it writes down when it gets to read.
    const command = 'exec chrt --rr 50 ip -o -ts monitor address > "$0"';
    this.monitor = host.spawnInNetwork(['sh', '-c', command, this.file]);
  }

  /** Milliseconds since 1970 of each new address of the test. */
  times(): number[] {
    return [...readFileSync(this.file, 'utf8').matchAll(/^\[(\S+)\] (?!.*Deleted).* 10\.10\./gm)].map(([, time]) =>
      Date.parse(time ?? ''),
    );
  }

  async close(): Promise<void> {
    if (this.monitor.exitCode !== null || this.monitor.signalCode !== null) return;
    const gone = once(this.monitor, 'exit');
    this.monitor.kill('SIGKILL');
    await gone;
  }
}

async function takeOver(software: Software, count: number): Promise<Takeover> {
  const lab = await Lab.start();
  try {
    const router = await addRouter(lab, 'r1', software, { eth0: '10.9.0.1/24' });
    const capture = await Capture.start(lab);
    const arrivals = lab.own(new Arrivals(router.host));
    await bringUp(lab, router, config(count));
    const { at } = await capture.advertOf(FIRST);
    await eventually('all addresses are there', () => arrivals.times().length >= count, { every: 50 });
    const watched = () => (capture.adverts.at(-1)?.at ?? 0) > at + WATCHED_MS;
    await eventually('both sets are announced', watched, { within: WATCHED_MS + 5_000, every: 50 });
    const announced = capture.arps.filter(({ sender, target }) => sender === target);
    return {
      allAddresses: (arrivals.times()[count - 1] ?? Number.NaN) - at,
      oneEach: timeOfRepeat(announced, 1, count) - at,
      allRepeats: timeOfRepeat(announced, REPEAT, count) - at,
      largestGap: Math.max(...gaps(capture.adverts, FIRST)),
    };
  } finally {
    await lab.close();
  }
}

/** When every one of `count` addresses had been announced that many times. */
function timeOfRepeat(
  arps: readonly { readonly at: number; readonly target: string }[],
  repeat: number,
  count: number,
) {
  const seen = new Map<string, number>();
  let complete = 0;
  for (const { at, target } of arps) {
    const times = (seen.get(target) ?? 0) + 1;
    seen.set(target, times);
    if (times === repeat) complete++;
    if (complete === count) return at;
  }
  throw new Error(`${complete} of ${count} addresses were announced ${repeat} times`);
}

/** See the head of the file. */
export const vipsPart: Part = async (programs, { rounds }) => {
  const samples: Record<string, unknown> = {};
  const rows: Row[] = [];
  for (const count of COUNTS) {
    const found = await alternately(programs, rounds, (program) => takeOver(program, count));
    samples[count] = found;
    const row = (quantity: string, pick: (sample: Takeover) => number): Row => {
      const medians = mediansOf(found, pick);
      return {
        part: `vips ${count}`,
        quantity,
        values: cells(medians, (value) => ms(value, 1)),
        aim: 'not slower',
        met: judge(medians, (ours, theirs) => ours <= theirs),
      };
    };
    const gap = mediansOf(found, ({ largestGap }) => largestGap);
    const worst = mapValues(found, (list) => Math.max(...list.map(({ largestGap }) => largestGap)));
    rows.push(
      row(`${count} addresses on an interface: all there, median of ${rounds}`, ({ allAddresses }) => allAddresses),
      row('  one gratuitous ARP for each', ({ oneEach }) => oneEach),
      row(`  the last of ${REPEAT} for each`, ({ allRepeats }) => allRepeats),
      {
        part: `vips ${count}`,
        quantity: `  largest gap between advertisements at ${ADVERT_INT * 1_000} ms`,
        values: cells(gap, (value) => ms(value, 1)),
        aim: 'under 110 ms',
        met: judgeOurs(gap, (ours) => ours < 110),
      },
      { part: `vips ${count}`, quantity: '  worst of all rounds', values: cells(worst, (value) => ms(value, 1)) },
    );
  }
  return { samples, rows };
};
