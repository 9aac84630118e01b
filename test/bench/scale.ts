/** Hundreds and thousands of instances: how long until all are master, and what they cost. */
import { readFileSync } from 'node:fs';
import { Capture } from '../topology/lib/capture.js';
import { configuration, instance } from '../topology/lib/config.js';
import { eventually } from '../topology/lib/eventually.js';
import { Lab } from '../topology/lib/lab.js';
import { addRouter } from '../topology/lib/pair.js';
import { childrenOf, type ProcessInfo } from '../topology/lib/processes.js';
import type { Router } from '../topology/lib/router.js';
import type { Software } from '../topology/lib/software.js';
import { alternately, cells, judge, judgeOurs, mapValues, ms, type Part, type PerProgram } from './part.js';
import { summarize } from './statistics.js';
import type { Row } from './table.js';

const COUNTS: readonly number[] = [255, 1_000, 2_000];
/** A VRID may stand once on an interface. */
const PER_INTERFACE = 250;
const INTERFACES = Math.max(...COUNTS) / PER_INTERFACE;
/** What the kernel counts processor time in: 100 ticks a second wherever Linux runs. */
const TICK_MS = 10;
const WATCHED_MS = 10_000;
/** After all are master: the second gratuitous ARPs and the just-in-time compiler have had their time. */
const SETTLING_MS = 7_000;
/** Least bytes of memory an instance may cost more than the first 255. */
const BYTES_PER_INSTANCE = 8 * 1_024;

interface Scale {
  /** From the exec to the last first advertisement, milliseconds. */
  readonly allMasters: number;
  /** From the last first advertisement's own beginning: from the first router that is master to the last one. */
  readonly spread: number;
  /** Percent of one processor, of all processes. */
  readonly masterCpu: number;
  readonly backupCpu: number;
  /** Of the process that runs VRRP, in kB. */
  readonly memory: number;
  /** Advertisements of the backup: the processor was too busy for one of the two. */
  readonly strangers: number;
}

const device = (number: number): string => `eth${number}`;

function config(count: number, priority: number): string {
  return configuration(
    ...Array.from({ length: count }, (_, index) => {
      const [place, number] = count === 255 ? [0, index] : [Math.floor(index / PER_INTERFACE), index % PER_INTERFACE];
      return instance({
        name: `VI_${index}`,
        interface: device(place),
        vrid: number + 1,
        priority,
        addresses: [`10.20.${index >> 8}.${index & 255}/32`],
      });
    }),
  );
}

/** Processor time of processes since their start, milliseconds. */
function cpuMs(processes: readonly ProcessInfo[]): number {
  return processes.reduce((sum, { pid }) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return sum + (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  }, 0);
}

async function cpuPercent(router: Router): Promise<number> {
  const before = cpuMs(router.host.processes());
  const from = performance.now();
  await new Promise((done) => setTimeout(done, WATCHED_MS));
  return ((cpuMs(router.host.processes()) - before) / (performance.now() - from)) * 100;
}

/** Private memory of the process that runs VRRP, kB. */
function vrrpMemory(router: Router): number {
  const vrrp =
    router.software.name === 'keepalived'
      ? childrenOf(router.pid)[0]
      : router.host.processes().find(({ argv }) => argv.some((word) => word.includes('/vrrpd/main.js')))?.pid;
  const rollup = readFileSync(`/proc/${vrrp}/smaps_rollup`, 'utf8');
  return Number(/^Private_Dirty:\s+(\d+) kB$/m.exec(rollup)?.[1]);
}

async function addScaleRouter(lab: Lab, software: Software, number: number): Promise<Router> {
  const places = Array.from({ length: INTERFACES }, (_, place) => [device(place), `10.9.${place}.${number}/24`]);
  return addRouter(lab, `r${number}`, software, Object.fromEntries(places));
}

