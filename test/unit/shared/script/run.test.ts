import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { SystemClock } from '../../../../services/shared/kernel/systemClock.js';
import type { ScriptIdentity } from '../../../../services/shared/script/identity.js';
import { closeInheritedDescriptors } from '../../../../services/shared/script/inherited.js';
import { describeOutcome, type ScriptRun } from '../../../../services/shared/script/outcome.js';
import { processBirth } from '../../../../services/shared/script/processGroup.js';
import { checkProgram, programProblem } from '../../../../services/shared/script/program.js';
import { ProcessScriptRunner, type ScriptRequest } from '../../../../services/shared/script/run.js';
import { millis, toMillis } from '../../../../services/shared/time/duration.js';

const folder = mkdtempSync(join(tmpdir(), 'keepwatch-script-'));
chmodSync(folder, 0o755);
after(() => rmSync(folder, { recursive: true }));

const uid = process.getuid?.() ?? 0;
const gid = process.getgid?.() ?? 0;
const me: ScriptIdentity = { user: 'me', uid, gid, home: '/home/me' };
const asRoot = { skip: uid === 0 ? false : 'needs root' };
const runner = new ProcessScriptRunner(new SystemClock());

let count = 0;
function script(text: string, mode = 0o755): string {
  const path = join(folder, `script ${count++}.sh`);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const run = (argv: readonly string[], more: Partial<ScriptRequest> = {}): Promise<ScriptRun> =>
  runner.run({ argv, identity: me, output: { to: 'tail' }, ...more }).ended;

const alive = (pid: number): boolean => processBirth(pid) !== undefined;

// The descriptors of whoever runs the tests are not the subject.
closeInheritedDescriptors();

describe('running scripts', () => {
  it('passes every word exactly, through no shell', async () => {
    const path = script('#!/bin/sh\nfor word; do printf "[%s]" "$word"; done\n');
    const words = ['a b', '', '$HOME', '`id`', '; exit 3', '*', "it's", '"q"', 'ünï', '-n', 'x\ny'];
    const { outcome, outputTail } = await run([path, ...words]);
    assert.deepEqual(outcome, { kind: 'exited', code: 0 });
    assert.equal(outputTail, words.map((word) => `[${word}]`).join(''));
  });

  it('gives a clean environment, directory, umask and descriptors, and a group of its own', async () => {
    process.env.NODE_KEEPWATCH_SECRET = 'leak';
    try {
      const path = script(`#!${process.execPath}
const fs = require('node:fs');
const stat = fs.readFileSync('/proc/self/stat', 'latin1').split(') ')[1].split(' ');
console.log(JSON.stringify({ env: process.env, cwd: process.cwd(), umask: process.umask(), pid: process.pid,
  pgrp: Number(stat[2]), session: Number(stat[3]), stdin: fs.readlinkSync('/proc/self/fd/0') }));
`);
      const { outputTail } = await run([path]);
      const seen = JSON.parse(outputTail);
      assert.deepEqual(
        Object.keys(seen.env)
          .filter((name) => !['PWD', 'OLDPWD', '_', 'SHLVL', 'TZ', 'LANG'].includes(name))
          .sort(),
        ['HOME', 'LOGNAME', 'PATH', 'SHELL', 'USER'],
      );
      assert.equal(seen.env.HOME, '/home/me');
      assert.equal(seen.cwd, '/');
      assert.equal(seen.umask, 0o177);
      assert.equal(seen.pgrp, seen.pid);
      assert.equal(seen.session, seen.pid);
      assert.equal(seen.stdin, '/dev/null');
    } finally {
      delete process.env.NODE_KEEPWATCH_SECRET;
    }
  });

  it('inherits no descriptor but the first three, not even through the gate', async () => {
    const receipt = openSync(join(folder, 'receipt'), 'a', 0o600);
    const output = openSync(join(folder, 'output'), 'a', 0o600);
    const path = script('#!/bin/sh\nls /proc/$$/fd\nreadlink /proc/$$/fd/0 /proc/$$/fd/1\n');
    let pid = 0;
    const running = runner.run({
      argv: [path],
      identity: me,
      output: { to: 'file', fd: output, readTail: () => 'from the file' },
      gate: {
        receiptFd: receipt,
        beforeStart: (started) => {
          pid = started;
          assert.equal(readFileSync(join(folder, 'receipt'), 'utf8'), '');
        },
      },
    });
    assert.equal(running.pid, pid);
    assert.deepEqual((await running.ended).outcome, { kind: 'exited', code: 0 });
    closeSync(receipt);
    closeSync(output);
    assert.equal(readFileSync(join(folder, 'receipt'), 'utf8'), 'started\n');
    const lines = readFileSync(join(folder, 'output'), 'utf8').trim().split('\n');
    // 10 or 255 is the script file itself, held by dash or bash.
    assert.deepEqual(
      lines.filter((line) => !['10', '255'].includes(line)),
      ['0', '1', '2', '/dev/null', join(folder, 'output')],
    );
  });

  it('closes what the daemon itself inherited, so that scripts do not', () => {
    const module = new URL('../../../../services/shared/script/inherited.ts', import.meta.url).href;
    const text = `
      import { closeInheritedDescriptors } from '${module}';
      import { spawnSync } from 'node:child_process';
      const closed = closeInheritedDescriptors();
      const left = spawnSync('/bin/ls', ['/proc/self/fd'], { stdio: ['ignore', 'pipe', 'ignore'] }).stdout.toString();
      console.log(JSON.stringify({ closed, left: left.trim().split('\\n') }));
    `;
    const child = spawnSync(
      'python3',
      ['-c', 'import os,sys; os.dup2(1, 200); os.execv(sys.argv[1], sys.argv[1:])', process.execPath].concat([
        '--import',
        'tsx',
        '--input-type=module',
        '-e',
        text,
      ]),
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const { closed, left } = JSON.parse(child.stdout.toString());
    assert.deepEqual(closed, [200]);
    // 3 is the directory ls reads.
    assert.deepEqual(left, ['0', '1', '2', '3']);
  });

  it('never starts behind a gate that did not open', async () => {
    const mark = join(folder, 'ran');
    const receipt = openSync(join(folder, 'receipt2'), 'a', 0o600);
    const running = runner.run({
      argv: [script(`#!/bin/sh\ntouch '${mark}'\n`)],
      identity: me,
      output: { to: 'nowhere' },
      gate: {
        receiptFd: receipt,
        beforeStart: () => {
          throw new Error('disk full');
        },
      },
    });
    assert.deepEqual((await running.ended).outcome, { kind: 'cannot-start', reason: 'disk full' });
    closeSync(receipt);
    assert.throws(() => readFileSync(mark), /ENOENT/);
    assert.equal(readFileSync(join(folder, 'receipt2'), 'utf8'), '');
  });

  it('tells exit statuses and signals apart', async () => {
    assert.equal(describeOutcome((await run([script('#!/bin/sh\nexit 3\n')])).outcome), 'exit 3');
    assert.equal(describeOutcome((await run([script('#!/bin/sh\nexit 127\n')])).outcome), 'exit 127');
    assert.equal(describeOutcome((await run([script('#!/bin/sh\nkill -SEGV $$\n')])).outcome), 'killed by SIGSEGV');
    assert.equal(describeOutcome((await run([script('#!/bin/sh\nno-such-command-at-all\n')])).outcome), 'exit 127');
  });

  it('runs a script without #! by the shell, as execvp(3) does', async () => {
    const { outcome, outputTail } = await run([script('echo "plain $1"\n'), 'text']);
    assert.deepEqual(outcome, { kind: 'exited', code: 0 });
    assert.equal(outputTail, 'plain text\n');
  });

  it('ends grandchildren too when the time is up, also those that ignore SIGTERM', async () => {
    const pids = join(folder, 'pids');
    const path = script(`#!/bin/sh
(trap '' TERM; echo in >> '${pids}'; while :; do sleep 0.05; done) &
echo $! > '${pids}'
sleep 60
`);
    const started = Date.now();
    const running = runner.run({
      argv: [path],
      identity: me,
      output: { to: 'tail' },
      timeout: millis(400),
      killGrace: millis(200),
    });
    const { outcome, duration } = await running.ended;
    assert.deepEqual(outcome, { kind: 'timed-out', limit: millis(400) });
    assert.equal(describeOutcome(outcome), 'killed after 400 ms');
    assert.ok(toMillis(duration) >= 400 && Date.now() - started < 5000, `${toMillis(duration)} ms`);
    const grandchild = Number(
      readFileSync(pids, 'utf8')
        .split('\n')
        .find((line) => /^\d+$/.test(line)),
    );
    for (let tries = 0; tries < 40 && alive(grandchild); tries++) await new Promise((next) => setTimeout(next, 25));
    assert.equal(alive(grandchild), false, 'the grandchild lives on');
  });

  it('does not wait for what a script left in the background', async () => {
    const { outcome, duration, outputTail } = await run([script('#!/bin/sh\nsleep 3 &\necho $!\n')]);
    assert.equal(describeOutcome(outcome), 'exit 0');
    assert.ok(toMillis(duration) < 2000);
    const background = Number(outputTail);
    assert.equal(alive(background), true, 'a background process is the script author’s business');
    process.kill(background);
  });

  it('keeps only the tail of a long output', async () => {
    const { outputTail } = await run([
      script('#!/bin/sh\ni=0\nwhile [ $i -lt 5000 ]; do echo "line $i"; i=$((i+1)); done\n'),
    ]);
    assert.ok(outputTail.length <= 4096);
    assert.ok(outputTail.endsWith('line 4998\nline 4999\n'));
  });

  it('stops on request', async () => {
    const running = runner.run({ argv: [script('#!/bin/sh\nsleep 60\n')], identity: me, output: { to: 'tail' } });
    setTimeout(() => running.stop(), 50);
    assert.deepEqual((await running.ended).outcome, { kind: 'stopped' });
  });

  it('refuses NUL bytes without throwing', async () => {
    assert.equal((await run(['/bin/true', 'a\0b'])).outcome.kind, 'cannot-start');
  });

  it('takes the user’s uid, gid and supplementary groups', asRoot, async () => {
    const other: ScriptIdentity = { user: 'daemon', uid: 1, gid: 2, home: '/' };
    const { outputTail } = await run(['/usr/bin/id'], { identity: other });
    assert.match(outputTail, /^uid=1\(daemon\) gid=2\(bin\) groups=2\(bin\),1\(daemon\)$/m);
  });

  it('says it when the user may not run the file', asRoot, async () => {
    const path = script('#!/bin/sh\n', 0o700);
    const { outcome } = await run([path], { identity: { user: 'daemon', uid: 1, gid: 1, home: '/' } });
    assert.equal(outcome.kind, 'cannot-start');
    assert.match(describeOutcome(outcome), /Permission denied/);
  });

  it('works without setpriv, then without supplementary groups', asRoot, async () => {
    const poor = new ProcessScriptRunner(new SystemClock(), '');
    assert.equal(poor.setsGroups, true);
    const { outputTail } = await new ProcessScriptRunner(new SystemClock(), undefined).run({
      argv: ['/usr/bin/id', '-u'],
      identity: { user: 'daemon', uid: 1, gid: 1, home: '/' },
      output: { to: 'tail' },
    }).ended;
    assert.equal(outputTail, '1\n');
  });
});

describe('looking at a program before it runs', () => {
  const reason = async (path: string): Promise<string> => {
    const checked = await checkProgram(path);
    return checked.ok ? 'fine' : checked.reason;
  };

  it('finds what is wrong with it', async () => {
    assert.match(await reason(join(folder, 'missing')), /missing does not exist: create it/);
    assert.match(await reason(folder), /is a directory/);
    assert.match(await reason('/dev/null'), /is not a regular file/);
    assert.match(await reason(script('#!/bin/sh\n', 0o644)), /is not executable \(mode 0644\): chmod \+x /);
    assert.match(
      await reason(script('#!/opt/none/python -u\n')),
      /wants to be run by \/opt\/none\/python, and that does not exist/,
    );
    assert.match(await reason(''), /empty/);
    assert.match(await reason('no-such-program-anywhere'), /no such program in/);
    const loop = join(folder, 'loop');
    symlinkSync(loop, loop);
    assert.match(await reason(loop), /ELOOP/);
  });

  it('says in time why a program cannot be run', async () => {
    assert.equal(await programProblem('/bin/true', 10_000), undefined);
    assert.match((await programProblem('/nonexistent/script', 10_000)) ?? '', /^\/nonexistent\/script does not exist/);
    const silent = () => new Promise<never>(() => {});
    assert.match((await programProblem('/bin/true', 0, silent)) ?? '', /no answer of its file system within 0 ms/);
  });

  it('finds programs by name, and keeps the name of a link', async () => {
    const found = await checkProgram('true');
    assert.ok(found.ok && found.path.endsWith('/bin/true'));
    const link = join(folder, 'link');
    symlinkSync(script('#!/bin/sh\n'), link);
    const checked = await checkProgram(link);
    assert.ok(checked.ok && checked.path === link);
  });

  it('sees who else could replace it, links included', asRoot, async () => {
    const path = script('#!/bin/sh\n');
    chownSync(path, 1, 1);
    const link = join(folder, 'to-foreign');
    symlinkSync(path, link);
    const checked = await checkProgram(link);
    assert.ok(checked.ok);
    assert.match(checked.insecurity ?? '', /script \d+\.sh \(file, owner uid 1, .*chown root/);
  });
});
