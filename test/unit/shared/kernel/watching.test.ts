/** inotify and the proc connector: codecs on bytes, adapters on this kernel. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { decodeInotifyEvents, InotifyFileWatcher } from '../../../../services/shared/kernel/inotify.js';
import {
  decodeProcessEvent,
  openProcessMonitor,
  type ProcessEvent,
} from '../../../../services/shared/kernel/processEvents.js';

const folder = mkdtempSync(join(tmpdir(), 'keepwatch-inotify-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function until(what: string, done: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!done()) {
    if (Date.now() > deadline) assert.fail(`not within 5 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('inotify events', () => {
  it('are read one after the other, with and without a name', () => {
    const bytes = Buffer.alloc(16 + 16 + 8);
    bytes.writeInt32LE(1, 0);
    bytes.writeUInt32LE(0x8, 4);
    bytes.writeUInt32LE(8, 12);
    bytes.write('abc', 16);
    bytes.writeInt32LE(2, 24);
    bytes.writeUInt32LE(0x400, 28);
    assert.deepEqual(decodeInotifyEvents(bytes), [
      { watch: 1, mask: 8, name: 'abc' },
      { watch: 2, mask: 0x400, name: '' },
    ]);
    assert.deepEqual(decodeInotifyEvents(bytes.subarray(0, 10)), []);
  });
});

describe('a watched file', () => {
  it('is noticed when written, replaced, deleted, and when its directory comes later', async () => {
    let changes = 0;
    const watcher = new InotifyFileWatcher((error) => assert.fail(error));
    const path = join(folder, 'later', 'deep', 'file');
    const noticed = async (what: string, act: () => void): Promise<void> => {
      const before = changes;
      act();
      await until(what, () => changes > before);
    };
    try {
      watcher.watch(path, () => changes++);
      await noticed('directories', () => mkdirSync(join(folder, 'later', 'deep'), { recursive: true }));
      await noticed('first write', () => writeFileSync(path, '1'));
      await noticed('second write', () => writeFileSync(path, '2'));
      writeFileSync(`${path}.new`, '3');
      await noticed('replacement', () => renameSync(`${path}.new`, path));
      await noticed('deletion', () => rmSync(path));
      const target = join(folder, 'target');
      writeFileSync(target, '4');
      await noticed('link', () => symlinkSync(target, path));
      await noticed('write behind the link', () => writeFileSync(target, '5'));
      await noticed('loss of the directory', () => rmSync(join(folder, 'later'), { recursive: true }));
      await noticed('return of the directory', () => mkdirSync(join(folder, 'later', 'deep'), { recursive: true }));
      await noticed('write after that', () => writeFileSync(path, '6'));
    } finally {
      watcher.close();
    }
  });
});

/** A message of the proc connector with these words of event data. */
function message(what: number, ...words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(76);
  bytes.writeUInt32LE(what, 36);
  for (const [index, word] of words.entries()) bytes.writeInt32LE(word, 52 + index * 4);
  return bytes;
}

describe('process events', () => {
  const cases: readonly (readonly [string, Buffer, ProcessEvent | undefined])[] = [
    ['ack', message(0, 0), { kind: 'ack', errno: 0 }],
    ['refusal', message(0, 1), { kind: 'ack', errno: 1 }],
    ['fork', message(1, 5, 5, 9, 9), { kind: 'fork', parent: 5, pid: 9 }],
    ['a new thread', message(1, 5, 5, 9, 5), undefined],
    ['exec', message(2, 9, 9), { kind: 'exec', pid: 9 }],
    ['comm', message(0x200, 9, 9), { kind: 'comm', pid: 9 }],
    ['comm of a thread', message(0x200, 10, 9), undefined],
    ['exit', message(0x8000_0000, 9, 9), { kind: 'exit', pid: 9 }],
    ['end of a thread', message(0x8000_0000, 10, 9), undefined],
    ['user id', message(4, 9, 9), undefined],
    ['too short', Buffer.alloc(50), undefined],
  ];
  for (const [name, bytes, expected] of cases) it(name, () => assert.deepEqual(decodeProcessEvent(bytes), expected));

  it('come from the kernel', async (context) => {
    const events: ProcessEvent[] = [];
    let monitor: ReturnType<typeof openProcessMonitor>;
    try {
      monitor = openProcessMonitor({
        onEvent: (event) => events.push(event),
        onLost: () => {},
        onError: (error) => assert.fail(error),
      });
    } catch (error) {
      context.skip(`no proc connector here: ${String(error)}`);
      return;
    }
    try {
      const asked = Date.now();
      while (events.length === 0 && Date.now() - asked < 1_000) await new Promise((resolve) => setTimeout(resolve, 5));
      const [first] = events;
      if (first?.kind !== 'ack' || first.errno !== 0) {
        context.skip('the kernel does not tell of processes in this namespace');
        return;
      }
      const child = spawn('/bin/sleep', ['60']);
      const { pid } = child;
      const seen = (kind: ProcessEvent['kind']) =>
        events.some((event) => event.kind === kind && 'pid' in event && event.pid === pid);
      await until('fork and exec', () => seen('fork') && seen('exec'));
      child.kill('SIGKILL');
      await until('exit', () => seen('exit'));
    } finally {
      monitor.close();
    }
  });
});
