/** Boots a kernel with IPVS and runs the tests of `guest/` inside it, each reported by its own name. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { runInGuest } from './lib/guest.js';
import { ensureImage, missingForGuests } from './lib/image.js';

const GUEST_TIMEOUT_MS = 300_000;
const files = readdirSync(new URL('guest', import.meta.url))
  .filter((name) => name.endsWith('.guest.ts'))
  .map((name) => `test/ipvs/guest/${name}`);

const missing = missingForGuests();

test('ipvsd against a real kernel', { skip: missing ?? false, timeout: 2 * GUEST_TIMEOUT_MS }, async (context) => {
  const command = [process.execPath, '--import', 'tsx', '--test', '--test-reporter=tap', ...files];
  const { status, output, console } = await runInGuest(ensureImage(), command, GUEST_TIMEOUT_MS);
  const lines = [...output.matchAll(/^ *(not ok|ok) \d+ - (.*)$/gm)].filter(([, , name]) => !name?.endsWith('.ts'));
  for (const [, verdict, name] of lines) {
    await context.test(name ?? '', () => assert.equal(verdict, 'ok', output));
  }
  for (const [, measured] of output.matchAll(/^# (.* ms.*)$/gm)) context.diagnostic(measured ?? '');
  assert.ok(lines.length > 0, `no test ran in the guest\n${output}\n${console}`);
  assert.equal(status, 0, `${output}\n${console}`);
});
