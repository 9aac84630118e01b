import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { FakeFileWatcher } from '../../../../services/shared/kernel/fakeInotify.js';
import { readFileNumber } from '../../../../services/shared/kernel/fileNumber.js';
import { FakeClock } from '../../../../services/shared/time/clock.js';
import type { TrackFileConfig } from '../../../../services/vrrpd/config/model.js';
import { FileWatch } from '../../../../services/vrrpd/watcher/fileWatch.js';
import { position } from '../support.js';

const folder = mkdtempSync(join(tmpdir(), 'keepwatch-track-'));
after(() => rmSync(folder, { recursive: true, force: true }));

describe('the number in a file', () => {
  // As keepalived 2.2.7 reads them.
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['', 0],
    ['\n', 0],
    ['12\n', 12],
    ['  12 \n', 12],
    ['-12', -12],
    ['+5', 5],
    ['7.9', 7],
    ['12 foo', 12],
    ['0x10', 16],
    ['010', 8],
    ['junk', 0],
    ['-0', 0],
    ['2147483647', 2147483647],
    ['-2147483648', -2147483648],
    ['99999999999', undefined],
  ];
  for (const [text, expected] of cases) {
    it(JSON.stringify(text), () => assert.ok(Object.is(readFileNumber(text), expected)));
  }
});

describe('watching files', () => {
  const file = (name: string, init?: TrackFileConfig['init']): TrackFileConfig => ({
    name,
    path: join(folder, name),
    position,
    ...(init === undefined ? {} : { init }),
  });
  function watch() {
    const watcher = new FakeFileWatcher();
    const told: string[] = [];
    const warnings: string[] = [];
    const subject = new FileWatch({
      clock: new FakeClock(),
      openWatcher: () => watcher,
      tell: ({ name, value }) => told.push(`${name} ${value}`),
      warn: (text) => warnings.push(text),
    });
    return { subject, watcher, told, warnings };
  }

  it('reads at the start and at every change; a file that is gone counts as 0', () => {
    const { subject, watcher, told, warnings } = watch();
    writeFileSync(join(folder, 'a'), '3\n');
    subject.configure([file('a')]);
    writeFileSync(join(folder, 'a'), '4\n');
    watcher.change(join(folder, 'a'));
    writeFileSync(join(folder, 'a'), '99999999999\n');
    watcher.change(join(folder, 'a'));
    rmSync(join(folder, 'a'));
    watcher.change(join(folder, 'a'));
    assert.deepEqual(told, ['a 3', 'a 4', 'a undefined', 'a 0']);
    assert.equal(warnings.length, 1);
    subject.configure([]);
    assert.equal(watcher.watched.size, 0);
  });

  it('init_file writes once, and over an existing file only with overwrite', () => {
    const { subject, told } = watch();
    writeFileSync(join(folder, 'kept'), '1\n');
    writeFileSync(join(folder, 'over'), '1\n');
    const files = [
      file('made', { value: 7, overwrite: false }),
      file('kept', { value: 7, overwrite: false }),
      file('over', { value: 7, overwrite: true }),
    ];
    subject.configure(files);
    assert.deepEqual(told, ['made 7', 'kept 1', 'over 7']);
    assert.equal(readFileSync(join(folder, 'made'), 'utf8'), '7\n');
    writeFileSync(join(folder, 'over'), '2\n');
    subject.configure(files);
    assert.equal(readFileSync(join(folder, 'over'), 'utf8'), '2\n', 'the definition is not new');
  });
});
