/** Which processes a supervisor that starts takes for services of its suite. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { serviceProcesses } from '../../../services/supervisor/serviceProcess.js';

const SERVES = "console.log('up'); setInterval(() => {}, 1000)";

async function service(context: TestContext, runDir: string, before: readonly string[]): Promise<ChildProcess> {
  const command = [process.execPath, '-e', SERVES, '/opt/ipvsd/main.js', '--run-dir', runDir];
  const [program = '', ...words] = [...before, ...command];
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  context.after(() => child.kill('SIGKILL'));
  assert.ok(child.stdout);
  await once(child.stdout, 'data');
  return child;
}

test('a suite that has another folder at the same path is left alone', {
  skip: process.getuid?.() === 0 ? false : 'needs root for a mount namespace',
}, async (context) => {
  const runDir = mkdtempSync(join(tmpdir(), 'keepwatch-strays-'));
  context.after(() => rmSync(runDir, { recursive: true }));
  const ours = await service(context, runDir, []);
  const elsewhere = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none "$0" && exec "$@"', runDir];
  const theirs = await service(context, runDir, elsewhere);
  assert.deepEqual(serviceProcesses(['ipvsd'], runDir), [ours.pid]);
  assert.ok(theirs.pid !== undefined && theirs.exitCode === null);
});
