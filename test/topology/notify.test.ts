import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { bringUp } from './lib/bringUp.js';
import { block, instance } from './lib/config.js';
import { eventually } from './lib/eventually.js';
import { FIRST, VIP, withPair } from './lib/pair.js';
import { Recorder } from './lib/recorder.js';
import { SmtpSink } from './lib/smtpSink.js';
import { labSkip, underTest } from './lib/underTest.js';

describe('notification', { skip: await labSkip(), concurrency: 2 }, () => {
  test('scripts get their arguments, in order; the mail arrives', async () => {
    await withPair(underTest, underTest, async ({ lab, first, client }, capture) => {
      const sink = SmtpSink.listen(lab, client);
      const any = Recorder.create(join(lab.directory, 'any.sh'));
      const own = Recorder.create(join(lab.directory, 'own.sh'));
      const group = Recorder.create(join(lab.directory, 'group.sh'));
      const config = [
        block('global_defs', [
          'router_id LAB',
          block('notification_email', ['ops@example.com', 'second@example.com']),
          'notification_email_from router@example.com',
          'smtp_server 10.9.0.50',
          'smtp_connect_timeout 5',
        ]),
        block('vrrp_sync_group VG_1', [block('group', ['VI_1']), `notify ${group.script}`]),
        instance({
          priority: 150,
          addresses: [`${VIP}/24`],
          more: [
            'smtp_alert',
            `notify ${any.script}`,
            `notify_master "${own.script} master 'two words'"`,
            `notify_backup "${own.script} backup"`,
            `notify_fault "${own.script} fault"`,
            `notify_stop "${own.script} stop"`,
          ],
        }),
      ].join('\n');
      await bringUp(lab, first, config);
      await capture.advertOf(FIRST);
      await first.cable('eth0').cut();
      await eventually('FAULT is told', () => own.lines().includes('fault'));
      await first.cable('eth0').plug();
      await eventually(
        'MASTER is told again',
        () => own.lines().filter((line) => line.startsWith('master')).length === 2,
        {
          within: 8_000,
        },
      );
      await eventually('a mail for each state', () => sink.mails.length >= 4, { within: 8_000 });
      await first.stop();

      // A state's own script and the common one may be told side by side, but each keeps its order.
      assert.deepEqual(
        any.calls().map(({ args }) => args),
        [
          ['INSTANCE', 'VI_1', 'BACKUP', '150'],
          ['INSTANCE', 'VI_1', 'MASTER', '150'],
          ['INSTANCE', 'VI_1', 'FAULT', '150'],
          ['INSTANCE', 'VI_1', 'BACKUP', '150'],
          ['INSTANCE', 'VI_1', 'MASTER', '150'],
          ['INSTANCE', 'VI_1', 'STOP', '150'],
        ],
      );
      assert.deepEqual(
        own.calls().map(({ args }) => args),
        [['backup'], ['master', 'two words'], ['fault'], ['backup'], ['master', 'two words'], ['stop']],
      );
      const groupLines = group.lines();
      assert.deepEqual(groupLines.slice(0, 2), ['GROUP VG_1 BACKUP 0', 'GROUP VG_1 MASTER 0']);
      assert.equal(groupLines.at(-1), 'GROUP VG_1 STOP 0');

      const master = sink.mails.find(({ subject }) => /VI_1.*MASTER/.test(subject));
      assert.ok(master, `subjects: ${sink.subjects().join(', ')}`);
      assert.match(master.subject, /^\[LAB\] VRRP Instance VI_1 - Entering MASTER state$/);
      assert.equal(master.from, 'router@example.com');
      assert.deepEqual(master.to, ['ops@example.com', 'second@example.com']);
    });
  });

  test('a slow script delays no advertisement', async () => {
    await withPair(underTest, underTest, async ({ lab, first }, capture) => {
      const slow = join(lab.directory, 'slow.sh');
      writeFileSync(slow, '#!/bin/sh\nexec sleep 30\n', { mode: 0o755 });
      await bringUp(
        lab,
        first,
        [
          block('global_defs', ['router_id LAB']),
          instance({ priority: 255, addresses: [`${VIP}/24`], more: [`notify ${slow}`] }),
        ].join('\n'),
      );
      const one = await capture.advertOf(FIRST);
      const two = await capture.advertOf(FIRST, one.at);
      const three = await capture.advertOf(FIRST, two.at);
      assert.ok(two.at - one.at < 1_100 && three.at - two.at < 1_100, `${two.at - one.at}, ${three.at - two.at} ms`);
      // Nor does it keep the addresses: they go at once, while the script is given some seconds to end.
      const stoppedAt = Date.now();
      const stopping = first.stop();
      await capture.advert('goodbye', (advert) => advert.priority === 0, { within: 1_000 });
      await eventually('the address leaves', async () => !(await first.host.hasAddress('eth0', VIP)), {
        within: 1_000,
      });
      await stopping;
      assert.ok(Date.now() - stoppedAt < 15_000, `stopping took ${Date.now() - stoppedAt} ms`);
    });
  });
});
