import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { auditLine } from '../../../../cmd/keepwatchctl/auditText.js';
import type { Logger } from '../../../../services/shared/log/logger.js';
import { AuditEntry } from '../../../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { FakeClock } from '../../../../services/shared/time/clock.js';
import { seconds } from '../../../../services/shared/time/duration.js';
import { AuditLog } from '../../../../services/supervisor/api/auditLog.js';
import { ruleFor } from '../../../../services/supervisor/api/methods.js';
import { RecordFile } from '../../../../services/supervisor/recordFile.js';

const directory = mkdtempSync(join(tmpdir(), 'keepwatch-audit-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const logged: string[] = [];
const logger = {
  info: (_fields: object, text: string) => logged.push(`info ${text}`),
  warn: (_fields: object, text: string) => logged.push(`warn ${text}`),
} as unknown as Logger;
const alice = { who: 'CN=alice', from: '192.0.2.7:1', role: 'operator', call: 'GiveOrder' };

test('a change is in memory, in the file and in the log; the file is 0600 and read back', async () => {
  const file = new RecordFile(directory, 'audit', AuditEntry);
  const clock = new FakeClock();
  const log = new AuditLog(file, logger, clock);
  log.changed({ ...alice, arguments: '{"by":"x"}', detail: 'order 7' }, 'OK');
  log.changed({ ...alice, detail: 'x'.repeat(5_000) }, 'INVALID_ARGUMENT');
  await log.flushed();
  assert.equal(statSync(join(directory, 'audit.jsonl')).mode & 0o777, 0o600);
  assert.deepEqual(file.read(), log.find({ limit: 0, since: undefined }));
  const [first, second] = file.read();
  assert.match(
    auditLine(first ?? AuditEntry.fromPartial({})),
    /CN=alice \(192\.0\.2\.7:1, operator\) {2}GiveOrder \{"by":"x"\}: OK: order 7$/,
  );
  assert.ok((second?.detail.length ?? 0) < 2_100, 'long texts are cut');
  assert.match(logged[0] ?? '', /^info GiveOrder by CN=alice \(192\.0\.2\.7:1\): order 7$/);
  assert.match(logged[1] ?? '', /^warn GiveOrder by CN=alice \(192\.0\.2\.7:1\): INVALID_ARGUMENT/);

  const next = new AuditLog(file, logger, clock, file.read());
  assert.equal(next.find({ limit: 1, since: undefined })[0]?.result, 'INVALID_ARGUMENT');
  clock.advance(seconds(1));
  assert.deepEqual(next.find({ limit: 0, since: clock.wall() }), []);
});

test('whoever is refused a thousand times gets few entries, and they say how many there were', () => {
  const clock = new FakeClock();
  const entries: AuditEntry[] = [];
  const log = new AuditLog({ append: async (some) => void entries.push(...some) }, logger, clock);
  for (let count = 0; count < 1_000; count++) log.refused('a', alice, 'PERMISSION_DENIED');
  log.refused('b', alice, 'PERMISSION_DENIED');
  const found = log.find({ limit: 0, since: undefined });
  assert.equal(found.length, 11);
  clock.advance(seconds(10));
  log.refused('a', alice, 'PERMISSION_DENIED');
  assert.equal(log.find({ limit: 1, since: undefined })[0]?.unlisted, 990);
});

test('what is written down of a configuration has no text of it', () => {
  const { audited } = ruleFor({ service: 'keepwatch.v1.ControlService', method: 'ApplyConfig' }) ?? {};
  const word = (text: string) => ({ text, file: 0, line: 1, column: 1, quoted: false });
  const request = {
    tree: {
      files: ['a.conf'],
      statements: [{ words: [word('auth_pass'), word('secret')], block: false, children: [] }],
    },
    source: 'a.conf',
    confirmWithinMs: 60_000n,
  };
  const text = JSON.stringify(audited?.request(request as never));
  assert.equal(text, '{"source":"a.conf","confirmWithinMs":"60000","files":["a.conf"],"statements":1}');
  const refused = {
    accepted: false,
    generation: 1n,
    changes: [],
    diagnostics: [{ code: 'too-long', message: 'secret', position: { file: 'a.conf', line: 3 } }],
  };
  assert.equal(audited?.outcome(refused as never), 'refused: too-long at a.conf:3');
});
