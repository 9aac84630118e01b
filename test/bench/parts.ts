/** The parts of the bench: what each measures, how its numbers read, and the aim they are held to. */
import { keepalived, keepwatch, type Software } from '../topology/lib/software.js';
import { CONFIG_SIZES, type ConfigSize, configTimes, sizeName } from './config.js';
import { HAND_OVER_SKEW, handOver, takeoverExcess } from './election.js';
import { memory } from './memory.js';
import { advertGaps } from './pace.js';
import { startTimes } from './startup.js';
import { percentile, type Summary, summarize } from './statistics.js';
import type { Row } from './table.js';

/** How much to measure. */
interface Effort {
  readonly rounds: number;
  readonly adverts: number;
}

/** What a part found: raw samples for a program to read, and rows for a human. */
interface PartResult {
  readonly samples: Readonly<Record<string, unknown>>;
  readonly rows: readonly Row[];
}

type Part = (programs: readonly Software[], effort: Effort) => Promise<PartResult>;
type PerProgram<T> = Record<string, T>;

const ms = (value: number, digits = 2): string => `${value.toFixed(digits)} ms`;
const kb = (value: number): string => `${(value / 1024).toFixed(1)} MB`;

function cells<T>(found: PerProgram<T>, text: (value: T) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(found).map(([program, value]) => [program, text(value)]));
}

/** Judges ours beside theirs; without one of the two there is no verdict. */
function judge<T>(found: PerProgram<T>, verdict: (ours: T, theirs: T) => boolean): boolean | undefined {
  const ours = found[keepwatch.name];
  const theirs = found[keepalived.name];
  return ours === undefined || theirs === undefined ? undefined : verdict(ours, theirs);
}

/** One after the other: what needs the processor must not disturb the other's timing. */
async function inTurn<T>(programs: readonly Software[], measure: (program: Software) => Promise<T>) {
  const found: PerProgram<T> = {};
  for (const program of programs) found[program.name] = await measure(program);
  return found;
}

/** Side by side: quiet measurements that only take time, under the same load of the machine. */
async function together<T>(programs: readonly Software[], measure: (program: Software) => Promise<T>) {
  const found = await Promise.all(programs.map(async (program) => [program.name, await measure(program)] as const));
  return Object.fromEntries(found) as PerProgram<T>;
}

const summaries = (samples: PerProgram<number[]>): PerProgram<Summary> =>
  Object.fromEntries(Object.entries(samples).map(([program, sample]) => [program, summarize(sample)]));

const takeover: Part = async (programs, { rounds }) => {
  const samples = await inTurn(programs, (program) => takeoverExcess(program, rounds));
  const found = summaries(samples);
  const part = 'takeover';
  return {
    samples,
    rows: [
      {
        part,
        quantity: `take-over after a crash, beyond 3 × advert_int + skew: median of ${rounds}`,
        values: cells(found, ({ p50 }) => ms(p50)),
        aim: 'keepalived + 2 ms',
        met: judge(found, (ours, theirs) => ours.p50 <= theirs.p50 + 2),
      },
      { part, quantity: '  worst', values: cells(found, ({ max }) => ms(max)) },
    ],
  };
};

const handover: Part = async (programs, { rounds }) => {
  const samples = await inTurn(programs, (program) => handOver(program, rounds));
  const found = summaries(samples);
  const part = 'handover';
  return {
    samples,
    rows: [
      {
        part,
        quantity: `hand-over when stopped (skew ${HAND_OVER_SKEW.toFixed(0)} ms): median of ${rounds}`,
        values: cells(found, ({ p50 }) => ms(p50)),
        aim: 'not slower (+1 ms)',
        // Two medians of a few rounds differ by some tenths of a millisecond on their own.
        met: judge(found, (ours, theirs) => ours.p50 <= theirs.p50 + 1),
      },
      { part, quantity: '  worst', values: cells(found, ({ max }) => ms(max)) },
    ],
  };
};

