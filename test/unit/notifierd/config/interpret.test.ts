import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { interpretNotifyConfig } from '../../../../services/notifierd/config/interpret.js';
import { formatDiagnostic } from '../../../../services/shared/config/formatDiagnostic.js';
import { ENVIRONMENT, load } from '../../shared/config/support.js';

const run = (lines: string) => {
  const { tree } = load(`global_defs {\n${lines}\n}`);
  assert.ok(tree);
  const { model, diagnostics } = interpretNotifyConfig(tree, ENVIRONMENT);
  return { model, messages: diagnostics.map(formatDiagnostic) };
};

const RECIPIENTS = 'notification_email {\na@example.org\nb@example.org\n}';

describe('mail', () => {
  it('has the defaults of keepalived', () => {
    assert.deepEqual(run(`${RECIPIENTS}\nsmtp_server 127.0.0.1`).model?.mail, {
      host: '127.0.0.1',
      port: 25,
      connectTimeout: 30_000_000,
      heloName: 'host.example',
      from: 'keepalived@host.example',
      recipients: ['a@example.org', 'b@example.org'],
      tls: { mode: 'off' },
      digest: { interval: 60_000_000, mails: 10 },
    });
  });

  it('greets as localhost where the machine has no name', () => {
    const { tree } = load(`global_defs {\n${RECIPIENTS}\nsmtp_server 127.0.0.1\n}`);
    assert.ok(tree);
    const { model } = interpretNotifyConfig(tree, { ...ENVIRONMENT, hostname: '(none)' });
    assert.deepEqual([model?.mail?.heloName, model?.mail?.from], ['localhost', 'keepalived@localhost']);
  });

  it('takes what is written', () => {
    const lines = 'notification_email_from x@y\nsmtp_helo_name h\nsmtp_connect_timeout 3\nsmtp_server mail 2525';
    assert.deepEqual(run(`${RECIPIENTS}\n${lines}`).model?.mail, {
      host: 'mail',
      port: 2525,
      connectTimeout: 3_000_000,
      heloName: 'h',
      from: 'x@y',
      recipients: ['a@example.org', 'b@example.org'],
      tls: { mode: 'off' },
      digest: { interval: 60_000_000, mails: 10 },
    });
  });

  const servers: readonly (readonly [string, string, number])[] = [
    ['mail:2525', 'mail', 2525],
    ['::1', '::1', 25],
    ['[::1]:26', '::1', 26],
    ['[::1]', '::1', 25],
    ['2001:db8::25 26', '2001:db8::25', 26],
  ];
  for (const [text, host, port] of servers) {
    it(`smtp_server ${text}`, () => {
      const { mail } = run(`${RECIPIENTS}\nsmtp_server ${text}`).model ?? assert.fail();
      assert.deepEqual([mail?.host, mail?.port], [host, port]);
    });
  }

  it('is off without recipients, and said to be off without a server', () => {
    assert.deepEqual(run('smtp_server mail').model?.mail, undefined);
    assert.deepEqual(run(RECIPIENTS).messages, [
      '/k.conf:3:1: warning: no mail is sent, since there is no smtp_server (add smtp_server, or remove notification_email)',
    ]);
  });

  it('refuses a bad port', () => {
    assert.deepEqual(run('smtp_server mail:0').messages, [
      "/k.conf:2:13: error: the port of 'smtp_server' must be 1..65535, not '0'",
    ]);
    assert.deepEqual(run('smtp_server [mail]:25').messages, [
      "/k.conf:2:13: error: 'smtp_server' needs a host name or an address, not '[mail]:25'",
    ]);
  });
});

describe('scripts and FIFOs', () => {
  it('have defaults', () => {
    assert.deepEqual(run('').model, { routerId: 'host.example', scripts: { security: false, timeout: 90_000_000 } });
  });

  it('take user, security and timeout', () => {
    assert.deepEqual(
      run('script_user nobody nogroup\nenable_script_security\nnotify_script_timeout 5').model?.scripts,
      {
        user: 'nobody',
        group: 'nogroup',
        security: true,
        timeout: 5_000_000,
      },
    );
  });

  it('belong together by name', () => {
    const { model } = run('vrrp_notify_fifo /run/v root\nvrrp_notify_fifo_script "/x y" bin\nnotify_fifo /run/all');
    assert.deepEqual(model?.vrrpFifo, {
      path: '/run/v',
      user: 'root',
      position: { file: '/k.conf', line: 2, column: 18 },
      script: { argv: ['/x', 'y'], user: 'bin', position: { file: '/k.conf', line: 3, column: 25 } },
    });
    assert.equal(model?.commonFifo?.path, '/run/all');
    assert.equal(model?.lvsFifo, undefined);
  });

  it('must differ', () => {
    assert.deepEqual(run('notify_fifo /run/f\nlvs_notify_fifo /run/f').messages, [
      "/k.conf:2:13: error: two kinds of notifications cannot share the FIFO '/run/f'",
    ]);
  });

  it('a reader without its FIFO is said to be ignored', () => {
    assert.deepEqual(run('lvs_notify_fifo_script /x').messages, [
      "/k.conf:2:1: warning: 'lvs_notify_fifo_script' without 'lvs_notify_fifo' is ignored",
    ]);
  });
});
