/** Health checks and the kernel's table beside keepalived, both in one guest: only there are its figures comparable. */
import { runInGuest } from '../../ipvs/lib/guest.js';
import { ensureImage, missingForGuests } from '../../ipvs/lib/image.js';
import type { Software } from '../../topology/lib/software.js';
import { cells, judge, judgeOurs, megabytes, ms, type Part, type PerProgram } from '../part.js';
import { summarize } from '../statistics.js';
import type { Row } from '../table.js';
import {
  type ChecksResult,
  type ChecksScenario,
  type DeathResult,
  RESULT_MARK,
  type Scenario,
  type ScenarioResult,
  type TableResult,
} from './scenario.js';

const GUEST_TIMEOUT_MS = 540_000;
const PART = 'ipvs';
/** Ten thousand real servers, the suite and nginx; what the guest writes is memory as well. */
const MEMORY_MB = 4_096;

async function inGuest<Result extends ScenarioResult>(
  scenario: Scenario,
  programs: readonly Software[],
): Promise<PerProgram<Result>> {
  const names = programs.map(({ name }) => name);
  const command = ['--import', 'tsx', 'test/bench/ipvs/guest.ts', JSON.stringify(scenario), ...names];
  const { status, output, console } = await runInGuest(
    ensureImage(),
    [process.execPath, ...command],
    GUEST_TIMEOUT_MS,
    MEMORY_MB,
  );
  const lines = output.split('\n').filter((text) => text.startsWith(RESULT_MARK));
  if (status !== 0) throw new Error(`the guest could not measure ${scenario.kind}\n${output}\n${console}`);
  return Object.assign({}, ...lines.map((line) => JSON.parse(line.slice(RESULT_MARK.length))));
}

const total = (numbers: Readonly<Record<string, number>>): number =>
  Object.values(numbers).reduce((sum, value) => sum + value, 0);

const rate = ({ checks, seconds }: ChecksResult): number => checks / seconds;

/** Processor time of the whole suite per check, in milliseconds. */
function cpuPerCheck({ cpu, checks }: ChecksResult, kinds: readonly ('user' | 'system')[]): number {
  const times = Object.values(cpu).flatMap((time) => kinds.map((kind) => time[kind]));
  return (times.reduce((sum, value) => sum + value, 0) / checks) * 1_000;
}

/** Standard deviation of the checks in a slice as a part of their mean: 0 is perfectly even. */
function unevenness({ slices }: ChecksResult): number {
  const { mean } = summarize(slices);
  return Math.sqrt(slices.reduce((sum, count) => sum + (count - mean) ** 2, 0) / slices.length) / mean;
}

function checkRows({ checker, servers, delayLoop }: ChecksScenario, found: PerProgram<ChecksResult>): Row[] {
  const due = servers / delayLoop;
  const row = (quantity: string, text: (result: ChecksResult) => string, more: Partial<Row> = {}): Row => ({
    part: PART,
    quantity,
    values: cells(found, text),
    ...more,
  });
  return [
    row(`${checker}, ${servers} real servers, delay_loop ${delayLoop}: checks/s of ${due} due`, (result) =>
      rate(result).toFixed(0),
    ),
    row('  processor time per check', (result) => ms(cpuPerCheck(result, ['user', 'system'])), {
      aim: '1.5 × keepalived',
      met: judge(
        found,
        (ours, theirs) => cpuPerCheck(ours, ['user', 'system']) <= 1.5 * cpuPerCheck(theirs, ['user', 'system']),
      ),
    }),
    row('  of it user', (result) => ms(cpuPerCheck(result, ['user']))),
    row('  unevenness of 50 ms slices', (result) => `${(unevenness(result) * 100).toFixed(0)} %`),
    row('  table complete', ({ completeMs }) => ms(completeMs, 0), {
      aim: 'not later',
      met: judge(found, (ours, theirs) => ours.completeMs <= theirs.completeMs),
    }),
    row('  resident', ({ residentKb }) => megabytes(total(residentKb))),
    row('  stop', ({ stop }) => `${ms(stop.ms, 0)}, ${stop.left} left`, {
      aim: 'below 1 s, nothing left',
      met: judgeOurs(found, ({ stop }) => stop.ms < 1_000 && stop.left === 0),
    }),
  ];
}

function deathRows(found: PerProgram<DeathResult>): Row[] {
  const median = ({ excessMs }: DeathResult): number => summarize(excessMs).p50;
  const quantity = 'refused check to changed table, beyond the retry';
  return [
    {
      part: PART,
      quantity: `${quantity}: median`,
      values: cells(found, (result) => ms(median(result))),
      aim: 'at most 20 ms',
      met: judgeOurs(found, (ours) => median(ours) <= 20),
    },
    { part: PART, quantity: '  worst', values: cells(found, ({ excessMs }) => ms(summarize(excessMs).max)) },
  ];
}

function tableRows(destinations: number, found: PerProgram<TableResult>): Row[] {
  const row = (quantity: string, pick: (result: TableResult) => number): Row => ({
    part: PART,
    quantity,
    values: cells(found, (result) => ms(pick(result), 0)),
    aim: 'not slower',
    met: judge(found, (ours, theirs) => pick(ours) <= pick(theirs)),
  });
  return [
    row(`${destinations} destinations into an empty table, from the exec`, ({ startMs }) => startMs),
    row('  reload that changes 10 of them', ({ reloadMs }) => reloadMs),
  ];
}

/** Leaves a part out, in words, where no guest can be booted. */
const inGuests =
  (part: Part): Part =>
  async (programs, effort) => {
    const missing = missingForGuests();
    if (missing === undefined) return part(programs, effort);
    console.error(`${PART}: left out: ${missing}`);
    return { samples: {}, rows: [] };
  };

const checks = (...scenarios: readonly Omit<ChecksScenario, 'kind'>[]): Part =>
  inGuests(async (programs) => {
    const samples: Record<string, unknown> = {};
    const rows: Row[] = [];
    for (const one of scenarios) {
      const scenario: ChecksScenario = { kind: 'checks', ...one };
      const found = await inGuest<ChecksResult>(scenario, programs);
      samples[JSON.stringify(scenario)] = found;
      rows.push(...checkRows(scenario, found));
    }
    return { samples, rows };
  });

const DESTINATIONS = 10_000;

/** Each boots a guest of its own for every scenario, with both programs one after the other in it. */
export const IPVS_PARTS: Readonly<Record<string, Part>> = {
  'ipvs-tcp': checks({ checker: 'TCP_CHECK', servers: 2_000, delayLoop: 1, seconds: 10 }),
  'ipvs-http': checks({ checker: 'HTTP_GET', servers: 2_000, delayLoop: 1, seconds: 10 }),
  'ipvs-many': checks(
    { checker: 'TCP_CHECK', servers: 5_000, delayLoop: 5, seconds: 10 },
    { checker: 'TCP_CHECK', servers: 10_000, delayLoop: 20, seconds: 20 },
  ),
  'ipvs-death': inGuests(async (programs, { rounds }) => {
    const found = await inGuest<DeathResult>({ kind: 'death', rounds }, programs);
    return { samples: { deaths: found }, rows: deathRows(found) };
  }),
  'ipvs-table': inGuests(async (programs) => {
    const found = await inGuest<TableResult>({ kind: 'table', destinations: DESTINATIONS }, programs);
    return { samples: { table: found }, rows: tableRows(DESTINATIONS, found) };
  }),
};
