import assert from 'node:assert/strict';
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { SystemClock } from '../../../../services/shared/kernel/systemClock.js';
import type { ScriptIdentity } from '../../../../services/shared/script/identity.js';
import { closeInheritedDescriptors } from '../../../../services/shared/script/inherited.js';
import { findSetpriv } from '../../../../services/shared/script/launch.js';
import { processBirth } from '../../../../services/shared/script/processGroup.js';
import { ProcessScriptRunner } from '../../../../services/shared/script/run.js';
import { WarmLaunchers } from '../../../../services/shared/script/warmLauncher.js';

const folder = mkdtempSync(join(tmpdir(), 'keepwatch-warm-'));
chmodSync(folder, 0o755);
const warm = new WarmLaunchers();
const clock = new SystemClock();
const runner = new ProcessScriptRunner(clock, findSetpriv(), warm);
const cold = new ProcessScriptRunner(clock);
const me: ScriptIdentity = { user: 'me', uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, home: '/home/me' };
after(() => {
  warm.close();
  rmSync(folder, { recursive: true });
});
closeInheritedDescriptors();

let count = 0;
async function run(by: ProcessScriptRunner, argv: readonly string[], identity = me, opens = true) {
  const file = join(folder, `output ${count++}`);
  const fd = openSync(file, 'a+', 0o600);
  let heldBack = '';
  const { ended } = by.run({
    argv,
    identity,
    output: { to: 'file', fd, readTail: () => readFileSync(file, 'utf8') },
    gate: {
      receiptFd: fd,
      beforeStart: () => {
        heldBack = readFileSync(file, 'utf8');
        if (!opens) throw new Error('disk full');
      },
    },
  });
  const { outcome } = await ended;
  closeSync(fd);
  assert.equal(heldBack, '');
  return { outcome, text: readFileSync(file, 'utf8') };
}

function script(text: string): string {
  const path = join(folder, `script-${count++}.sh`);
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

/** What a script sees of where it runs. */
const SURROUNDINGS = `#!/bin/sh
env | sort; umask; ulimit -S -n; pwd; id; ls /proc/$$/fd; readlink /proc/$$/fd/0
[ "$(cut -d' ' -f5-6 /proc/$$/stat)" = "$$ $$" ] && echo leads its group and session
for word; do printf '<%s>' "$word"; done
`;
const WORDS = ['plain', 'two words', "it's", '$HOME `id` "quoted" \\back\\slash', ' leading', '', 'ünï'];

describe('a launcher that waits', () => {
  it('gives a script the surroundings that one started at once would have', async () => {
    warm.open();
    const path = script(SURROUNDINGS);
    const [waited, started] = [await run(runner, [path, ...WORDS]), await run(cold, [path, ...WORDS])];
    assert.deepEqual(waited, started);
    assert.match(waited.text, /^started\n/);
    assert.match(waited.text, /leads its group and session/);
    assert.ok(waited.text.endsWith(WORDS.map((word) => `<${word}>`).join('')));
  });

  it('becomes a script of another user', { skip: me.uid === 0 ? false : 'needs root' }, async () => {
    const nobody = { user: 'nobody', uid: 65_534, gid: 65_534, home: '/nonexistent' };
    const path = script(SURROUNDINGS);
    assert.deepEqual(await run(runner, [path, ...WORDS], nobody), await run(cold, [path, ...WORDS], nobody));
  });

  it('tells a program that cannot be run from one that fails', async () => {
    const missing = join(folder, 'missing');
    const { outcome } = await run(runner, [missing]);
    assert.equal(outcome.kind, 'cannot-start');
    assert.deepEqual((await run(runner, [script('#!/bin/sh\nexit 3\n')])).outcome, { kind: 'exited', code: 3 });
  });

  it('never starts behind a gate that did not open', async () => {
    const mark = join(folder, 'ran');
    const { outcome, text } = await run(runner, [script(`#!/bin/sh\ntouch '${mark}'\n`)], me, false);
    assert.deepEqual(outcome, { kind: 'cannot-start', reason: 'disk full' });
    assert.equal(text, '');
    assert.throws(() => readFileSync(mark), /ENOENT/);
  });

  it('is passed over for a word of two lines, and when there are more scripts than launchers', async () => {
    const path = script('#!/bin/sh\nprintf %s "$1"\n');
    assert.equal((await run(runner, [path, 'two\nlines'])).text, 'started\ntwo\nlines');
    const all = await Promise.all([1, 2, 3, 4, 5].map((n) => run(runner, [path, String(n)])));
    assert.deepEqual(
      all.map(({ text }) => text),
      [1, 2, 3, 4, 5].map((n) => `started\n${n}`),
    );
  });

  it('goes with who started it', async () => {
    const others = new WarmLaunchers();
    others.open();
    const fd = openSync(join(folder, 'unused'), 'a+');
    const waiting = others.take(['/bin/true'], me, fd);
    assert.ok(waiting?.pid !== undefined);
    const ended = new Promise((resolve) => waiting.once('exit', resolve));
    waiting.stdin?.destroy();
    await ended;
    closeSync(fd);
    others.close();
    assert.equal(processBirth(waiting.pid), undefined);
  });
});
