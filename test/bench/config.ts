/** How long `-t` takes for configurations of several sizes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../topology/lib/command.js';
import { builtCommand, keepalived, keepwatch, type Software } from '../topology/lib/software.js';
import { cells, inTurn, judge, ms, type Part } from './part.js';
import { summarize } from './statistics.js';
import type { Row } from './table.js';

/** What is repeated how often. */
interface ConfigSize {
  readonly kind: 'vrrp_instance' | 'real_server';
  readonly count: number;
}

const CONFIG_SIZES: readonly ConfigSize[] = [
  { kind: 'vrrp_instance', count: 10 },
  { kind: 'vrrp_instance', count: 1_000 },
  { kind: 'vrrp_instance', count: 10_000 },
  { kind: 'real_server', count: 10_000 },
  { kind: 'real_server', count: 100_000 },
];

/** Name of a size in results. */
const sizeName = ({ kind, count }: ConfigSize): string => `${count} ${kind}`;

/** A VRID may stand once on an interface. */
const INSTANCES_PER_INTERFACE = 250;
const INTERFACES = 10_000 / INSTANCES_PER_INTERFACE;

/** In one pool keepalived compares each server with all others, which takes minutes for 100 000. */
const POOL = 100;

const address = (index: number): string => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;

function instances(count: number): string {
  const one = (index: number): string => `vrrp_instance VI_${index} {
    state BACKUP
    interface kb${Math.floor(index / INSTANCES_PER_INTERFACE)}
    virtual_router_id ${(index % INSTANCES_PER_INTERFACE) + 1}
    priority 100
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass 1111
    }
    virtual_ipaddress {
        ${address(index)}/32
    }
}
`;
  return Array.from({ length: count }, (_, index) => one(index)).join('');
}

function realServers(count: number): string {
  const one = (index: number): string => `    real_server ${address(index)} 80 {
        weight 1
        TCP_CHECK {
            connect_timeout 3
        }
    }
`;
  const pool = (number: number): string => `virtual_server ${address(number)} 443 {
    delay_loop 6
    lvs_sched rr
    lvs_method NAT
    protocol TCP
${Array.from({ length: POOL }, (_, index) => one(number * POOL + index)).join('')}}
`;
  return Array.from({ length: count / POOL }, (_, number) => pool(number)).join('');
}

/** keepalived looks for the interfaces while it reads. */
const SETUP = `for i in $(seq 0 ${INTERFACES - 1}); do echo "link add kb$i type veth peer name kc$i"; echo "link set kb$i up"; done | ip -batch -`;

const TIMEOUT_MS = 300_000;

/** Milliseconds of each run by size; the interfaces exist in a network namespace for the time of it. */
async function configTimes(software: Software, rounds: number): Promise<Record<string, number[]>> {
  const directory = mkdtempSync(join(tmpdir(), 'keepwatch-bench-'));
  try {
    const found: Record<string, number[]> = {};
    for (const size of CONFIG_SIZES) {
      const file = join(directory, `${size.kind}-${size.count}.conf`);
      writeFileSync(file, size.kind === 'vrrp_instance' ? instances(size.count) : realServers(size.count));
      found[sizeName(size)] = await timesOf(software, file, rounds);
    }
    return found;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function timesOf(software: Software, file: string, rounds: number): Promise<number[]> {
  const program = software === keepwatch ? `"${process.execPath}" "${builtCommand('keepwatchd')}"` : 'keepalived';
  // The configurations have no mistakes: another exit code ends the script and thereby the bench.
  const script = `${SETUP}
    for round in $(seq ${rounds}); do
      from=$(date +%s%N); ${program} -t -f "$1" >&2; echo $(($(date +%s%N) - from))
    done`;
  const output = await run(['unshare', '-n', 'sh', '-ec', script, 'sh', file], TIMEOUT_MS);
  return output
    .trim()
    .split('\n')
    .map((nanoseconds) => Number(nanoseconds) / 1e6);
}

/** What ours is held to beside keepalived, by size. */
const CONFIG_AIMS: Readonly<Record<string, { readonly aim: string; met(ours: number, theirs: number): boolean }>> = {
  '10 vrrp_instance': { aim: 'under 150 ms', met: (ours) => ours < 150 },
  '10000 vrrp_instance': { aim: 'faster', met: (ours, theirs) => ours < theirs },
  '100000 real_server': { aim: 'within 2 times', met: (ours, theirs) => ours <= 2 * theirs },
};

export const configPart: Part = async (programs, { rounds }) => {
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
