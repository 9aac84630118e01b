/** The library keeps its promise: whatever happens to a test, no process, namespace or file stays. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from './lib/eventually.js';
import { Lab } from './lib/lab.js';
import { listProcesses, namespaceOf, pinNamespace } from './lib/processes.js';
import { labSkip } from './lib/underTest.js';

const PROGRAM = `
  import { Lab } from ${JSON.stringify(new URL('./lib/lab.ts', import.meta.url).href)};
  const lab = await Lab.start();
  const host = await lab.host('victim');
  host.spawnInside(['sh', '-c', 'trap "" TERM INT HUP; sleep 1000 & sleep 1001'], lab.directory + '/log');
  console.log(JSON.stringify({ directory: lab.directory, host: host.pid }));
  setInterval(() => {}, 1000);
`;

async function startVictim(context: TestContext) {
  const folder = fileURLToPath(new URL('../..', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', PROGRAM], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { directory, host } = JSON.parse(line.toString()) as { directory: string; host: number };
  const namespace = namespaceOf(host, 'net');
  assert.ok(namespace);
  // Its number must not become that of another test's namespace.
  context.after(pinNamespace(host, 'net'));
  const inside = () => listProcesses().filter(({ pid }) => namespaceOf(pid, 'net') === namespace);
  await eventually('the stubborn daemon runs', () => inside().length >= 4);
  return { child, directory, inside };
}

describe('nothing is left behind', { skip: await labSkip(), concurrency: true }, () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`after ${signal}`, async (context) => {
      const { child, directory, inside } = await startVictim(context);
      child.kill(signal);
      await once(child, 'exit');
      await eventually('its processes are gone', () => inside().length === 0);
      assert.ok(!existsSync(directory));
    });
  }

  test('after kill -9; the next lab removes the files', async (context) => {
    const { child, directory, inside } = await startVictim(context);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await eventually('its processes are gone', () => inside().length === 0);
    const lab = await Lab.start();
    assert.ok(!existsSync(directory));
    await lab.close();
    assert.ok(!existsSync(lab.directory));
  });
});
