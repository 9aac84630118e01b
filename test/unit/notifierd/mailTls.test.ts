/** TLS and login against a real mail server with a certificate of an authority made for the test. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it, type TestContext } from 'node:test';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { MailConfig } from '../../../services/notifierd/config/model.js';
import { type MailAttempt, SmtpTransport } from '../../../services/notifierd/mailTransport.js';
import { seconds } from '../../../services/shared/time/duration.js';
import { temporaryFolder } from './support.js';

const skip = existsSync('/usr/bin/openssl') ? false : 'openssl is not installed';
const folder = temporaryFolder();
const file = (name: string): string => join(folder, name);
const mail = { subject: 's', body: 'b' };

before(() => {
  if (skip !== false) return;
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  const newKey = ['-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Test authority');
  const names = 'subjectAltName=DNS:mail.example.org';
  openssl('req', ...newKey, '-keyout', 'mail.key', '-out', 'mail.csr', '-subj', '/CN=mail.example.org');
  writeFileSync(file('names'), names);
  const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names', '-days', '2'];
  openssl('x509', '-req', '-in', 'mail.csr', ...signing, '-out', 'mail.pem');
});

interface Seen {
  readonly secure: boolean;
  readonly user: unknown;
  readonly to: readonly string[];
}

/** A server that takes everything from who may log in, and what it saw. */
async function serve(context: TestContext, options: SMTPServerOptions): Promise<{ port: number; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = new SMTPServer({
    key: readFileSync(file('mail.key')),
    cert: readFileSync(file('mail.pem')),
    authOptional: true,
    onAuth: ({ username, password }, _session, done) =>
      password === 'geheim' ? done(null, { user: username }) : done(new Error('wrong password')),
    onData: (stream, session, done) => {
      stream.resume();
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map(({ address }) => address);
        seen.push({ secure: session.secure, user: session.user || undefined, to });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  context.after(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const address = server.server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : 0, seen };
}

const send = (port: number, more: Partial<MailConfig>): Promise<MailAttempt> =>
  new SmtpTransport().send(mail, new Date(), {
    host: '127.0.0.1',
    port,
    connectTimeout: seconds(5),
    heloName: 'my.helo',
    from: 'from@example.com',
    recipients: ['a@example.com', 'b@example.com'],
    tls: { mode: 'off' },
    ...more,
  });

const reasonOf = (attempt: MailAttempt): string => (attempt.kind === 'sent' ? 'sent' : attempt.reason);

describe('mail over TLS', { skip }, () => {
  const trusted = { caFile: file('ca.pem'), name: 'mail.example.org' };

  it('takes STARTTLS and TLS from the first byte, to every recipient', async (context) => {
    const upgrading = await serve(context, {});
    assert.deepEqual(await send(upgrading.port, { tls: { mode: 'starttls', ...trusted } }), {
      kind: 'sent',
      refused: [],
    });
    const encrypted = await serve(context, { secure: true });
    assert.equal((await send(encrypted.port, { tls: { mode: 'tls', ...trusted } })).kind, 'sent');
    for (const { seen } of [upgrading, encrypted]) {
      assert.deepEqual(seen, [{ secure: true, user: undefined, to: ['a@example.com', 'b@example.com'] }]);
    }
  });

  it('sends nothing to a server without STARTTLS, of another name or of an unknown authority', async (context) => {
    const plain = await serve(context, { disabledCommands: ['STARTTLS'] });
    assert.match(reasonOf(await send(plain.port, { tls: { mode: 'starttls', ...trusted } })), /STARTTLS/i);
    const { port, seen } = await serve(context, {});
    const other = await send(port, { tls: { mode: 'starttls', ...trusted, name: 'other.example.org' } });
    assert.match(reasonOf(other), /other\.example\.org/);
    const unknown = await send(port, { tls: { mode: 'starttls', name: 'mail.example.org' } });
    assert.match(reasonOf(unknown), /certificate/i);
    const missing = await send(port, { tls: { mode: 'starttls', ...trusted, caFile: file('no-such.pem') } });
    assert.match(reasonOf(missing), /smtp_tls_ca cannot be read: ENOENT/);
    for (const attempt of [other, unknown, missing]) assert.equal(attempt.kind, 'server-down');
    assert.deepEqual([...plain.seen, ...seen], []);
  });

  it('logs in with a password from the configuration or from a file, and says when it is refused', async (context) => {
    const { port, seen } = await serve(context, { authOptional: false });
    const tls = { mode: 'starttls', ...trusted } as const;
    assert.equal((await send(port, { tls, login: { user: 'lb', password: 'geheim' } })).kind, 'sent');
    writeFileSync(file('password'), 'geheim\nnot this\n', { mode: 0o600 });
    const login = { user: 'lb', passwordFile: file('password') };
    assert.equal((await send(port, { tls, login })).kind, 'sent');
    assert.deepEqual(
      seen.map(({ user }) => user),
      ['lb', 'lb'],
    );
    const refused = await send(port, { tls, login: { user: 'lb', password: 'falsch' } });
    assert.equal(refused.kind, 'server-down');
    assert.match(reasonOf(refused), /wrong password|535|invalid/i);
    assert.ok(!reasonOf(refused).includes('falsch'));
    const unread = await send(port, { tls, login: { user: 'lb', passwordFile: file('nothing') } });
    assert.match(reasonOf(unread), /smtp_password_file cannot be read: ENOENT/);
  });
});
