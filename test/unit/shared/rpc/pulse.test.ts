import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { pino } from 'pino';
import { BEAT_INTERVAL_MS, Pulse, PulseReader, pulsePath } from '../../../../services/shared/rpc/pulse.js';
import { FakeClock } from '../../../../services/shared/time/clock.js';
import { millis, seconds } from '../../../../services/shared/time/duration.js';

const ONE = '11111111-1111-4111-8111-111111111111';
const OTHER = '22222222-2222-4222-8222-222222222222';

describe('the sign of life of a service', () => {
  let folder: string;
  let path: string;
  let warnings: string[];
  let lost: number;
  const clock = new FakeClock();
  const open: (Pulse | PulseReader)[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void warnings.push(line) });

  const begin = (incarnation = ONE, at = path): Pulse => {
    const pulse = new Pulse(at, incarnation, clock, logger, () => lost++);
    open.push(pulse);
    return pulse;
  };
  const read = (incarnation = ONE, at = path): PulseReader => {
    const reader = PulseReader.open(at, incarnation);
    assert.ok(reader);
    open.push(reader);
    return reader;
  };
  const beat = (): void => {
    clock.advance(millis(BEAT_INTERVAL_MS));
    mock.timers.tick(BEAT_INTERVAL_MS);
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keepwatch-pulse-'));
    path = pulsePath(join(folder, 'vrrpd.sock'));
    warnings = [];
    lost = 0;
    mock.timers.enable({ apis: ['setInterval'] });
  });

  afterEach(() => {
    for (const one of open.splice(0)) one.close();
    mock.timers.reset();
    rmSync(folder, { recursive: true });
  });

  test('is read by whoever knows the incarnation, once for each beat', () => {
    const pulse = begin();
    assert.equal(path, join(folder, 'vrrpd.pulse'));
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(pulse.beats, true);
    const reader = read();
    assert.equal(reader.news(clock.now()), clock.now(), 'its beginning is the first beat');
    assert.equal(reader.news(clock.now()), undefined, 'which is news once');
    clock.advance(millis(BEAT_INTERVAL_MS));
    assert.equal(reader.news(clock.now()), undefined, 'a loop that does not run does not beat');
    mock.timers.tick(BEAT_INTERVAL_MS);
    const beatAt = clock.now();
    clock.advance(millis(100));
    assert.equal(reader.news(clock.now()), beatAt, 'the time is that of the beat');
  });

  test('of another process is none', () => {
    begin(OTHER);
    assert.equal(PulseReader.open(path, ONE), undefined);
    assert.equal(PulseReader.open(join(folder, 'nothing.pulse'), ONE), undefined);
  });

  test('is not looked for in what is no file of its kind', () => {
    writeFileSync(path, ONE);
    assert.equal(PulseReader.open(path, ONE), undefined, 'too short');
    begin(ONE, join(folder, 'elsewhere'));
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'link'));
    assert.equal(PulseReader.open(join(folder, 'link'), ONE), undefined);
    mkdirSync(join(folder, 'directory'));
    assert.equal(PulseReader.open(join(folder, 'directory'), ONE), undefined);
  });

  test('goes on under another name, and a successor in its place stays', () => {
    const spare = begin(ONE, join(folder, 'vrrpd.spare.pulse'));
    const reader = read(ONE, join(folder, 'vrrpd.spare.pulse'));
    reader.news(clock.now());
    spare.moveTo(path);
    beat();
    assert.equal(reader.news(clock.now()), clock.now(), 'whoever had opened it reads on');
    assert.equal(read().news(clock.now()), clock.now());
    begin(OTHER);
    spare.close();
    assert.deepEqual(readdirSync(folder), ['vrrpd.pulse'], 'the file of the other one');
    read(OTHER);
  });

  test('leaves nothing behind', () => {
    const pulse = begin();
    pulse.close();
    assert.deepEqual(readdirSync(folder), []);
    assert.equal(pulse.beats, false);
  });

  test('of a clock with another zero counts when it changes', () => {
    begin();
    const reader = read();
    const theirs = new FakeClock();
    theirs.advance(seconds(1_000_000));
    assert.equal(reader.news(theirs.now()), theirs.now());
    assert.equal(reader.news(theirs.now()), undefined);
    beat();
    assert.equal(reader.news(theirs.now()), theirs.now());
  });

  test('that cannot be written is told', () => {
    const pulse = begin(ONE, join(folder, 'missing', 'vrrpd.pulse'));
    assert.equal(pulse.beats, false);
    assert.deepEqual([warnings.length, lost], [1, 1]);
    assert.match(warnings[0] ?? '', /the sign of life cannot be written/);
    beat();
    pulse.close();
  });
});
