/** `startup_script` and `shutdown_script` around a real supervisor. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { bundleWithDoubles, exitOf, TestSuite } from './support/suite.js';

let bundle: string;
let suite: TestSuite;
before(async () => {
  bundle = await bundleWithDoubles();
});
after(() => rmSync(bundle, { recursive: true, force: true }));
afterEach(() => suite.clean());

/** A suite with two scripts, which note their argument and the services whose sockets they see. */
function suiteWithScripts(startup: string): { notes: () => string[] } {
  suite = new TestSuite(bundle, '');
  const script = join(suite.directory, 'note');
  const notes = join(suite.directory, 'notes');
  writeFileSync(
    script,
    `#!/bin/sh
echo "$1 $(ls ${suite.runDir} | grep -c '^vrrpd.sock')" >> ${notes}
[ "$1" != hang ] || { echo 'about to hang'; sleep 60; }
`,
  );
  chmodSync(script, 0o755);
  const user = userInfo().username;
  suite.writeConfig(`global_defs {
  startup_script "${script} ${startup}" ${user}
  startup_script_timeout 1
  shutdown_script "${script} shutdown" ${user}
}
vrrp_instance VI_1 {
}
`);
  return { notes: () => (existsSync(notes) ? readFileSync(notes, 'utf8').trim().split('\n') : []) };
}

test('they run once, before the services and after them; not when a supervisor takes over what runs', async () => {
  const { notes } = suiteWithScripts('startup');
  await suite.startReady();
  assert.deepEqual(notes(), ['startup 0']);

  suite.supervisor?.kill('SIGKILL');
  if (suite.supervisor !== undefined) await exitOf(suite.supervisor);
  await suite.startReady();
  assert.deepEqual(notes(), ['startup 0']);

  const { supervisor } = suite;
  supervisor?.kill('SIGTERM');
  if (supervisor !== undefined) assert.equal(await exitOf(supervisor), 0);
  assert.deepEqual(notes(), ['startup 0', 'shutdown 0']);
});

test('a startup_script that hangs is killed at its limit, told with its place, and the suite starts', async () => {
  const { notes } = suiteWithScripts('hang');
  await suite.startReady('-l');
  assert.deepEqual(notes(), ['hang 0']);
  assert.match(suite.log, /startup_script at \S+keepwatch\.conf:2:18: killed after 1 s/);
  assert.match(suite.log, /about to hang/);
});

test('a script that does not exist is found by -t and keeps nothing from running', async () => {
  suite = new TestSuite(bundle, 'global_defs {\n  startup_script /no/such/program\n}\nvrrp_instance VI_1 {\n}\n');
  const { stderr } = await suite.command('keepwatchd', '-t');
  assert.match(stderr, /keepwatch\.conf:2:18: warning: \/no\/such\/program does not exist/);
  await suite.startReady('-l');
  assert.match(suite.log, /startup_script at \S+:2:18: \/no\/such\/program does not exist/);
});
