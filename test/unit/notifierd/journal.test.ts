import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { crc32 } from '../../../services/notifierd/crc32.js';
import { jobsOf, notificationKey } from '../../../services/notifierd/job.js';
import { Journal } from '../../../services/notifierd/journal.js';
import {
  decodeRecord,
  encodeRecord,
  type JournalRecord,
  replayJournal,
  snapshotRecords,
} from '../../../services/notifierd/journalRecord.js';
import { FileJournalStore } from '../../../services/notifierd/journalStore.js';
import { takeLock } from '../../../services/notifierd/lock.js';
import { silentLogger } from '../../../services/shared/log/logger.js';
import { MemoryStore, notification, temporaryFolder } from './support.js';

const names = (given: Parameters<typeof jobsOf>[0]): string[] => jobsOf(given).map((job) => job.name);
const replay = (text: string) => replayJournal(text, names);

/** Histories: notifications taken, some of their jobs done. */
const history = fc
  .array(
    fc.record({
      scripts: fc.integer({ min: 0, max: 3 }),
      done: fc.integer({ min: 0, max: 3 }),
      text: fc.string({ unit: 'binary' }),
    }),
    { maxLength: 8 },
  )
  .map((entries) =>
    entries.flatMap(({ scripts, done, text }, index): JournalRecord[] => {
      const given = notification(index + 1, { scripts: Array.from({ length: scripts }, () => ['/x', text]) });
      const ends = names(given).slice(0, done);
      return [
        { kind: 'taken', notification: given },
        ...ends.map((job): JournalRecord => ({ kind: 'done', id: given.id, job })),
      ];
    }),
  );

/** What a list of records means, worked out the plain way. */
function meaning(records: readonly JournalRecord[]): string[] {
  return records.flatMap((record) => {
    if (record.kind !== 'taken') return [];
    const done = records.flatMap((other) =>
      other.kind === 'done' && notificationKey(other.id) === notificationKey(record.notification.id) ? [other.job] : [],
    );
    const open = names(record.notification).filter((name) => !done.includes(name));
    return open.length === 0 ? [] : [`${notificationKey(record.notification.id)}: ${open.join()}`];
  });
}

const opened = (text: string): string[] =>
  replay(text).open.map(
    ({ notification: given, done }) =>
      `${notificationKey(given.id)}: ${names(given)
        .filter((name) => !done.has(name))
        .join()}`,
  );

describe('journal records', () => {
  it('carry a CRC-32 with the standard check value', () => {
    assert.equal(crc32(Buffer.from('123456789')), 0xcbf43926);
  });

  it('come back as they went', () => {
    fc.assert(
      fc.property(history, (records) => {
        for (const record of records) assert.deepEqual(decodeRecord(encodeRecord(record).slice(0, -1)), record);
      }),
    );
  });

  it('tell, in every prefix of the file, all that was written whole', () => {
    fc.assert(
      fc.property(history, fc.nat(), (records, seed) => {
        const lines = records.map(encodeRecord);
        const bytes = Buffer.from(lines.join(''));
        const cut = bytes.subarray(0, seed % (bytes.length + 1));
        let whole = 0;
        for (let size = 0; whole < lines.length; whole++) {
          size += Buffer.byteLength(lines[whole] ?? '');
          if (size > cut.length) break;
        }
        const text = cut.toString();
        assert.deepEqual(opened(text), meaning(records.slice(0, whole)));
        assert.deepEqual(replay(text).damagedLines, []);
      }),
    );
  });

  it('survive damage to one byte: at most that record is lost, and it is named', () => {
    fc.assert(
      fc.property(history, fc.nat(), fc.integer({ min: 1, max: 255 }), (records, seed, change) => {
        const lines = records.map(encodeRecord);
        const bytes = Buffer.from(lines.join(''));
        if (bytes.length === 0) return;
        const at = seed % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ change;
        // A newline that comes or goes splits or joins lines; the sums catch that as well.
        const found = replay(bytes.toString());
        const open = found.open.map(({ notification: given }) => notificationKey(given.id));
        const before = records.flatMap((record) =>
          record.kind === 'taken' ? [notificationKey(record.notification.id)] : [],
        );
        assert.ok(
          open.every((key) => before.includes(key)),
          'damage invents nothing',
        );
        assert.ok(found.taken.length >= before.length - 2);
        assert.ok(found.damagedLines.length > 0 || found.tornBytes > 0);
      }),
    );
  });

  it('mean the same after the file is written anew', () => {
    fc.assert(
      fc.property(history, (records) => {
        const first = replay(records.map(encodeRecord).join(''));
        const anew = snapshotRecords({
          marks: first.taken,
          results: first.results,
          pending: first.open.map(({ notification: given, done }) => ({ notification: given, done: [...done] })),
        });
        assert.deepEqual(opened(anew.map(encodeRecord).join('')), meaning(records));
      }),
    );
  });
});

