// Runs the tests in stages, cheapest first, then says what failed, what this machine could not run and why, and the count.
// usage: node .ci/test.mjs [stage|folder|file …]      stages: unit golden conformance simulation corpus e2e topology ipvs delivery containers
//        delivery has several folders below test/; each other stage has the folder of its name
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Of the topologies these say how soon something happens, or kill and load on purpose: each has the machine for itself.
const ALONE =
  /\/(announcing|attack|chaos|demo|failover|flaps|hostEvents|kill|leaving|malformed|orders|reload|spare|upgrade)\.test\.ts$/;

// Tests that mind the time run one file at a time: two of them on two cores would disturb each other.
// `together`: many small files share a process, whose start takes longer than most of them.
const STAGES = [
  { name: 'unit', concurrency: 2, together: true },
  { name: 'golden', concurrency: 2 },
  { name: 'conformance', concurrency: 2 },
  { name: 'simulation', concurrency: 2 },
  { name: 'corpus', concurrency: 2 },
  { name: 'e2e', concurrency: 2 },
  { name: 'topology', concurrency: 2, takes: (file) => !ALONE.test(file) },
  { name: 'topology, alone', folders: ['topology'], concurrency: 1, takes: (file) => ALONE.test(file) },
  { name: 'ipvs', concurrency: 1 },
  { name: 'delivery', folders: ['docs', 'packaging'], concurrency: 2 },
  { name: 'containers', concurrency: 1 },
];

const asked = process.argv.slice(2);

function testFiles(path) {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(path, name))
    .sort();
}

const wanted = (stage, folder, file) =>
  asked.length === 0 || [stage, folder, file].some((name) => asked.includes(name));
const stages = STAGES.map(({ name, folders = [name], concurrency, together = false, takes = () => true }) => ({
  name,
  concurrency,
  together,
  files: folders.flatMap((folder) =>
    testFiles(`test/${folder}`).filter((file) => takes(file) && wanted(name, folder, file)),
  ),
}));

/** Runs test files, as many at a time as may be. */
async function runFiles(files, concurrency, report) {
  return [await runNode(['--test', `--test-concurrency=${concurrency}`], files, report)];
}

/** Runs test files in so many processes. What they print comes one after the other. */
async function runTogether(files, processes, report) {
  const share = (index) => files.filter((_, at) => at % processes === index);
  return await Promise.all(
    Array.from({ length: Math.min(processes, files.length) }, (_, index) =>
      runNode([], ['.ci/together.mjs', ...share(index)], `${report}.${index}`, true),
    ),
  );
}

/** Gives how it ended, and what the reporter collected. `held`: what it prints comes when it has ended. */
async function runNode(flags, words, report, held = false) {
  const reporters = ['spec', 'stdout', './.ci/collect.mjs', report].map(
    (value, index) => `--test-reporter${index % 2 === 0 ? '' : '-destination'}=${value}`,
  );
  const child = spawn(process.execPath, ['--import', 'tsx', ...flags, ...reporters, ...words], {
    stdio: ['ignore', held ? 'pipe' : 'inherit', 'inherit'],
  });
  const output = [];
  child.stdout?.on('data', (chunk) => output.push(chunk));
  const [status, signal] = await once(child, 'close');
  process.stdout.write(Buffer.concat(output));
  return { status, signal, results: collected(report) };
}

const collected = (report) =>
  existsSync(report)
    ? readFileSync(report, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : [];

const scratch = mkdtempSync(join(tmpdir(), 'keepwatch-test-'));
const results = [];
const broken = [];
const started = Date.now();
try {
  for (const { name, concurrency, together, files } of stages) {
    if (files.length === 0) continue;
    const stageStarted = Date.now();
    console.log(`\n── ${name}: ${files.length} files`);
    const runs = await (together ? runTogether : runFiles)(files, concurrency, join(scratch, `${name}.jsonl`));
    for (const { status, signal, results: found } of runs) {
      results.push(...found);
      // A runner that failed without a failed test (it crashed, or a file could not be loaded) is a failure too.
      if ((status !== 0 || signal) && !found.some((result) => result.outcome === 'failed')) {
        broken.push(`${name}: the test runner ended with ${signal ?? `status ${status}`} and no failed test`);
      }
    }
    console.log(`── ${name}: ${((Date.now() - stageStarted) / 1000).toFixed(1)} s`);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

const of = (outcome) => results.filter((result) => result.outcome === outcome);
const skipped = [...of('skipped'), ...of('todo')];
if (skipped.length > 0) {
  console.log('\nNot run on this machine:');
  for (const { file, name, reason } of skipped) console.log(`  ${file}: ${name}: ${reason || 'no reason given'}`);
}
const failures = of('failed');
if (failures.length + broken.length > 0) {
  console.log('\nFailed:');
  for (const { file, name } of failures) console.log(`  ${file}: ${name}`);
  for (const line of broken) console.log(`  ${line}`);
}
console.log(`\ntests took ${((Date.now() - started) / 1000).toFixed(0)} s`);
console.log(`${of('passed').length} passed, ${failures.length + broken.length} failed, ${skipped.length} skipped`);
process.exitCode = failures.length + broken.length > 0 || results.length === 0 ? 1 : 0;
