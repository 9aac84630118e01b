/** The mail of an alert, beside the one the installed keepalived really sends. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { composeMail } from '../../services/notifierd/mailMessage.js';

const folder = mkdtempSync(join(tmpdir(), 'keepwatch-mail-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const hasKeepalived = spawnSync('keepalived', ['--version']).error === undefined;
const mayUnshare = spawnSync('unshare', ['-n', 'true']).status === 0;

/** Answers every SMTP command politely, writes what it heard, ends after the first mail. */
const SINK = `
const { createServer } = require('node:net');
const { writeFileSync } = require('node:fs');
let heard = '';
createServer((socket) => {
  let data = false, rest = '';
  socket.write('220 sink\\r\\n');
  socket.on('data', (chunk) => {
    heard += chunk; rest += chunk;
    for (let end = rest.indexOf('\\r\\n'); end >= 0; end = rest.indexOf('\\r\\n')) {
      const line = rest.slice(0, end); rest = rest.slice(end + 2);
      if (data) { if (line === '.') { data = false; socket.write('250 ok\\r\\n'); } continue; }
      if (line === 'DATA') { data = true; socket.write('354 go\\r\\n'); continue; }
      socket.write(line === 'QUIT' ? '221 bye\\r\\n' : '250 ok\\r\\n');
      if (line === 'QUIT') { writeFileSync(process.argv[1], heard); process.exit(0); }
    }
  });
}).listen(25, '127.0.0.1', () => console.log('ready'));
setTimeout(() => process.exit(1), 15000);
`;

describe('the mail of keepalived', () => {
  const skip = hasKeepalived && mayUnshare ? false : 'needs keepalived and a network namespace';
  it('differs from ours in the date and the name of the mailer only', { skip }, () => {
    const heard = join(folder, 'heard');
    const conf = join(folder, 'keepalived.conf');
    writeFileSync(
      conf,
      `global_defs {
  notification_email {
    a@example.com
    b@example.com
  }
  notification_email_from from@example.com
  smtp_server 127.0.0.1
  smtp_helo_name my.helo
  router_id LB1
}
vrrp_instance VI_1 {
  interface v0
  virtual_router_id 51
  priority 100
  virtual_ipaddress {
    10.9.9.9/24
  }
  smtp_alert
}
`,
    );
    writeFileSync(join(folder, 'sink.cjs'), SINK.replace('process.argv[1]', 'process.argv[2]'));
    // The namespace goes with its last process.
    const text = `
ip link set lo up; ip link add v0 type veth peer name v1; ip addr add 10.9.9.1/24 dev v0
ip link set v0 up; ip link set v1 up
cd '${folder}'
'${process.execPath}' sink.cjs '${heard}' > ready & sink=$!
for i in $(seq 100); do grep -q ready ready && break; sleep 0.05; done
keepalived -n -l -P -f '${conf}' -p '${folder}/pid' -r '${folder}/vrrp.pid' >/dev/null 2>&1 & daemon=$!
wait $sink; kill $daemon; wait $daemon
`;
    spawnSync('unshare', ['-n', 'sh', '-c', text], { timeout: 30_000 });
    const [dialogue = '', rest = ''] = readFileSync(heard, 'utf8').split('DATA\r\n');
    assert.deepEqual(dialogue.split('\r\n'), [
      'HELO my.helo',
      'MAIL FROM:<from@example.com>',
      'RCPT TO:<a@example.com>',
      'RCPT TO:<b@example.com>',
      '',
    ]);
    const theirs = rest.slice(0, rest.lastIndexOf('.\r\nQUIT'));
    const subject = /^Subject: (.*)\r$/m.exec(theirs)?.[1] ?? '';
    const body = /\r\n\r\n(=> .*? <=)\r\n/.exec(theirs)?.[1] ?? '';
    assert.match(subject, /^\[LB1\] VRRP Instance VI_1 - /);
    const ours = composeMail({ subject, body }, 'from@example.com', ['a@example.com', 'b@example.com'], new Date());
    const date = /^Date: \w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} [+-]\d{4}\r$/m;
    const plain = (mail: string): string => mail.replace(date, 'Date\r').replace(/^(X-Mailer): .*\r$/m, '$1\r');
    assert.equal(plain(ours), plain(theirs));
  });
});