async function scale(software: Software, count: number): Promise<Scale> {
  const lab = await Lab.start();
  try {
    const first = await addScaleRouter(lab, software, 1);
    const second = await addScaleRouter(lab, software, 2);
    const bridges = Array.from({ length: count === 255 ? 1 : count / PER_INTERFACE }, (_, place) =>
      place === 0 ? 'lan' : `lan-${device(place)}`,
    );
    const captures = await Promise.all(bridges.map((bridge) => Capture.start(lab, bridge, 'ip proto 112')));
    first.writeConfig(config(count, 150));
    const started = Date.now();
    await first.start();
    const firstAdverts = () => {
      const times = captures.flatMap(({ adverts }) => {
        const seen = new Map<number, number>();
        for (const { vrid, at } of adverts) if (!seen.has(vrid)) seen.set(vrid, at);
        return [...seen.values()];
      });
      return times.length === count && times.sort((a, b) => a - b);
    };
    const times = await eventually('all are master', firstAdverts, { within: 30_000, every: 100 });
    const [earliest = 0, latest = 0] = [times[0], times.at(-1)];
    await second.start(config(count, 100));
    await new Promise((done) => setTimeout(done, SETTLING_MS));
    const [masterCpu, backupCpu] = await Promise.all([cpuPercent(first), cpuPercent(second)]);
    const strangers = captures.flatMap(({ adverts }) => adverts.filter(({ priority }) => priority !== 150));
    if (strangers.length > 0) console.error(`${software.name}: ${strangers.length} advertisements of the backup`);
    return {
      allMasters: latest - started,
      spread: latest - earliest,
      masterCpu,
      backupCpu,
      memory: vrrpMemory(first),
      strangers: strangers.length,
    };
  } finally {
    await lab.close();
  }
}

/** See the head of the file. */
export const scalePart: Part = async (programs, { rounds }) => {
  const samples: Record<string, PerProgram<Scale[]>> = {};
  const rows: Row[] = [];
  for (const count of COUNTS) {
    const found = await alternately(programs, Math.min(rounds, 3), (program) => scale(program, count));
    samples[count] = found;
    const part = `scale ${count}`;
    const median = (pick: (sample: Scale) => number) => mapValues(found, (list) => summarize(list.map(pick)).p50);
    const [all, spread] = [median(({ allMasters }) => allMasters), median((sample) => sample.spread)];
    const percent = (value: number): string => `${value.toFixed(1)} %`;
    rows.push(
      {
        part,
        quantity: `${count} instances at 1 s: exec to the last one's first advertisement`,
        values: cells(all, (value) => ms(value, 0)),
        aim: 'not slower',
        met: judge(all, (ours, theirs) => ours <= theirs),
      },
      { part, quantity: '  from the first master to the last', values: cells(spread, (value) => ms(value, 0)) },
    );
    for (const [who, pick] of [
      ['master', ({ masterCpu }: Scale) => masterCpu],
      ['backup', ({ backupCpu }: Scale) => backupCpu],
    ] as const) {
      const cpu = median(pick);
      rows.push({
        part,
        quantity: `  processor of a steady ${who}, all processes`,
        values: cells(cpu, percent),
        aim: 'within 2 times',
        met: judge(cpu, (ours, theirs) => ours <= 2 * theirs),
      });
    }
  }
  const [least = 0, most = 0] = [COUNTS[0], COUNTS.at(-1)];
  const perInstance = Object.fromEntries(
    programs.map(({ name }) => {
      const memory = (count: number) => summarize((samples[count]?.[name] ?? []).map((sample) => sample.memory)).p50;
      return [name, ((memory(most) - memory(least)) * 1_024) / (most - least)];
    }),
  );
  rows.push({
    part: 'scale memory',
    quantity: `memory of an instance, ${least} to ${most}`,
    values: cells(perInstance, (bytes) => `${(bytes / 1_024).toFixed(1)} KiB`),
    aim: 'under 8 KiB',
    met: judgeOurs(perInstance, (ours) => ours < BYTES_PER_INSTANCE),
  });
  return { samples, rows };
};
