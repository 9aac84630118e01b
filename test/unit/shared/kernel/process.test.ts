import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { crc32 } from '../../../../services/shared/kernel/crc32.js';
import { acquireLock } from '../../../../services/shared/kernel/pidLock.js';
import { KernelError } from '../../../../services/shared/kernel/ports.js';
import {
  clearRealtimePriority,
  getPeerCredentials,
  getResourceLimit,
  isRealtime,
  killProcessGroup,
  setNoNewPrivileges,
  setRealtimePriority,
  setResourceLimit,
  watchProcess,
} from '../../../../services/shared/kernel/process.js';
import { ResumeFile } from '../../../../services/shared/kernel/resumeFile.js';
import { notifyServiceManager, sendSyslog, unixAddress } from '../../../../services/shared/kernel/unixDatagram.js';

let directory: string;
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'keepwatch-kernel-'));
});
after(() => rmSync(directory, { recursive: true }));

const noError = (error: Error): void => {
  throw error;
};

describe('pid lock', () => {
  it('is held by one process at a time, names the holder, and is free after release', () => {
    const path = join(directory, 'a.pid');
    const first = acquireLock(path);
    assert.ok(first.ok);
    assert.equal(readFileSync(path, 'utf8'), `${process.pid}\n`);
    assert.deepEqual(acquireLock(path), { ok: false, heldBy: process.pid });
    first.lock.release();
    first.lock.release();
    assert.equal(existsSync(path), false);
    const second = acquireLock(path);
    assert.ok(second.ok);
    second.lock.release();
  });

  it('takes over what a crash left, even if the pid in it lives', () => {
    const path = join(directory, 'b.pid');
    writeFileSync(path, '1\nand more than we write');
    const result = acquireLock(path);
    assert.ok(result.ok);
    assert.equal(readFileSync(path, 'utf8'), `${process.pid}\n`);
    // Somebody replaces the file: it is not ours to remove.
    unlinkSync(path);
    writeFileSync(path, 'other');
    result.lock.release();
    assert.equal(readFileSync(path, 'utf8'), 'other');
  });

  it('is not inherited by children: the lock is free when the holder dies, though its child lives', async () => {
    const path = join(directory, 'c.pid');
    const module = new URL('../../../../services/shared/kernel/pidLock.ts', import.meta.url).href;
    const program = `
      const { acquireLock } = await import(${JSON.stringify(module)});
      const { spawn } = await import('node:child_process');
      acquireLock(${JSON.stringify(path)});
      const child = spawn('sleep', ['60'], { stdio: 'ignore', detached: true });
      console.log(child.pid);
      setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(holder.stdout, 'data')) as [Buffer];
    const orphan = Number(line.toString());
    assert.deepEqual(acquireLock(path), { ok: false, heldBy: holder.pid });
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const result = acquireLock(path);
    process.kill(orphan, 'SIGKILL');
    assert.ok(result.ok);
    result.lock.release();
  });

  it('does not follow a symbolic link and reports a missing directory', () => {
    const target = join(directory, 'target');
    symlinkSync(target, join(directory, 'link.pid'));
    assert.throws(() => acquireLock(join(directory, 'link.pid')), { code: 'ELOOP' });
    assert.equal(existsSync(target), false);
    assert.throws(() => acquireLock(join(directory, 'missing', 'x.pid')), { code: 'ENOENT' });
  });
});

describe('datagrams to Unix sockets', () => {
  /** A receiver in Python, which knows datagram sockets; prints what it got as hex. */
  async function receive(address: string, act: () => void): Promise<string> {
    const program = `import socket,sys
s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)
s.bind(${JSON.stringify(address)}.replace('@','\\0'))
print('ready',flush=True)
print(s.recv(65536).hex(),flush=True)`;
    const child = spawn('python3', ['-c', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    // Line by line: two prints may arrive in one piece, or one in two.
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    assert.equal((await lines.next()).value, 'ready');
    act();
    const { value } = await lines.next();
    return Buffer.from(String(value), 'hex').toString();
  }

  it('reach a path and an abstract name', async () => {
    const path = join(directory, 'log');
    assert.equal(await receive(path, () => sendSyslog(path, Buffer.from('<30>hello\0world'))), '<30>hello\0world');
    const abstract = `@keepwatch-test-${process.pid}`;
    assert.equal(await receive(abstract, () => assert.ok(notifyServiceManager('READY=1', abstract))), 'READY=1');
  });

  it('fail with a code and the path when nobody listens; a path too long is refused', () => {
    const missing = join(directory, 'nobody');
    assert.throws(
      () => sendSyslog(missing, Buffer.from('x')),
      (error) => error instanceof KernelError && error.code === 'ENOENT' && error.message.includes(missing),
    );
    assert.throws(() => unixAddress(`/${'x'.repeat(107)}`), RangeError);
    assert.equal(unixAddress(`@${'x'.repeat(107)}`).length, 110);
    assert.equal(notifyServiceManager('READY=1', undefined), false);
    assert.equal(notifyServiceManager('READY=1', ''), false);
  });
});

describe('processes', () => {
  it('reads the credentials of a peer', async () => {
    const path = join(directory, 'peer.sock');
    const server: Server = createServer();
    server.listen(path);
    await once(server, 'listening');
    const client = createConnection(path);
    const [socket] = (await once(server, 'connection')) as [Socket & { _handle: { fd: number } }];
    assert.deepEqual(getPeerCredentials(socket._handle.fd), {
      pid: process.pid,
      uid: process.getuid?.(),
      gid: process.getgid?.(),
    });
    client.destroy();
    socket.destroy();
    server.close();
    assert.throws(() => getPeerCredentials(9999), { code: 'EBADF' });
  });

  it('notices the end of a process that is not its child', async () => {
    const child = spawn('sh', ['-c', 'sleep 60 >/dev/null & echo $!'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    let unwanted = false;
    const stop = watchProcess(
      pid,
      () => {
        unwanted = true;
      },
      noError,
    );
    stop();
    const ended = new Promise<void>((resolve) => watchProcess(pid, resolve, noError));
    process.kill(pid, 'SIGKILL');
    await ended;
    assert.equal(unwanted, false);
    assert.throws(() => watchProcess(0x3ffffff, () => {}, noError), { code: 'ESRCH' });
  });

  it('signals a whole group, and never everybody', async () => {
    const child = spawn('sh', ['-c', 'sleep 60 & sleep 60'], { detached: true, stdio: 'ignore' });
    const exit = once(child, 'exit');
    assert.equal(killProcessGroup(child.pid ?? 0, 'SIGKILL'), true);
    const [, signal] = (await exit) as [number | null, string];
    assert.equal(signal, 'SIGKILL');
    for (const wrong of [0, 1, -1, Number.NaN]) assert.throws(() => killProcessGroup(wrong, 'SIGKILL'), RangeError);
    assert.equal(killProcessGroup(0x3ffffff, 'SIGTERM'), false);
  });

  it('sets limits that children inherit', () => {
    const { soft, hard } = getResourceLimit('core');
    setResourceLimit('core', { soft: 0, hard });
    assert.deepEqual(getResourceLimit('core'), { soft: 0, hard });
    assert.equal(execFileSync('sh', ['-c', 'ulimit -S -c'], { encoding: 'utf8' }).trim(), '0');
    setResourceLimit('core', { soft, hard });
    assert.throws(() => setResourceLimit('core', { soft: 10, hard: 5 }), { code: 'EINVAL' });
  });

  it('runs in real time, its children do not', { skip: process.getuid?.() !== 0 && 'needs CAP_SYS_NICE' }, () => {
    assert.equal(isRealtime(), false);
    setRealtimePriority(5);
    assert.equal(isRealtime(), true);
    const child = execFileSync('sh', ['-c', 'cat /proc/$$/stat'], { encoding: 'utf8' });
    // proc(5): policy is field 41, counted here after the command name.
    assert.equal(child.slice(child.lastIndexOf(')') + 2).split(' ')[38], '0');
    clearRealtimePriority();
    assert.equal(isRealtime(), false);
    assert.throws(() => setRealtimePriority(1000), { code: 'EINVAL' });
  });

  it('gives up gaining privileges', () => {
    setNoNewPrivileges();
    assert.match(execFileSync('cat', ['/proc/self/status'], { encoding: 'utf8' }), /NoNewPrivs:\s+1/);
  });
});

describe('resume file', () => {
  const BOOT = '0f9a7a5e-0000-4000-8000-000000000001';

  it('gives back what was written, across a reopen, and forgets what was cleared', () => {
    const path = join(directory, 'resume');
    const file = new ResumeFile(path, 40, BOOT);
    file.write(0, Buffer.from('zero'));
    file.write(3, Buffer.alloc(40, 3));
    file.write(1, Buffer.from('one'));
    file.clear(1);
    file.write(0, Buffer.from('0'));
    file.close();
    file.close();
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const again = new ResumeFile(path, 40, BOOT);
    assert.deepEqual(
      again.records(),
      new Map([
        [0, Buffer.from('0')],
        [3, Buffer.alloc(40, 3)],
      ]),
    );
    assert.throws(() => again.write(0, Buffer.alloc(41)), RangeError);
    again.close();
    assert.throws(() => again.write(0, Buffer.alloc(1)), /closed/);
  });

  it('trusts neither another boot, another layout, a torn record nor a foreign file', () => {
    const path = join(directory, 'resume2');
    const start = (bytes: number, boot: string): ReadonlyMap<number, Buffer> => {
      const file = new ResumeFile(path, bytes, boot);
      const records = file.records();
      file.write(0, Buffer.from('record'));
      file.write(1, Buffer.from('second'));
      file.close();
      return records;
    };
    start(16, BOOT);
    assert.equal(start(16, BOOT).size, 2);
    assert.equal(start(16, '0f9a7a5e-0000-4000-8000-000000000002').size, 0);
    assert.equal(start(24, '0f9a7a5e-0000-4000-8000-000000000002').size, 0);
    const bytes = readFileSync(path);
    bytes[64 + 8] = (bytes[64 + 8] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const damaged = new ResumeFile(path, 24, '0f9a7a5e-0000-4000-8000-000000000002');
    assert.deepEqual(damaged.records(), new Map([[1, Buffer.from('second')]]));
    damaged.close();
    truncateSync(path, 70);
    assert.equal(start(24, '0f9a7a5e-0000-4000-8000-000000000002').size, 0);
    writeFileSync(path, 'something else entirely, and long enough to be taken for a header if nobody looked at it');
    assert.equal(start(24, BOOT).size, 0);
  });

  it('uses the CRC everybody uses', () => {
    assert.equal(crc32(Buffer.from('123456789')), 0xcbf43926);
  });
});
