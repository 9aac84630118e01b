import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { SystemClock } from '../../../services/shared/kernel/systemClock.js';
import { silentLogger } from '../../../services/shared/log/logger.js';
import { loadReported } from '../../../services/supervisor/reloadReport.js';
import { parseReloadTime } from '../../../services/supervisor/reloadTime.js';
import { ReloadTimer } from '../../../services/supervisor/reloadTimer.js';

const SILENT = silentLogger();

describe('the line of a reload_time_file', () => {
  const now = new Date('2026-03-31T12:00:00Z');
  const cases: [line: string, means: string | undefined][] = [
    ['12:00:01Z', '2026-03-31T12:00:01.000Z'],
    ['12:00:00Z', '2026-04-01T12:00:00.000Z'],
    ['00:00:00Z', '2026-04-01T00:00:00.000Z'],
    ['26-04-30 23:59:59Z', '2026-04-30T23:59:59.000Z'],
    ['2026-04-30 23:59:59Z', '2026-04-30T23:59:59.000Z'],
    ['2020-01-01 00:00:00Z', '2020-01-01T00:00:00.000Z'],
    ['2026-02-29 00:00:00Z', undefined],
    ['2026-13-01 00:00:00Z', undefined],
    ['24:00:00Z', undefined],
    ['12:60:00Z', undefined],
    [' 12:00:01Z', undefined],
    ['12:00:01Z ', undefined],
    ['2026-04-30  23:59:59', undefined],
    ['12:00', undefined],
    ['noon', undefined],
    ['', undefined],
  ];
  for (const [line, means] of cases) {
    it(`'${line}' is ${means ?? 'no time'}`, () => {
      assert.equal(parseReloadTime(line, now)?.toISOString(), means);
    });
  }

  it('without Z it is the time of this machine', () => {
    assert.deepEqual(parseReloadTime('2026-07-01 06:30:00', now), new Date(2026, 6, 1, 6, 30, 0));
  });
});

describe('a timed reload', () => {
  const directory = mkdtempSync(join(tmpdir(), 'keepwatch-test-reload-'));
  after(() => rmSync(directory, { recursive: true, force: true }));
  const inSeconds = (count: number): string => `${new Date(Date.now() + count * 1000).toISOString().slice(11, 19)}Z\n`;

  for (const repeat of [false, true]) {
    it(`comes when the file says, and ${repeat ? 'leaves' : 'removes'} it`, async () => {
      const timeFile = join(directory, `at-${repeat}`);
      let timer: ReloadTimer | undefined;
      await new Promise<void>((reload) => {
        timer = new ReloadTimer({ clock: new SystemClock(), logger: SILENT, reload });
        timer.follow({ timeFile, repeat });
        assert.equal(timer.due, undefined);
        writeFileSync(timeFile, inSeconds(2));
        // Nothing else keeps this process alive.
        setTimeout(reload, 20_000).unref();
        setTimeout(() => {}, 4_000);
      });
      timer?.close();
      assert.equal(existsSync(timeFile), repeat);
    });
  }

  it('is called off with the file, and a wrong line sets none', async () => {
    const timeFile = join(directory, 'off');
    writeFileSync(timeFile, inSeconds(3600));
    const timer = new ReloadTimer({ clock: new SystemClock(), logger: SILENT, reload: () => assert.fail('reloaded') });
    timer.follow({ timeFile, repeat: false });
    assert.notEqual(timer.due, undefined);
    writeFileSync(timeFile, 'tomorrow\n');
    const deadline = Date.now() + 10_000;
    while (timer.due !== undefined && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(timer.due, undefined);
    timer.close();
  });

  it('a directory that does not exist is no error', () => {
    const timer = new ReloadTimer({ clock: new SystemClock(), logger: SILENT, reload: () => {} });
    timer.follow({ timeFile: join(directory, 'no/such/file'), repeat: false });
    assert.equal(timer.due, undefined);
    timer.close();
  });
});

describe('what a reload leaves while it reads', () => {
  const directory = mkdtempSync(join(tmpdir(), 'keepwatch-test-reload-'));
  after(() => rmSync(directory, { recursive: true, force: true }));

  it('reload_file is emptied before and gone after, also when reading fails', () => {
    const markerFile = join(directory, 'marker');
    writeFileSync(markerFile, 'an update is going on');
    const seen: number[] = [];
    const load = () => {
      seen.push(statSync(markerFile).size);
      return { diagnostics: [] };
    };
    loadReported({ repeat: false, markerFile }, directory, SILENT, load);
    assert.deepEqual([seen, existsSync(markerFile)], [[0], false]);
    assert.throws(() =>
      loadReported({ repeat: false, markerFile }, directory, SILENT, () => {
        throw new Error('unreadable');
      }),
    );
    assert.equal(existsSync(markerFile), false);
  });

  it('reload_file without a name is in the run directory; the findings go to the file of reload_check_config', () => {
    const findingsFile = join(directory, 'findings');
    const position = { file: '/k.conf', line: 3, column: 5 };
    loadReported({ repeat: false, markerFile: '', findingsFile }, directory, SILENT, () => {
      assert.ok(existsSync(join(directory, 'keepalived.reload')));
      return { diagnostics: [{ severity: 'error', code: 'x', message: 'wrong', position }] };
    });
    assert.equal(readFileSync(findingsFile, 'utf8'), '/k.conf:3:5: error: wrong\n');
    assert.equal(existsSync(join(directory, 'keepalived.reload')), false);
  });

  it('a place that cannot be written does not keep a reload from reading', () => {
    const markerFile = join(directory, 'no/such/marker');
    const loaded = loadReported({ repeat: false, markerFile }, directory, SILENT, () => ({ diagnostics: [] }));
    assert.deepEqual(loaded, { diagnostics: [] });
  });
});
