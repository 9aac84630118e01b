import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createColors } from 'picocolors';
import { renderNotifications } from '../../../cmd/keepwatchctl/renderNotifications.js';
import { NotifyResult, NotifyState } from '../../../services/shared/rpc/generated/keepwatch/v1/notify.js';

const now = new Date(2026, 10, 22, 12, 0, 0);
const result = (more: Partial<NotifyResult>): NotifyResult => NotifyResult.fromPartial({ at: now, ...more });

test('each result has its exit status, duration and the last lines of its output; the queue stands above', () => {
  const recent = [
    result({ lane: 'instance VI_1', kind: 'script', ok: true, detail: 'exit 0', durationMs: 1234, what: '/bin/a' }),
    result({
      lane: 'group VG_1',
      kind: 'script',
      detail: 'killed after 90 s',
      durationMs: 92_000,
      what: '/bin/b x',
      outputTail: 'one\ntwo\n',
    }),
    result({ lane: 'instance VI_1', kind: 'mail', ok: true, detail: 'taken by mx:25', attempts: 3, what: 'subject' }),
  ];
  const state = NotifyState.fromPartial({ queued: 2, running: 1, oldestAgeMs: 65_000n, scriptsOk: 5n, recent });
  const lines = renderNotifications(state, recent, now, createColors(false)).split('\n');
  assert.equal(lines[0], '2 waiting, 1 running, the oldest for 65 s');
  assert.match(lines[1] ?? '', /scripts 5 good 0 failed/);
  assert.match(lines[4] ?? '', /instance VI_1 +script +exit 0 +1\.234 s +\/bin\/a$/);
  assert.match(lines[5] ?? '', /group VG_1 +script +killed after 90 s +92\.0 s +\/bin\/b x$/);
  assert.deepEqual(lines.slice(6, 8), ['    | one', '    | two']);
  assert.match(lines[8] ?? '', /mail +taken by mx:25 +0\.000 s +subject \(attempt 3\)$/);
});

test('nothing told, and nothing failed, are said', () => {
  const colours = createColors(false);
  const none = NotifyState.fromPartial({});
  assert.match(renderNotifications(none, [], now, colours), /^0 waiting, 0 running\n.*\nnothing was told yet\n$/);
  const good = NotifyState.fromPartial({ recent: [result({ ok: true })] });
  assert.match(renderNotifications(good, [], now, colours), /nothing failed lately/);
});
