import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { describe, it } from 'node:test';
import { SMTPServer } from 'smtp-server';
import type { MailConfig } from '../../../services/notifierd/config/model.js';
import { MAIL_ATTEMPTS, retryPause } from '../../../services/notifierd/mailer.js';
import { composeMail, encodeHeader, mailDate } from '../../../services/notifierd/mailMessage.js';
import { SmtpTransport } from '../../../services/notifierd/mailTransport.js';
import { millis, seconds, toSeconds } from '../../../services/shared/time/duration.js';

const date = new Date('2026-11-22T21:45:02Z');
const mail = {
  subject: '[LB1] VRRP Instance VI_1 - Entering BACKUP state',
  body: '=> VRRP Instance is no longer owning VRRP VIPs <=',
};

describe('an alert mail', () => {
  it('has the form keepalived gives it', () => {
    // As keepalived 2.2.7 sent it to a sink, but for the name of the mailer and the date.
    const text = composeMail(mail, 'from@example.com', ['a@example.com', 'b@example.com'], date);
    const expected = `Date: ${mailDate(date)}\r
From: from@example.com\r
Subject: [LB1] VRRP Instance VI_1 - Entering BACKUP state\r
X-Mailer: Keepwatch\r
To: a@example.com, b@example.com\r
\r
=> VRRP Instance is no longer owning VRRP VIPs <=\r
\r
`;
    assert.equal(text, expected);
  });

  it('writes dates of every zone as RFC 5322 wants them', () => {
    assert.equal(mailDate(date, 0), 'Sun, 22 Nov 2026 21:45:02 +0000');
    assert.equal(mailDate(date, 330), 'Mon, 23 Nov 2026 03:15:02 +0530');
    assert.equal(mailDate(date, -210), 'Sun, 22 Nov 2026 18:15:02 -0330');
  });

  it('lets no name become a header and encodes what is not ASCII', () => {
    const text = composeMail({ subject: 'a\r\nBcc: eve@example.com', body: 'ü\nx' }, 'f@x\nTo: y', ['a@x'], date);
    assert.doesNotMatch(text, /^Bcc/m);
    assert.equal(text.match(/^To:/gm)?.length, 1);
    assert.match(text, /^Content-Type: text\/plain; charset=utf-8\r$/m);
    assert.ok(text.endsWith('ü\r\nx\r\n\r\n'));
    assert.equal(encodeHeader('plain'), 'plain');
    const long = encodeHeader('Ümlaut '.repeat(30));
    for (const word of long.split('\r\n ')) assert.match(word, /^=\?UTF-8\?B\?[A-Za-z0-9+/=]+\?=$/);
    assert.ok(long.split('\r\n ').every((word) => word.length <= 75));
    const decoded = long
      .split('\r\n ')
      .map((word) => Buffer.from(word.slice(10, -2), 'base64').toString())
      .join('');
    assert.equal(decoded, 'Ümlaut '.repeat(30).trim());
  });
});

describe('pauses between attempts', () => {
  it('double from a second to ten minutes, and last for hours', () => {
    assert.deepEqual(
      [1, 2, 3, 10, 11, 99].map((n) => toSeconds(retryPause(n))),
      [1, 2, 4, 512, 600, 600],
    );
    let total = 0;
    for (let failures = 1; failures < MAIL_ATTEMPTS; failures++) total += toSeconds(retryPause(failures));
    assert.ok(total > 3.5 * 3600 && total < 5 * 3600, `${total} s`);
  });
});

const listen = (server: SMTPServer | Server): Promise<number> =>
  new Promise((resolve) => {
    const net = server instanceof SMTPServer ? server.server : server;
    server.listen(0, '127.0.0.1', () => {
      const address = net.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });

const configFor = (port: number): MailConfig => ({
  host: '127.0.0.1',
  port,
  connectTimeout: seconds(2),
  heloName: 'my.helo',
  from: 'from@example.com',
  recipients: ['a@example.com', 'b@example.com'],
  tls: { mode: 'off' },
});

describe('sending by SMTP', () => {
  it('uses one connection per mail, the configured helo name, one RCPT each, and no TLS though it is offered', async () => {
    const seen: { helo: string; from: string; to: string[]; text: string; secure: boolean }[] = [];
    let connections = 0;
    const server = new SMTPServer({
      authOptional: true,
      onConnect: (_session, done) => {
        connections++;
        done();
      },
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const { mailFrom, rcptTo } = session.envelope;
          seen.push({
            helo: session.hostNameAppearsAs,
            from: mailFrom === false ? '' : mailFrom.address,
            to: rcptTo.map(({ address }) => address),
            text: Buffer.concat(chunks).toString(),
            secure: session.secure,
          });
          done();
        });
      },
    });
    const config = configFor(await listen(server));
    const transport = new SmtpTransport();
    assert.deepEqual(await transport.send(mail, date, config), { kind: 'sent', refused: [] });
    assert.deepEqual(await transport.send({ subject: 's', body: '.dot\n.' }, date, config), {
      kind: 'sent',
      refused: [],
    });
    await new Promise<void>((resolve) => server.close(() => resolve()));
    assert.equal(connections, 2);
    const [first, second] = seen;
    assert.deepEqual(
      [first?.helo, first?.from, first?.to, first?.secure],
      ['my.helo', 'from@example.com', ['a@example.com', 'b@example.com'], false],
    );
    assert.equal(first?.text, composeMail(mail, config.from, config.recipients, date));
    assert.ok(second?.text.endsWith('\r\n\r\n.dot\r\n.\r\n\r\n'));
  });

  it('tells a dead server from a mail that is refused for now or for good', async () => {
    const refusing = (code: number) =>
      new SMTPServer({
        authOptional: true,
        disabledCommands: ['STARTTLS'],
        onRcptTo: ({ address }, _session, done) =>
          done(
            address.startsWith('a@') && code !== 551 ? null : Object.assign(new Error('no'), { responseCode: code }),
          ),
        onMailFrom: (_address, _session, done) =>
          done(code === 450 ? Object.assign(new Error('busy'), { responseCode: code }) : null),
        onData: (stream, _session, done) => {
          stream.resume();
          stream.on('end', () => done());
        },
      });
    const outcome = async (code: number) => {
      const server = refusing(code);
      const attempt = await new SmtpTransport().send(mail, date, configFor(await listen(server)));
      await new Promise<void>((resolve) => server.close(() => resolve()));
      return attempt;
    };
    assert.deepEqual(await outcome(550), { kind: 'sent', refused: ['b@example.com'] });
    assert.equal((await outcome(551)).kind, 'refused');
    assert.equal((await outcome(450)).kind, 'later');

    const mute = createServer();
    const port = await listen(mute);
    const silent = await new SmtpTransport().send(mail, date, { ...configFor(port), connectTimeout: millis(200) });
    assert.equal(silent.kind, 'server-down');
    mute.close();
    const dead = await new SmtpTransport().send(mail, date, configFor(1));
    assert.ok(dead.kind === 'server-down');
    assert.match(dead.reason, /ECONNREFUSED 127\.0\.0\.1:1/);
    const nowhere = await new SmtpTransport().send(mail, date, { ...configFor(25), host: 'no-such-host.invalid' });
    assert.equal(nowhere.kind, 'server-down');
  });
});
