import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Fifo } from '../../../services/notifierd/fifo.js';
import { SystemClock } from '../../../services/shared/kernel/systemClock.js';
import { silentLogger } from '../../../services/shared/log/logger.js';
import { ProcessScriptRunner } from '../../../services/shared/script/run.js';
import { config, fakeNotifier, notification, temporaryFolder, until } from './support.js';

const owner = { user: 'me', uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, home: '/' };
const position = { file: 'x', line: 1, column: 1 };
const folder = temporaryFolder();
let count = 0;
const newPath = (): string => join(folder, `fifo${count++}`);

function readAll(fd: number): string {
  const buffer = Buffer.alloc(1 << 17);
  let text = '';
  for (;;) {
    try {
      const bytes = readSync(fd, buffer);
      if (bytes === 0) return text;
      text += buffer.toString('utf8', 0, bytes);
    } catch {
      return text;
    }
  }
}

describe('a notify FIFO', () => {
  it('is made with mode 0600, takes exact lines without a reader, and goes when closed', async () => {
    const path = newPath();
    const fifo = await Fifo.open(path, owner, silentLogger());
    assert.ok(statSync(path).isFIFO());
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(await fifo.write(['INSTANCE "VI_1" MASTER 100', 'GROUP "VG_1" MASTER 100']), undefined);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    assert.equal(readAll(reader), 'INSTANCE "VI_1" MASTER 100\nGROUP "VG_1" MASTER 100\n');
    closeSync(reader);
    fifo.close();
    assert.equal(existsSync(path), false);
  });

  it('waits for a slow reader within bounds, then counts what is lost, and recovers with whole lines', async () => {
    const path = newPath();
    const fifo = await Fifo.open(path, owner, silentLogger(), 100);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const line = 'x'.repeat(1000);
    const failure = await fifo.write(Array(70).fill(line));
    assert.match(failure ?? '', /lines lost: the FIFO is full/);
    assert.ok(fifo.lost > 0 && fifo.lost < 20, `${fifo.lost} lost`);
    const started = Date.now();
    assert.match((await fifo.write([line])) ?? '', /lost/);
    assert.ok(Date.now() - started < 90, 'a stalled FIFO is not waited for again');
    const got = readAll(reader).split('\n');
    assert.equal(got.pop(), '');
    assert.equal(got.length, 71 - fifo.lost);
    assert.ok(
      got.every((one) => one === line),
      'a line is torn',
    );
    assert.equal(await fifo.write(['again']), undefined);
    assert.equal(readAll(reader), 'again\n');
    closeSync(reader);
    fifo.close();
  });

  it('leaves an existing FIFO in place and refuses anything else', async () => {
    const path = newPath();
    spawnSync('mkfifo', [path]);
    (await Fifo.open(path, owner, silentLogger())).close();
    assert.ok(existsSync(path));
    const file = newPath();
    writeFileSync(file, 'precious');
    await assert.rejects(Fifo.open(file, owner, silentLogger()), /is not a FIFO: remove it/);
    const link = newPath();
    symlinkSync(path, link);
    await assert.rejects(Fifo.open(link, owner, silentLogger()), /not a FIFO|cannot be opened/);
    await assert.rejects(
      Fifo.open(join(folder, 'no', 'fifo'), owner, silentLogger()),
      /cannot be made: .*No such file/,
    );
    assert.equal(readFileSync(file, 'utf8'), 'precious');
  });

  it('gets VRRP lines, LVS lines or both, and its script gets the path last', async () => {
    const [vrrp, lvs, common, seen] = [newPath(), newPath(), newPath(), newPath()];
    const script = join(folder, 'reader.sh');
    writeFileSync(
      script,
      `#!/bin/sh\necho "$#: $1" > ${seen}\nwhile read -r line; do echo "$line" >> ${seen}; done < "$2"\n`,
    );
    chmodSync(script, 0o755);
    chmodSync(folder, 0o755);
    const { notifier, results } = fakeNotifier({ runner: new ProcessScriptRunner(new SystemClock()) });
    await notifier.configure(
      config({
        vrrpFifo: { path: vrrp, position },
        lvsFifo: { path: lvs, position },
        commonFifo: { path: common, position, script: { argv: [script, 'a b'], position } },
      }),
    );
    assert.deepEqual(notifier.problems(), []);
    await notifier.deliver([
      notification(1, { vrrp: ['INSTANCE "VI_1" MASTER 100'] }),
      notification(2, { lvs: ['RS [10.9.1.1]:tcp:80 [10.8.0.1]:tcp:80 DOWN', 'VS [10.8.0.1]:tcp:80 DOWN'] }),
    ]);
    await until(() => results.length === 4, 'all lines written');
    const [one, two] = [vrrp, lvs].map((path) => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
    assert.equal(readAll(one ?? 0), 'INSTANCE "VI_1" MASTER 100\n');
    assert.equal(readAll(two ?? 0), 'RS [10.9.1.1]:tcp:80 [10.8.0.1]:tcp:80 DOWN\nVS [10.8.0.1]:tcp:80 DOWN\n');
    const expected =
      '2: a b\nINSTANCE "VI_1" MASTER 100\nRS [10.9.1.1]:tcp:80 [10.8.0.1]:tcp:80 DOWN\nVS [10.8.0.1]:tcp:80 DOWN\n';
    await until(() => existsSync(seen) && readFileSync(seen, 'utf8') === expected, 'the script reads');
    assert.equal(notifier.state().fifoLines, 6n);
    await notifier.stop({ leaveScripts: false });
    assert.equal(existsSync(common), false);
  });

  it('says what is wrong and lets everything else go on', async () => {
    const { notifier, results } = fakeNotifier();
    await notifier.configure(config({ vrrpFifo: { path: join(folder, 'none', 'x'), position } }));
    assert.match(notifier.problems().join(), /cannot be made/);
    await notifier.deliver([notification(1, { vrrp: ['L'], lvs: ['nobody asked'], scripts: [['/bin/true']] })]);
    await until(() => results.length === 2, 'results');
    assert.deepEqual(results.map(({ kind, ok }) => [kind, ok]).sort(), [
      ['fifo', false],
      ['script', true],
    ]);
  });
});
