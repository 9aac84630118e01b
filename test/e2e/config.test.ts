/** The commands that judge, show, format and compare configurations, as processes: output and exit codes. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { Diagnostic } from '../../services/shared/rpc/generated/keepwatch/v1/common.js';
import { PlanReloadResponse } from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { bundleWithDoubles, TestSuite } from './support/suite.js';

let bundle: string;
let directory: string;
let suite: TestSuite | undefined;
before(async () => {
  bundle = await bundleWithDoubles();
  directory = mkdtempSync(join(tmpdir(), 'keepwatch-config-'));
});
after(() => {
  rmSync(bundle, { recursive: true, force: true });
  rmSync(directory, { recursive: true, force: true });
});
afterEach(async () => {
  await suite?.clean();
  suite = undefined;
});

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

function run(name: 'keepwatchd' | 'keepwatchctl', ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(bundle, 'cmd', name, 'main.js'), '--run-dir', '/nonexistent', ...args],
    { encoding: 'utf8' },
  );
  return { code: status, stdout, stderr };
}

const ctl = (...args: string[]) => run('keepwatchctl', ...args);

const instance = (settings: string): string => `vrrp_instance VI_1 {
	interface lo
	virtual_router_id 51
	${settings}
	authentication {
		auth_type PASS
		auth_pass s3cret
	}
	virtual_ipaddress {
		192.0.2.1/32
	}
}
`;

test('check and -t: the place, the line, a caret, what was meant; the same exit codes; JSON that reads back', () => {
  const path = file('bad.conf', instance('priorit 100'));
  const expected = `${path}:4:2: error: unknown keyword 'priorit' in vrrp_instance (did you mean 'priority'?)
    	priorit 100
    	^
`;
  assert.deepEqual(ctl('check', path), { code: 5, stdout: '', stderr: expected });
  assert.deepEqual(run('keepwatchd', '-t', '-f', path), { code: 5, stdout: '', stderr: expected });

  const json = ctl('check', path, '--json');
  assert.deepEqual([json.code, json.stderr], [5, '']);
  const [found] = JSON.parse(json.stdout).diagnostics.map(Diagnostic.fromJSON);
  assert.deepEqual([found.code, found.position], ['unknown-keyword', { file: path, line: 4, column: 2 }]);
  assert.equal(run('keepwatchd', '-t', '--json', '-f', path).stdout, json.stdout);

  const lenient = ctl('check', path, '--lenient');
  assert.equal(lenient.code, 0);
  assert.match(lenient.stderr, /warning: unknown keyword 'priorit' in vrrp_instance; ignored \(did you mean/);
  assert.equal(run('keepwatchd', '-t', '--lenient', '-f', path).code, 0);
  assert.equal(ctl('check', path, '--lenient', '--warnings-as-errors').code, 5);

  const findings = join(directory, 'findings');
  assert.equal(run('keepwatchd', `-t${findings}`, '-f', path).code, 5);
  assert.equal(readFileSync(findings, 'utf8'), `${expected.split('\n')[0]}\n`, 'a file gets no source lines');

  assert.equal(ctl('check', join(directory, 'missing')).code, 4);
  assert.equal(ctl('check').code, 2);
});

test('config show: expanded, typed and JSON; passwords only when asked for', () => {
  const part = file('part.conf', instance(`priority \${PRIO}`));
  const path = file('whole.conf', `$PRIO=120\n@nobody nonsense\ninclude ${part} # there\n`);
  const expanded = ctl('config', 'show', path);
  assert.equal(expanded.code, 0, expanded.stderr);
  assert.equal(
    expanded.stdout,
    instance('priority 120').replaceAll('\t\t', '        ').replaceAll('\t', '    ').replace('s3cret', '********'),
  );
  assert.match(ctl('config', 'show', path, '--secrets').stdout, /auth_pass s3cret/);
  assert.match(ctl('config', 'show', path, '--typed').stdout, /priority: 120\n/);
  const json = JSON.parse(ctl('config', 'show', path, '--json').stdout);
  assert.equal(json.vrrpd.instances[0].priority, 120);
  assert.equal(ctl('config', 'show', path, '--json', '--typed').code, 2);
  assert.equal(ctl('config', 'show', file('broken.conf', 'a {\n')).code, 5);
});

test('fmt: to stdout, in place through a link with the same mode, and --check', () => {
  const path = file('untidy.conf', 'vrrp_script a\n{ script "x  y" # why\n}\n');
  const tidy = 'vrrp_script a {\n    script "x  y" # why\n}\n';
  assert.deepEqual(ctl('fmt', path), { code: 0, stdout: tidy, stderr: '' });
  assert.deepEqual(ctl('fmt', path, '--check'), { code: 1, stdout: `${path}\n`, stderr: '' });
  chmodSync(path, 0o640);
  const link = join(directory, 'link.conf');
  symlinkSync(path, link);
  assert.deepEqual(ctl('fmt', link, '--write'), { code: 0, stdout: '', stderr: '' });
  assert.equal(readFileSync(path, 'utf8'), tidy);
  assert.equal(statSync(path).mode & 0o777, 0o640);
  assert.equal(ctl('fmt', path, '--check').code, 0);

  const broken = file('broken2.conf', 'a {\n');
  const refused = ctl('fmt', broken, '--write');
  assert.equal(refused.code, 5);
  assert.match(refused.stderr, /never closed/);
  assert.equal(readFileSync(broken, 'utf8'), 'a {\n');
  assert.equal(ctl('fmt', join(directory, 'missing')).code, 4);
});

test('plan between two files needs no suite', () => {
  const now = file('now.conf', instance('priority 100'));
  const next = file(
    'next.conf',
    instance('priority 150').replaceAll('VI_1', 'VI_2') +
      instance('priority 150').replaceAll('51', '52').replaceAll('192.0.2.1', '192.0.2.2'),
  );
  const plan = ctl('plan', next, '--against', now);
  assert.equal(plan.code, 0, plan.stderr);
  assert.equal(
    plan.stdout,
    `It would
  add vrrp_instance VI_2
  replace vrrp_instance VI_1: virtual_router_id 51 -> 52, priority 100 -> 150, virtual_ipaddress - 192.0.2.1/32, virtual_ipaddress + 192.0.2.2/32
`,
  );
  assert.equal(ctl('plan', now, '--against', now).stdout, 'Nothing would change.\n');
  const bad = file('bad2.conf', instance('priorit 1'));
  assert.deepEqual([ctl('plan', bad, '--against', now).code, ctl('plan', now, '--against', bad).code], [5, 5]);
  assert.equal(ctl('plan', '--against', now).code, 2);
  assert.equal(ctl('plan', now).code, 3, 'without a suite');
});

test('plan against a running suite: its own file or another, and nothing is changed', async () => {
  suite = new TestSuite(bundle, 'vrrp_instance VI_1 {\n}\n');
  await suite.startReady();
  const before = suite.calls('vrrpd', 'configure').length;
  assert.equal((await suite.command('keepwatchctl', 'plan')).stdout, 'Nothing would change.\n');

  const other = file('other.conf', 'vrrp_instance VI_2 {\n}\n');
  const plan = await suite.command('keepwatchctl', 'plan', other);
  assert.equal(plan.code, 0, plan.stderr);
  assert.match(plan.stdout, /^It would\n(?: {2}change \w+\n)* {2}change vrrpd\nand no state would move\.\n$/);
  const json = PlanReloadResponse.fromJSON(
    JSON.parse((await suite.command('keepwatchctl', 'plan', other, '--json')).stdout),
  );
  assert.deepEqual([json.acceptable, json.generation, json.changes.length], [true, 1n, 2]);

  suite.writeConfig('vrrp_instance REFUSE {\n}\n');
  const refused = await suite.command('keepwatchctl', 'plan');
  assert.equal(refused.code, 5);
  assert.match(
    refused.stderr,
    /keepwatch\.conf:1:15: error: vrrpd: will not have REFUSE\n {4}vrrp_instance REFUSE \{\n {18}\^\n/,
  );
  assert.equal(refused.stdout, 'It would be refused.\n');
  assert.equal((await suite.command('keepwatchctl', 'plan', file('open.conf', 'a {\n'))).code, 5);
  assert.equal(suite.calls('vrrpd', 'configure').length, before);
  assert.deepEqual((await suite.status())?.refusedReload, []);
});

test('a suite runs leniently when it is told to, reloads included', async () => {
  suite = new TestSuite(bundle, 'nonsense\nvrrp_instance VI_1 {\n}\n');
  const refused = await suite.command('keepwatchd', '-n');
  assert.equal(refused.code, 5);
  assert.match(refused.stderr, /error: unknown keyword 'nonsense' at the top level.*\n {4}nonsense\n {4}\^/);
  await suite.startReady('--lenient');
  const reload = await suite.command('keepwatchctl', 'reload');
  assert.equal(reload.code, 0, reload.stderr);
  assert.match(reload.stderr, /warning: unknown keyword 'nonsense'/);
});

test('keywords: all, of one block, as JSON with counts', () => {
  const all = ctl('keywords', '--json');
  const { keywords, counts } = JSON.parse(all.stdout);
  assert.equal(counts.total, keywords.length);
  assert.equal(counts.works + counts.noEffectYet, counts.total);
  assert.ok(counts.total > 300);
  const priority = keywords.find(
    (entry: { name: string; scope: string }) => entry.name === 'priority' && entry.scope === 'vrrp_instance',
  );
  assert.equal(priority.usage, 'priority <priority 1..255>');
  const some = ctl('keywords', 'vrrp_sync_group').stdout;
  assert.match(some, /^SCOPE +USAGE +STATUS +DEFAULT +DOCUMENTATION\nvrrp_sync_group +group \{ … \} +works/);
  assert.match(some, /\d+ keywords: \d+ work, \d+ have no effect yet\n$/);
  const wrong = ctl('keywords', 'vrrp_instanec');
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /did you mean 'vrrp_instance'/);
});

test('findings in a pipe whose reader has read enough are no error', () => {
  const output = execFileSync('sh', [
    '-c',
    `"${process.execPath}" "${join(bundle, 'cmd/keepwatchctl/main.js')}" keywords --json | head -c 10`,
  ]);
  assert.equal(output.length, 10);
});
