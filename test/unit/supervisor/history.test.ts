import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import type { Logger } from '../../../services/shared/log/logger.js';
import { Origin } from '../../../services/shared/rpc/generated/keepwatch/v1/common.js';
import { HistoryEntry, WatchEventsResponse } from '../../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { VrrpState, VrrpStateName } from '../../../services/shared/rpc/generated/keepwatch/v1/vrrp.js';
import { History } from '../../../services/supervisor/history.js';
import { historyEntries } from '../../../services/supervisor/historyEntries.js';
import { RECORD_FILE_LIMIT_BYTES, RecordFile } from '../../../services/supervisor/recordFile.js';

const directory = mkdtempSync(join(tmpdir(), 'keepwatch-history-'));
const path = join(directory, 'history.jsonl');
after(() => rmSync(directory, { recursive: true, force: true }));
beforeEach(() => {
  for (const name of ['history.jsonl', 'history.1.jsonl']) rmSync(join(directory, name), { force: true });
});

const entry = (sequence: number, fields: Partial<HistoryEntry> = {}): HistoryEntry =>
  HistoryEntry.fromPartial({ service: 'vrrpd', incarnation: 'a', sequence: BigInt(sequence), ...fields });
const silent = { warn: () => {} } as unknown as Logger;
const all = { limit: 0, subject: '', since: undefined };

const vrrpEvent = (value: object): WatchEventsResponse =>
  WatchEventsResponse.fromPartial({
    origin: Origin.fromPartial({ service: 'vrrpd', incarnation: 'a', sequence: 7n, generation: 2n }),
    event: { $case: 'service', value: { event: { $case: 'vrrp', value } } },
  });

test('a tracker, the priority it moves and the transition it causes are three entries in that order', () => {
  const before = {
    vrrp: VrrpState.fromPartial({
      instances: [{ name: 'VI_1', effectivePriority: 150 }],
      trackers: [{ kind: 'script', name: 'chk', condition: 'good' }],
    }),
  };
  const event = vrrpEvent({
    trackers: [{ kind: 'script', name: 'chk', condition: 'bad', detail: 'exit 1' }],
    instances: [
      {
        name: 'VI_1',
        effectivePriority: 90,
        priorityTerms: [
          { reason: 'configured', value: 150 },
          { reason: 'script chk', value: -60 },
        ],
      },
    ],
    transition: {
      name: 'VI_1',
      from: VrrpStateName.VRRP_STATE_NAME_MASTER,
      to: VrrpStateName.VRRP_STATE_NAME_BACKUP,
      cause: { code: 'higher-priority-advert', text: '10.0.0.3 advertises priority 100' },
    },
  });
  assert.deepEqual(
    historyEntries(event, before).map(({ subject, change, cause, code, generation }) => [
      subject,
      change,
      cause,
      code,
      generation,
    ]),
    [
      ['track_script chk', 'good -> bad', 'exit 1', 'tracker-bad', 2n],
      ['vrrp_instance VI_1', 'priority 150 -> 90', '90 = 150 (configured) - 60 (script chk)', 'priority', 2n],
      ['vrrp_instance VI_1', 'MASTER -> BACKUP', '10.0.0.3 advertises priority 100', 'higher-priority-advert', 2n],
    ],
  );
  // Nothing was known before: the first sight of things is no change.
  assert.equal(historyEntries(event, {}).length, 1);
});

test('notes, servers, the suite and what could not be told are entries; counters and successes are not', () => {
  const origin = { service: 'x', incarnation: 'a', sequence: 1n };
  const of = (event: object): string[] =>
    historyEntries(WatchEventsResponse.fromPartial({ origin, event: event as never }), {}).map(
      ({ subject, change }) => `${subject}: ${change}`,
    );
  const service = (kind: string, value: object): string[] =>
    of({ $case: 'service', value: { event: { $case: kind, value } } });
  assert.deepEqual(service('vrrp', { note: 'conflict', instances: [{ name: 'VI_1' }] }), [
    'vrrp_instance VI_1: conflict',
  ]);
  assert.deepEqual(service('vrrp', { instances: [{ name: 'VI_1' }] }), []);
  assert.deepEqual(service('health', { transition: { virtualServer: 'V', realServer: 'R' } }), [
    'real_server R of V: DOWN',
  ]);
  assert.deepEqual(service('health', { transition: { virtualServer: 'V', up: true } }), [
    'virtual_server V: quorum UP',
  ]);
  assert.deepEqual(service('ipvs', { note: 'put back' }), ['ipvs table: put back']);
  assert.deepEqual(service('notify', { result: { lane: 'instance VI_1', kind: 'script', ok: true } }), []);
  assert.deepEqual(service('notify', { result: { lane: 'instance VI_1', kind: 'script' } }), [
    'instance VI_1: script failed',
  ]);
  assert.deepEqual(of({ $case: 'supervisor', value: { code: 'service-died', service: 'ipvsd', text: 'died' } }), [
    'service ipvsd: service-died',
  ]);
});