describe('the journal', () => {
  const open = (store: MemoryStore, snapshot: () => JournalRecord[] = () => [], compactBytes = 1024 * 1024) => {
    const journal = new Journal({ store, log: silentLogger(), snapshot, onChange: () => undefined, compactBytes });
    return { journal, found: journal.open() };
  };
  const taken = (sequence: number): JournalRecord => ({
    kind: 'taken',
    notification: notification(sequence, { scripts: [['/x']] }),
  });

  it('keeps a file of mode 0600 that a successor reads', async () => {
    const path = join(temporaryFolder(), 'notifications.journal');
    const journal = new Journal({
      store: new FileJournalStore(path),
      log: silentLogger(),
      snapshot: () => [],
      onChange: () => undefined,
    });
    journal.open();
    journal.append(taken(1));
    await journal.sync();
    assert.equal(statSync(path).mode & 0o777, 0o600);
    await journal.close();
    const again = new Journal({
      store: new FileJournalStore(path),
      log: silentLogger(),
      snapshot: () => [],
      onChange: () => undefined,
    });
    assert.equal(again.open().open.length, 1);
    await again.close();
  });

  it('drops a torn tail and goes on after it', () => {
    const store = new MemoryStore();
    open(store).journal.append(taken(1));
    store.text = `${store.text}deadbeef {"taken":{"id`;
    const { journal, found } = open(store);
    assert.ok(found.tornBytes > 0);
    journal.append(taken(2));
    assert.deepEqual(opened(store.text), ['vrrpd/one/1.0: script 0', 'vrrpd/one/2.0: script 0']);
    assert.deepEqual(replay(store.text).damagedLines, []);
  });

  it('shares one fdatasync among those who wait, and never answers before theirs', async () => {
    const store = new MemoryStore();
    const { journal } = open(store);
    const waits = [journal.sync(), journal.sync(), journal.sync(), journal.sync()];
    await Promise.all(waits);
    assert.equal(store.syncs, 2);
  });

  it('becomes impaired on a full disk without a half record, and writes everything once there is room', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const store = new MemoryStore();
    const records: JournalRecord[] = [{ kind: 'begin', version: 1 }];
    const { journal } = open(store, () => records);
    store.full = true;
    store.partial = 20;
    for (const record of [taken(1), taken(2)]) {
      records.push(record);
      journal.append(record);
    }
    assert.match(journal.problem ?? '', /would not survive a crash.*ENOSPC.*--state-dir/);
    await journal.sync();
    assert.deepEqual(opened(store.text ?? ''), []);
    assert.equal(replay(store.text ?? '').tornBytes, 0);
    context.mock.timers.tick(5000);
    assert.ok(journal.problem);
    store.full = false;
    context.mock.timers.tick(5000);
    assert.equal(journal.problem, undefined);
    assert.equal(opened(store.text ?? '').length, 2);
  });

  it('is written anew when it is mostly history', () => {
    const store = new MemoryStore();
    const { journal } = open(store, () => [{ kind: 'begin', version: 1 }, taken(999)], 4096);
    for (let sequence = 1; sequence < 100; sequence++) journal.append(taken(sequence));
    assert.ok(store.replacements >= 1);
    assert.ok(journal.size < 8192);
    assert.ok((store.text ?? '').includes('999'));
  });

  it('sets a journal of another version aside', () => {
    const store = new MemoryStore();
    store.text = encodeRecord({ kind: 'begin', version: 7 }) + encodeRecord(taken(1));
    const { found } = open(store);
    assert.equal(found.open.length, 0);
    assert.equal(store.text, encodeRecord({ kind: 'begin', version: 1 }));
  });

  it('says what is wrong with a state directory that cannot be written', () => {
    const store = new FileJournalStore(join(temporaryFolder(), 'no', 'such', 'directory', 'journal'));
    const journal = new Journal({ store, log: silentLogger(), snapshot: () => [], onChange: () => undefined });
    journal.open();
    assert.match(journal.problem ?? '', /ENOENT/);
    journal.append(taken(1));
  });
});

describe('the lock of the state directory', () => {
  it('is held by one living process and taken over from a dead one', () => {
    const path = join(temporaryFolder(), 'lock');
    const first = takeLock(path);
    assert.ok(first.ok);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(takeLock(path), { ok: false, holder: process.pid });
    first.release();
    assert.equal(existsSync(path), false);
    // The pid of this process, but born at another time.
    writeFileSync(path, `${process.pid} 1@another-boot\n`);
    chmodSync(path, 0o600);
    assert.ok(takeLock(path).ok);
    assert.match(readFileSync(path, 'utf8'), new RegExp(`^${process.pid} `));
  });
});