const pace: Part = async (programs, { adverts }) => {
  const samples = await together(programs, (program) => advertGaps(program, adverts));
  const found = summaries(samples);
  const jitter = Object.fromEntries(
    Object.entries(samples).map(([program, sample]) => {
      return [program, sample.map((gap) => Math.abs(gap - 1_000)).sort((a, b) => a - b)];
    }),
  );
  const part = 'pace';
  return {
    samples,
    rows: [
      {
        part,
        quantity: `gap between advertisements at 1 s: mean of ${adverts}`,
        values: cells(found, ({ mean }) => ms(mean, 3)),
        aim: '1 s ± 0.01 %',
        met: judge(found, (ours) => Math.abs(ours.mean - 1_000) <= 0.1),
      },
      { part, quantity: '  jitter |gap - 1 s| p50', values: cells(jitter, (sorted) => ms(percentile(sorted, 0.5), 3)) },
      {
        part,
        quantity: '  jitter |gap - 1 s| p99',
        values: cells(jitter, (sorted) => ms(percentile(sorted, 0.99), 3)),
      },
    ],
  };
};

const memoryPart: Part = async (programs) => {
  const samples = await inTurn(programs, (program) => memory(program));
  const part = 'memory';
  const sum = (field: 'privateDirtyKb' | 'residentKb') =>
    cells(samples, (processes) => kb(processes.reduce((total, process) => total + process[field], 0)));
  const names = [...new Set(Object.values(samples).flatMap((processes) => processes.map(({ process }) => process)))];
  return {
    samples,
    rows: [
      { part, quantity: 'memory, private dirty: all processes', values: sum('privateDirtyKb') },
      ...names.map((name) => ({
        part,
        quantity: `  ${name}`,
        values: Object.fromEntries(
          Object.entries(samples).flatMap(([program, processes]) => {
            const found = processes.find(({ process }) => process === name);
            return found ? [[program, kb(found.privateDirtyKb)]] : [];
          }),
        ),
      })),
      { part, quantity: 'memory, resident (shared pages counted each time)', values: sum('residentKb') },
    ],
  };
};

const startup: Part = async (programs, { rounds }) => {
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

/** What ours is held to beside keepalived, by size. */
const CONFIG_AIMS: Readonly<Record<string, { readonly aim: string; met(ours: number, theirs: number): boolean }>> = {
  '10 vrrp_instance': { aim: 'under 150 ms', met: (ours) => ours < 150 },
  '10000 vrrp_instance': { aim: 'faster', met: (ours, theirs) => ours < theirs },
  '100000 real_server': { aim: 'within 2 times', met: (ours, theirs) => ours <= 2 * theirs },
};

const config: Part = async (programs, { rounds }) => {
  const samples = await inTurn(programs, (program) => configTimes(program, rounds));
  const part = 'config';
  const medians = Object.fromEntries(
    Object.entries(samples).map(([program, times]) => [
      program,
      Object.fromEntries(Object.entries(times).map(([size, sample]) => [size, summarize(sample).p50])),
    ]),
  );
  const timeOf = (program: string, size: ConfigSize): number => medians[program]?.[sizeName(size)] ?? Number.NaN;
  const rows = CONFIG_SIZES.map((size) => {
    const name = sizeName(size);
    const found = Object.fromEntries(Object.keys(samples).map((program) => [program, timeOf(program, size)]));
    const theirs = found[keepalived.name];
    const beside = (time: number): string =>
      theirs === undefined || time === theirs ? ms(time, 0) : `${ms(time, 0)} (${(time / theirs).toFixed(2)} times)`;
    const aim = CONFIG_AIMS[name];
    const quantity = `-t of ${name} blocks: median of ${rounds}`;
    const values = cells(found, beside);
    return aim === undefined
      ? { part, quantity, values }
      : { part, quantity, values, aim: aim.aim, met: judge(found, (ours, others) => aim.met(ours, others)) };
  });
  const growth = Object.fromEntries(Object.keys(samples).map((program) => [program, growthOf(program, timeOf)]));
  const linear: Row = {
    part,
    quantity: '  ten times the vrrp_instance blocks, without what 10 take',
    values: cells(growth, (factor) => `${factor.toFixed(1)} times`),
    aim: 'linear: under 15 times',
    met: judge(growth, (ours) => ours < 15),
  };
  return { samples, rows: [...rows, linear] };
};

function growthOf(program: string, timeOf: (program: string, size: ConfigSize) => number): number {
  const time = (count: number): number => timeOf(program, { kind: 'vrrp_instance', count });
  return (time(10_000) - time(10)) / (time(1_000) - time(10));
}

/** By name, in the order in which they run. */
export const PARTS: Readonly<Record<string, Part>> = { config, startup, memory: memoryPart, handover, takeover, pace };