test('events that are sent again are one entry, also after a restart of the supervisor', async () => {
  const file = new RecordFile(directory, 'history', HistoryEntry);
  const first = new History(file, silent);
  first.add([entry(1), entry(1)]);
  first.add([entry(2)]);
  first.add([entry(1)]);
  await first.flushed();
  assert.equal(statSync(path).mode & 0o777, 0o600);

  const second = new History(file, silent, file.read());
  second.add([entry(2)]);
  second.add([entry(3)]);
  second.add([entry(1, { incarnation: 'b' })]);
  await second.flushed();
  const sequences = (history: History): number[] => history.find(all).map(({ sequence }) => Number(sequence));
  assert.deepEqual(sequences(second), [1, 1, 2, 3, 1]);
  assert.deepEqual(sequences(new History(file, silent, file.read())), [1, 1, 2, 3, 1]);
});

test('a line cut short costs that line only', async () => {
  const file = new RecordFile(directory, 'history', HistoryEntry);
  await file.append([entry(1)]);
  appendFileSync(path, '{"service":"vrr');
  const next = new RecordFile(directory, 'history', HistoryEntry);
  await next.append([entry(2)]);
  await next.append([entry(3)]);
  assert.deepEqual(
    next.read().map(({ sequence }) => Number(sequence)),
    [1, 2, 3],
  );
});

test('two files of a bounded size are kept', async () => {
  const file = new RecordFile(directory, 'history', HistoryEntry);
  const cause = 'x'.repeat(100_000);
  for (let sequence = 1; sequence <= 40; sequence++) await file.append([entry(sequence, { cause })]);
  assert.ok(statSync(path).size <= RECORD_FILE_LIMIT_BYTES + 101_000);
  const kept = file.read().map(({ sequence }) => Number(sequence));
  assert.ok(existsSync(join(directory, 'history.1.jsonl')));
  assert.ok(kept.length >= 11 && kept.length <= 22, `${kept.length}`);
  assert.equal(kept.at(-1), 40);
  assert.deepEqual(
    kept,
    kept.map((_, index) => 41 - kept.length + index),
  );
});

test('a disk that refuses is said once, and the history goes on in memory', async () => {
  const warnings: string[] = [];
  const logger = { warn: (_: unknown, text: string) => warnings.push(text) } as unknown as Logger;
  const history = new History({ append: () => Promise.reject(new Error('ENOSPC')) }, logger);
  for (let sequence = 1; sequence <= 3; sequence++) {
    history.add([entry(sequence)]);
    await history.flushed();
  }
  assert.equal(history.find(all).length, 3);
  assert.equal(warnings.length, 1);
});

test('what is asked for: a subject by its whole name or by its last words, a time, the newest few', () => {
  const history = new History({ append: () => Promise.resolve() }, silent);
  const at = (second: number): Date => new Date(second * 1000);
  history.add([entry(1, { subject: 'vrrp_instance VI_1', at: at(1) })]);
  history.add([entry(2, { subject: 'vrrp_instance VI_10', at: at(2) })]);
  history.add([entry(3, { subject: 'vrrp_instance VI_1', at: at(3) })]);
  const found = (query: object): number[] => history.find({ ...all, ...query }).map(({ sequence }) => Number(sequence));
  assert.deepEqual(found({ subject: 'VI_1' }), [1, 3]);
  assert.deepEqual(found({ subject: 'vrrp_instance VI_10' }), [2]);
  assert.deepEqual(found({ subject: 'I_1' }), []);
  assert.deepEqual(found({ limit: 2 }), [2, 3]);
  assert.deepEqual(found({ since: at(2) }), [2, 3]);
});

test('memory is bounded: the oldest entries go', () => {
  const history = new History({ append: () => Promise.resolve() }, silent);
  for (let sequence = 1; sequence <= 30_000; sequence++) history.add([entry(sequence)]);
  const kept = history.find(all);
  assert.ok(kept.length <= 11_000 && kept.length >= 10_000);
  assert.equal(Number(kept.at(-1)?.sequence), 30_000);
});
