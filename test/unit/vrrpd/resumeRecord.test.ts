import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ResumeFile } from '../../../services/shared/kernel/resumeFile.js';
import { instant } from '../../../services/shared/time/duration.js';
import { RESUME_RECORD_BYTES, type ResumeEntry, ResumeRecord } from '../../../services/vrrpd/resumeRecord.js';
import { MemorySlots } from './support.js';

const entry = (instance: string, foreign: readonly string[] = [], changes: Partial<ResumeEntry> = {}): ResumeEntry => ({
  ...{ instance, interface: 'eth0', vrid: 51, family: 4, version: 2, master: true, lastAdvertAt: instant(7) },
  foreign,
  ...changes,
});

const keys = (count: number): string[] => Array.from({ length: count }, (_, index) => `fd00:9::${index}/64`);

/** Slots that take no more than the real ones. */
class Slots extends MemorySlots {
  override write(slot: number, record: Buffer): void {
    assert.ok(record.length <= RESUME_RECORD_BYTES, `${record.length} bytes`);
    super.write(slot, record);
  }
}

const failing = (error: unknown): never => {
  throw error;
};
const recordOn = (slots: MemorySlots): ResumeRecord => new ResumeRecord(slots, failing);

function layout(slots: MemorySlots, ...entries: readonly ResumeEntry[]): void {
  const record = recordOn(slots);
  record.load();
  record.layout(entries);
}

const loaded = (slots: MemorySlots): ResumeEntry[] => [...recordOn(slots).load().values()];

describe('the resume record', () => {
  it('gives back what was noted last', () => {
    const slots = new Slots();
    const record = recordOn(slots);
    record.layout([entry('A'), entry('B', ['10.0.0.1/24'])]);
    record.note('A', true, instant(1234.5));
    record.note('B', false, instant(0));
    record.note('nobody', true, instant(1));
    assert.deepEqual(loaded(slots), [
      entry('A', [], { lastAdvertAt: instant(1234.5) }),
      entry('B', ['10.0.0.1/24'], { master: false, lastAdvertAt: instant(0) }),
    ]);
  });

  it('keeps any number of foreign routes and addresses, in order', () => {
    const slots = new Slots();
    for (const count of [1000, 0, 31, 2000, 60, 500]) {
      layout(slots, entry('A', keys(count)), entry('B', keys(count / 2)));
      assert.deepEqual(loaded(slots), [entry('A', keys(count)), entry('B', keys(count / 2))]);
    }
    layout(slots, entry('A'));
    assert.equal(slots.slots.size, 1, 'what is not needed any more is cleared');
  });

  it('writes one slot for an advertisement, however much is foreign', () => {
    const slots = new Slots();
    const record = recordOn(slots);
    record.layout([entry('A', keys(1000))]);
    const written: number[] = [];
    slots.write = (slot) => written.push(slot);
    record.note('A', true, instant(8));
    assert.deepEqual(written, [0]);
  });

  it('is whole or without the new part after a crash at any write', () => {
    for (let crashAt = 0; crashAt < 12; crashAt++) {
      const slots = new Slots();
      layout(slots, entry('A', keys(40)));
      const { write, clear } = slots;
      let writes = 0;
      const crash = () => {
        if (writes++ >= crashAt) throw new Error('killed');
      };
      slots.write = (slot, record) => {
        crash();
        write.call(slots, slot, record);
      };
      slots.clear = (slot) => {
        crash();
        clear.call(slots, slot);
      };
      try {
        layout(slots, entry('A', keys(200)));
      } catch {
        // Killed.
      }
      Object.assign(slots, { write, clear });
      const [found] = loaded(slots);
      for (const key of keys(40)) assert.ok(found?.foreign.includes(key), `${key} is lost by a crash at ${crashAt}`);
      // Nothing of the crash stays.
      layout(slots, entry('A', keys(3)));
      assert.deepEqual(loaded(slots), [entry('A', keys(3))]);
      assert.equal(slots.slots.size, 1);
    }
  });

  it('works in the real file', () => {
    const directory = mkdtempSync(join(tmpdir(), 'keepwatch-resume-'));
    try {
      const open = () => new ResumeFile(join(directory, 'vrrpd.resume'), RESUME_RECORD_BYTES, 'x'.repeat(36));
      const record = new ResumeRecord(open(), failing);
      record.load();
      record.layout([entry('A', keys(700)), entry('B')]);
      record.close();
      const again = new ResumeRecord(open(), failing);
      assert.deepEqual([...again.load().values()], [entry('A', keys(700)), entry('B')]);
      again.clear();
      again.close();
      const last = new ResumeRecord(open(), failing);
      assert.equal(last.load().size, 0);
      last.close();
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('passes over what another version or a torn write left', () => {
    const slots = new Slots();
    slots.write(0, Buffer.from('too short'));
    slots.write(1, Buffer.from('\0\0\0\0\0\0\0\0\0not json'));
    slots.write(2, Buffer.from('\0\0\0\0\0\0\0\0\0{"instance":5}'));
    slots.write(3, Buffer.from('\0\0\0\0\0\0\0\0\0{"instance":"A","part":1,"foreign":["x"]}'));
    assert.deepEqual(loaded(slots), []);
    assert.equal(slots.slots.has(3), false, 'a part without a first slot is cleared');
  });
});
