import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { exitCodeFor } from '../../../cmd/keepwatchd/exitCode.js';
import { interpretTyped } from '../../../cmd/keepwatchd/interpreters.js';
import { scriptFindings } from '../../../cmd/keepwatchd/scriptFindings.js';
import { treeOf } from '../shared/config/support.js';

const needsRoot = process.getuid?.() === 0 ? false : 'needs root';

function scriptsIn(context: TestContext): { readonly good: string; readonly open: string } {
  const folder = mkdtempSync(join(tmpdir(), 'keepwatch-scripts-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, mode: number): string => {
    const path = join(folder, name);
    writeFileSync(path, '#!/bin/sh\n');
    chmodSync(path, mode);
    return path;
  };
  return { good: write('good', 0o755), open: write('open', 0o777) };
}

const judge = async (globals: string, lines: readonly string[]) =>
  (
    await scriptFindings(
      interpretTyped(
        treeOf(
          `global_defs {\n${globals}\n}\nvrrp_instance VI_1 {\ninterface lo\nvirtual_router_id 1\n${lines.join('\n')}\n}\n`,
        ),
      ).typed,
    )
  ).map(({ severity, code, message, position }) => ({ severity, code, message, line: position?.line }));

test('a script that is missing, or whose user is, is a warning at its place; one that can run is none', async (context) => {
  const { good } = scriptsIn(context);
  const found = await judge('script_user nobody', [
    `notify_master ${good}`,
    'notify_backup "/etc/nosuch.sh word"',
    'notify_fault /bin/true nosuchuser',
    // The same again is told once.
    'notify_stop "/etc/nosuch.sh other"',
  ]);
  assert.deepEqual(
    found.map(({ severity, code, line }) => [severity, code, line]),
    [
      ['warning', 'script-unusable', 8],
      ['warning', 'script-user', 9],
    ],
  );
  assert.match(found[0]?.message ?? '', /^\/etc\/nosuch\.sh does not exist/);
  assert.equal(exitCodeFor([{ severity: 'warning', code: 'script-unusable' }]), 0);
});

test('a script that others could replace is an error where security is wanted', {
  skip: needsRoot,
}, async (context) => {
  const { open } = scriptsIn(context);
  const asked = await judge('script_user root\nenable_script_security', [`notify_master ${open}`]);
  assert.deepEqual(
    asked.map(({ severity, code }) => [severity, code]),
    [['error', 'script-security']],
  );
  assert.match(asked[0]?.message ?? '', /mode 0777\): everybody can write to it; chmod o-w /);
  assert.equal(exitCodeFor([{ severity: 'error', code: 'script-security' }]), 6);
  const quiet = await judge('script_user root', [`notify_master ${open}`]);
  assert.deepEqual(quiet[0]?.severity, 'warning');
  assert.deepEqual(await judge('script_user nobody', [`notify_master ${open}`]), [], 'nobody else’s trouble');
});
