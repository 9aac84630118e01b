/** The demo is the first thing a stranger runs: it has to end well, and to end at once when it is told to. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tryRun } from './lib/command.js';
import { eventually } from './lib/eventually.js';
import { listProcesses } from './lib/processes.js';
import { labSkip, underTest } from './lib/underTest.js';

const FOLDER = fileURLToPath(new URL('../..', import.meta.url));
const DEMO = [process.execPath, '--import', 'tsx', 'test/demo/demo.ts'];
const AS_NOBODY = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--'];

interface DemoRun {
  readonly child: ChildProcess;
  output(): string;
  /** Files and processes of the demo that are still there. */
  left(): string[];
}

function startDemo(prefix: readonly string[] = []): DemoRun {
  const [file = '', ...args] = [...prefix, ...DEMO];
  const temporary = mkdtempSync(join(tmpdir(), 'keepwatch-demo-test-'));
  chmodSync(temporary, 0o777);
  process.once('exit', () => rmSync(temporary, { recursive: true, force: true }));
  // A group of its own, so that a signal reaches all of it as Ctrl-C does.
  const child = spawn(file, args, {
    cwd: FOLDER,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: temporary },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  const left = () => {
    const processes = listProcesses().filter(({ argv }) => argv.some((word) => word.includes(temporary)));
    // tsx keeps its cache there, too.
    const files = readdirSync(temporary).filter((name) => !name.startsWith('tsx-'));
    return [...files, ...processes.map(({ pid, argv }) => `${pid} ${argv.join(' ')}`)];
  };
  return { child, output: () => text, left };
}

async function runsToTheEnd(prefix: readonly string[]): Promise<void> {
  const { child, output, left } = startDemo(prefix);
  const from = performance.now();
  const [status] = (await once(child, 'exit')) as [number | null];
  assert.equal(status, 0, output());
  assert.ok(!output().includes('✗'), output());
  assert.ok(performance.now() - from < 60_000, 'the demo takes more than a minute');
  assert.deepEqual(left(), []);
}

/** Why the demo cannot run as another user. */
async function rootlessSkip(): Promise<string | false> {
  const skip = await labSkip();
  if (skip !== false) return skip;
  if (underTest.name === 'keepalived') return 'keepalived cannot run scripts where it may not set groups';
  if (process.getuid?.() !== 0) return 'already tested by the ordinary run';
  const unshare = ['unshare', '--user', '--map-root-user', '--net', '--mount', '--'];
  const { status, stderr } = await tryRun([
    ...AS_NOBODY,
    ...unshare,
    process.execPath,
    '-e',
    `fs.readdirSync(${JSON.stringify(FOLDER)})`,
  ]);
  return status === 0 ? false : `no user namespaces for others than root: ${stderr.trim().split('\n').at(-1)}`;
}

const rootless = await rootlessSkip();

describe('the demo', { skip: await labSkip(), concurrency: true }, () => {
  test('happens, all of it', () => runsToTheEnd([]));

  test('happens for a user who is not root, too', { skip: rootless }, () => runsToTheEnd(AS_NOBODY));

  test('leaves nothing behind after Ctrl-C', async () => {
    const { child, output, left } = startDemo();
    await eventually('the demo is under way', () => output().includes('the client reaches'), { within: 30_000 });
    assert.notDeepEqual(left(), []);
    process.kill(-(child.pid ?? 0), 'SIGINT');
    const [status] = (await once(child, 'exit')) as [number | null];
    assert.equal(status, 130);
    await eventually('nothing is left', () => {
      const things = left();
      if (things.length > 0) throw new Error(things.join('; '));
      return true;
    });
  });
});
