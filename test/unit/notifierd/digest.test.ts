import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MailConfig } from '../../../services/notifierd/config/model.js';
import { DIGEST_LINES, digestMail, FlapWatch } from '../../../services/notifierd/digest.js';
import { jobsOf } from '../../../services/notifierd/job.js';
import { MAIL_LIMIT, Mailer } from '../../../services/notifierd/mailer.js';
import type { TaskResult } from '../../../services/notifierd/taskResult.js';
import { SystemClock } from '../../../services/shared/kernel/systemClock.js';
import { silentLogger } from '../../../services/shared/log/logger.js';
import { instant, type Micros, millis, seconds } from '../../../services/shared/time/duration.js';
import { FakeTransport, notification, until } from './support.js';

const CONFIG: MailConfig = {
  host: 'mx',
  port: 25,
  connectTimeout: seconds(1),
  heloName: 'lb1',
  from: 'lb@example.com',
  recipients: ['a@example.com'],
  tls: { mode: 'off' },
};

describe('a lane that flaps', () => {
  it('is one with more mails within the interval than allowed', () => {
    const watch = new FlapWatch();
    const digest = { interval: seconds(60), mails: 2 };
    const at = (second: number) => instant(second * 1_000_000);
    assert.deepEqual(
      [0, 10, 20, 59, 100, 190, 250].map((second) => watch.flaps('instance VI_1', at(second), digest)),
      [false, false, true, true, false, false, false],
    );
    assert.equal(watch.flaps('instance VI_2', at(20), digest), false);
  });

  it('becomes one mail that lists the alerts, the latest when there are many', () => {
    const items = Array.from({ length: DIGEST_LINES + 5 }, (_, index) => ({
      mail: { subject: `alert ${index}`, body: `body ${index}` },
      at: new Date(index * 1000),
    }));
    const { subject, body } = digestMail('instance VI_1', items, 3, { interval: seconds(60), mails: 10 });
    assert.equal(subject, `alert ${DIGEST_LINES + 4} (and ${DIGEST_LINES + 7} more: it flaps)`);
    const lines = body.split('\n');
    assert.match(lines[0] ?? '', /^108 alerts about instance VI_1 were collected/);
    assert.equal(lines[2], '8 earlier ones are not listed.');
    assert.equal(lines[3], '1970-01-01T00:00:05.000Z alert 5');
    assert.equal(lines.at(-1), 'body 104');
  });
});

/** A mailer on a fake server, and how its jobs ended. */
function mailerWith(interval: Micros, mails: number) {
  const transport = new FakeTransport();
  const results = new Map<string, TaskResult>();
  const mailer = new Mailer({
    transport,
    clock: new SystemClock(),
    log: silentLogger(),
    finished: (job, result) => results.set(job.task.kind === 'mail' ? job.task.mail.subject : '', result),
    onChange: () => undefined,
  });
  mailer.configure({ ...CONFIG, digest: { interval, mails } });
  let sequence = 0;
  const submit = (subject: string, lane = 'instance VI_1') => {
    sequence++;
    for (const job of jobsOf(notification(sequence, { lane, mails: [{ subject, body: 'b' }] }))) mailer.submit(job);
  };
  return { mailer, transport, results, submit, subjects: () => transport.sent.map(({ mail }) => mail.subject) };
}

describe('mails about a lane that flaps', () => {
  it('are collected, all told by one mail, while another lane goes on', async () => {
    const { transport, results, submit, subjects } = mailerWith(millis(300), 2);
    for (let n = 1; n <= 6; n++) submit(`m${n}`);
    submit('other', 'instance VI_2');
    await until(() => results.size === 7, 'all are sent');
    assert.deepEqual(subjects(), ['m1', 'm2', 'other', 'm6 (and 3 more: it flaps)']);
    assert.ok([...results.values()].every(({ ok }) => ok));
    assert.equal(results.get('m4')?.detail, 'taken by mx:25, one mail for 4');
    assert.match(transport.sent.at(-1)?.mail.body ?? '', /m3\n.*m4\n.*m5\n.*m6/);
  });

  it('go at once when the process ends, and do not grow beyond the limit while the server is down', async () => {
    const { mailer, transport, results, submit, subjects } = mailerWith(seconds(3600), 1);
    submit('m0');
    await until(() => results.size === 1, 'the first');
    for (let n = 1; n <= MAIL_LIMIT + 50; n++) submit(`m${n}`);
    assert.equal(mailer.size, MAIL_LIMIT);
    assert.equal(results.get('m50')?.ok, false);
    assert.match(results.get('m50')?.detail ?? '', /given up: more than 1000 mails wait/);
    mailer.hurry();
    await until(() => results.size === MAIL_LIMIT + 51, 'the collection');
    assert.deepEqual(subjects().slice(1), [`m1050 (and 1049 more: it flaps)`]);
    assert.match(transport.sent.at(-1)?.mail.body ?? '', /950 earlier ones are not listed/);
  });
});
