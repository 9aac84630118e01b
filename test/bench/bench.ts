// The bench: keepalived and Keepwatch side by side in one run. After a build: node --import tsx test/bench/bench.ts --help
import { existsSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { parseArgs } from 'node:util';
import { tryRun } from '../topology/lib/command.js';
import { Host } from '../topology/lib/host.js';
import { whyNoLab } from '../topology/lib/lab.js';
import { builtCommand, keepwatch, quietKeepalived, type Software } from '../topology/lib/software.js';
import { PARTS } from './parts.js';
import { Surroundings } from './surroundings.js';
import { type Row, renderTable } from './table.js';

const HELP = `usage: npm run bench -- [--json] [--rounds N] [--adverts N] [--seconds N] [--upgrades N] [--only keepalived|keepwatch]
                          [--shield] [part …]
parts: ${Object.keys(PARTS).join(' ')} (all when none is named; ipvs names all of ipvs-…)
  --rounds N    crashes, hand-overs and starts of each program (5)
  --adverts N   gaps between advertisements (60)
  --seconds N   length of an observation that has no end of its own (60)
  --upgrades N  upgrades in a row (100)
  --shield      prefer what is measured, both programs alike, to what else runs on this machine
  --json        the raw samples and the rows as JSON on standard output`;

/** A whole number above zero, or an error that names the option. */
function count(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${option}: '${text}' is not a number of times`);
  return value;
}

async function keepalivedTitle(): Promise<string> {
  const { stderr } = await tryRun(['keepalived', '--version']);
  return /Keepalived v(\S+)/.exec(stderr)?.[0]?.toLowerCase().replace(' v', ' ') ?? 'keepalived';
}

function choosePrograms(only: string | undefined): Software[] {
  const all = [quietKeepalived, keepwatch].filter(({ name }) => only === undefined || name === only);
  if (all.length === 0) throw new Error(`--only: '${only}' is neither keepalived nor keepwatch`);
  return all.filter((program) => {
    const there = program === quietKeepalived ? Host.hasProgram('keepalived') : existsSync(builtCommand('keepwatchd'));
    if (!there) console.error(`${program.name} is not here and is left out`);
    return there;
  });
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '5' },
      adverts: { type: 'string', default: '60' },
      seconds: { type: 'string', default: '60' },
      upgrades: { type: 'string' },
      only: { type: 'string' },
      shield: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const effort = {
    rounds: count('rounds', values.rounds),
    adverts: count('adverts', values.adverts),
    seconds: count('seconds', values.seconds),
    ...(values.upgrades === undefined ? {} : { upgrades: count('upgrades', values.upgrades) }),
  };
  const asked = (part: string): boolean => positionals.some((name) => part === name || part.startsWith(`${name}-`));
  const unknown = positionals.filter(
    (name) => !Object.keys(PARTS).some((part) => part === name || part.startsWith(`${name}-`)),
  );
  if (unknown.length > 0) throw new Error(`unknown part: ${unknown.join(', ')}\n${HELP}`);
  const programs = choosePrograms(values.only);
  const obstacle = await whyNoLab('tcpdump');
  if (obstacle !== undefined) throw new Error(`cannot measure here: ${obstacle}`);

  const [load = 0] = loadavg();
  if (load > 0.5) console.error(`load ${load.toFixed(1)}: something else runs here, the numbers will show it`);
  const rows: Row[] = [];
  const samples: Record<string, unknown> = {};
  const conditions: string[] = [];
  for (const [name, part] of Object.entries(PARTS)) {
    if (positionals.length > 0 && !asked(name)) continue;
    const from = performance.now();
    const surroundings = new Surroundings(values.shield);
    const result = await part(programs, effort);
    rows.push(...result.rows);
    samples[name] = result.samples;
    const taken = ((performance.now() - from) / 1_000).toFixed(0);
    const around = `${name}: measured in ${taken} s; ${surroundings.end()}`;
    conditions.push(around);
    console.error(around);
  }
  const machine = {
    kernel: release(),
    processors: cpus().length,
    node: process.version,
    load,
    shielded: values.shield,
    conditions,
  };
  if (values.json) {
    console.log(JSON.stringify({ machine, effort, rows, samples }, null, 2));
  } else {
    const titles = await Promise.all(
      programs.map(async ({ name }) => ({
        key: name,
        title: name === 'keepalived' ? await keepalivedTitle() : 'Keepwatch',
      })),
    );
    console.log(
      `\nLinux ${machine.kernel}, ${machine.processors} processors, load ${load.toFixed(1)} before, Node ${machine.node}\n`,
    );
    console.log(renderTable(rows, titles));
    console.log(`\n${conditions.join('\n')}${values.shield ? '\nshielded from what else ran' : ''}`);
  }
  return rows.some(({ met }) => met === false) ? 1 : 0;
}

try {
  process.exit(await main());
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(2);
}
