/** notifierd as a process of its own: order, SIGKILL, mails, stop. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import type { Channel } from 'nice-grpc';
import { SMTPServer } from 'smtp-server';
import { loadConfig } from '../../services/shared/config/load.js';
import { nodeFileAccess } from '../../services/shared/config/nodeFileAccess.js';
import { rpcClient, unixChannel } from '../../services/shared/rpc/client.js';
import type { ConfigTree } from '../../services/shared/rpc/generated/keepwatch/v1/common.js';
import { LifecycleServiceDefinition } from '../../services/shared/rpc/generated/keepwatch/v1/lifecycle.js';
import {
  type Notification,
  NotifyServiceDefinition,
  type NotifyState,
} from '../../services/shared/rpc/generated/keepwatch/v1/notify.js';
import { processBirth } from '../../services/shared/script/processGroup.js';

const folder = mkdtempSync(join(tmpdir(), 'keepwatch-notifierd-'));
chmodSync(folder, 0o755);
const daemons = new Set<ChildProcess>();
const channels = new Set<Channel>();

afterEach(async () => {
  for (const channel of channels) channel.close();
  channels.clear();
  for (const daemon of daemons) daemon.kill('SIGKILL');
  daemons.clear();
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function until(condition: () => boolean | Promise<boolean>, what: string, limitMs = 20_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** One suite's worth of directories, and the notifierd processes that live in it one after the other. */
class Bench {
  readonly runDir: string;
  readonly stateDir: string;
  process: ChildProcess | undefined;
  log = '';

  constructor(name: string) {
    this.runDir = join(folder, name, 'run');
    this.stateDir = join(folder, name, 'state');
    mkdirSync(this.runDir, { recursive: true });
  }

  /** Starts notifierd and waits until it answers. */
  async start(): Promise<void> {
    const args = [
      '--import',
      'tsx',
      'cmd/notifierd/main.ts',
      '--run-dir',
      this.runDir,
      '--state-dir',
      this.stateDir,
      '-l',
      '-D',
    ];
    const daemon = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    daemon.stderr.on('data', (chunk: Buffer) => {
      this.log += chunk.toString();
    });
    daemons.add(daemon);
    this.process = daemon;
    // Not the socket alone: a killed predecessor left its own. The pid file follows the socket.
    const pidFile = join(this.runDir, 'notifierd.pid');
    await until(() => {
      assert.equal(daemon.exitCode, null, this.log);
      if (!existsSync(this.#socket) || !existsSync(pidFile)) return false;
      return readFileSync(pidFile, 'utf8').trim() === String(daemon.pid);
    }, `notifierd starts\n${this.log}`);
  }

  async kill(): Promise<void> {
    const daemon = this.process;
    assert.ok(daemon);
    const gone = new Promise((resolve) => daemon.once('exit', resolve));
    daemon.kill('SIGKILL');
    await gone;
  }

  async configure(text: string): Promise<void> {
    const file = join(this.runDir, '..', 'keepwatch.conf');
    writeFileSync(file, text);
    const { tree, diagnostics } = loadConfig({ file, access: nodeFileAccess, configId: 'x' });
    assert.ok(tree, JSON.stringify(diagnostics));
    const answer = await this.lifecycle.configure({ generation: 1n, tree: tree as ConfigTree });
    assert.ok(answer.accepted, JSON.stringify(answer.diagnostics));
  }

  get lifecycle() {
    return rpcClient(LifecycleServiceDefinition, this.#channel());
  }

  get notify() {
    return rpcClient(NotifyServiceDefinition, this.#channel());
  }

  async state(): Promise<NotifyState> {
    const { state } = await this.lifecycle.snapshot({});
    const inner = state?.state;
    assert.ok(inner?.$case === 'notify');
    return inner.value;
  }

  get #socket(): string {
    return join(this.runDir, 'notifierd.sock');
  }

  #channel(): Channel {
    const channel = unixChannel(this.#socket);
    channels.add(channel);
    return channel;
  }
}

function script(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${text}`);
  chmodSync(path, 0o755);
  return path;
}

const notification = (sequence: number, parts: Partial<Notification>): Notification => ({
  id: { service: 'vrrpd', incarnation: 'one', sequence: BigInt(sequence), index: 0 },
  lane: 'instance VI_1',
  summary: `VI_1 ${sequence}`,
  scripts: [],
  vrrpFifoLines: [],
  lvsFifoLines: [],
  mails: [],
  at: new Date(),
  state: '',
  ...parts,
});

const call = (...argv: string[]) => ({ argv, user: '', group: '', configuredAt: 'keepwatch.conf:1:1' });
const lines = (path: string): string[] =>
  existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];

describe('notifierd', { timeout: 120_000 }, () => {
  it('survives SIGKILL in the middle of its queue: strict order, none lost, none twice', async () => {
    const bench = new Bench('kill');
    const seen = join(folder, 'kill.log');
    // Writes to stdout as well: that must not hurt when nobody reads it any more.
    const slow = script('slow.sh', `echo "begin $2"\nsleep 0.12\necho "$2 $3" >> '${seen}'\necho "end $2"\n`);
    const total = 40;
    const lanes = ['instance VI_1', 'instance VI_2'];
    const batch = (from: number, to: number): Notification[] =>
      Array.from({ length: to - from }, (_, index) => {
        const number = from + index;
        const lane = lanes[number % 2] ?? '';
        return notification(number + 1, { lane, scripts: [call(slow, 'x', String(number), lane)] });
      });

    await bench.start();
    await bench.configure('global_defs {\n  router_id LB1\n  script_user root\n}\n');
    assert.deepEqual(await bench.notify.deliver({ notifications: batch(0, total / 2) }), {
      accepted: total / 2,
      duplicates: 0,
    });
    let delivered = total / 2;
    for (let life = 0; life < 3; life++) {
      const before = lines(seen).length;
      await until(() => lines(seen).length > before + 2, 'progress');
      await bench.kill();
      await bench.start();
      // What the relay does not know to be kept it sends again.
      const more = life === 0 ? total / 2 : 0;
      const answer = await bench.notify.deliver({ notifications: batch(delivered - 5, delivered + more) });
      assert.deepEqual(answer, { accepted: more, duplicates: 5 });
      delivered += more;
      await bench.configure('global_defs {\n  router_id LB1\n  script_user root\n}\n');
    }
    await until(async () => (await bench.state()).queued === 0 && (await bench.state()).running === 0, 'all told');
    for (const lane of lanes) {
      const numbers = lines(seen).flatMap((line) => (line.endsWith(lane) ? [Number(line.split(' ')[0])] : []));
      const expected = Array.from({ length: total }, (_, number) => number).filter(
        (number) => lanes[number % 2] === lane,
      );
      assert.deepEqual(numbers, expected, lane);
    }
    assert.deepEqual(readdirSync(join(bench.stateDir, 'notifications.running')), []);
    assert.equal(statSync(join(bench.stateDir, 'notifications.journal')).mode & 0o777, 0o600);
    const { recent } = await bench.state();
    assert.equal(recent.length, total, 'results of every life are shown');
    assert.ok(recent.some(({ detail, outputTail }) => detail === 'exit 0' && outputTail.startsWith('begin ')));
  });

  it('ends a hung script with its children after the configured time and goes on', async () => {
    const bench = new Bench('hang');
    const seen = join(folder, 'hang.log');
    const hang = script('hang.sh', `sleep 300 &\necho $! > '${seen}.pid'\nsleep 300\n`);
    const next = script('next.sh', `echo next >> '${seen}'\n`);
    await bench.start();
    await bench.configure('global_defs {\n  notify_script_timeout 1\n  script_user root\n}\n');
    await bench.notify.deliver({ notifications: [notification(1, { scripts: [call(hang), call(next)] })] });
    await until(() => lines(seen).length === 1, 'the next script');
    const { recent } = await bench.state();
    assert.equal(recent[0]?.detail, 'killed after 1 s');
    assert.equal(processBirth(Number(readFileSync(`${seen}.pid`, 'utf8'))), undefined);
    assert.match(bench.log, /script for VI_1 1 failed: killed after 1 s/);
  });

  it('waits for a mail server that is down, names it and its plan, and sends when it is back', async () => {
    const bench = new Bench('mail');
    const mails: string[] = [];
    const sink = (): SMTPServer =>
      new SMTPServer({
        authOptional: true,
        disabledCommands: ['STARTTLS'],
        onData: (stream, _session, done) => {
          let text = '';
          stream.on('data', (chunk: Buffer) => {
            text += chunk.toString();
          });
          stream.on('end', () => {
            mails.push(text);
            done();
          });
        },
      });
    const probe = sink();
    const port = await new Promise<number>((resolve) => {
      probe.listen(0, '127.0.0.1', () => {
        const address = probe.server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    await new Promise<void>((resolve) => probe.close(() => resolve()));

    await bench.start();
    await bench.configure(`global_defs {
  notification_email {
    a@example.com
    b@example.com
  }
  notification_email_from from@example.com
  smtp_server 127.0.0.1 ${port}
  smtp_connect_timeout 2
  router_id LB1
}
`);
    const seen = join(folder, 'mail.log');
    const quick = script('quick.sh', `echo ran >> '${seen}'\n`);
    const subject = '[LB1] VRRP Instance VI_1 - Entering MASTER state';
    const body = '=> VRRP Instance is now owning VRRP VIPs <=';
    await bench.notify.deliver({
      notifications: [notification(1, { mails: [{ subject, body }], scripts: [call(quick)] })],
    });
    await until(() => lines(seen).length === 1, 'the script does not wait for the mail');
    await until(() => bench.log.includes('next in 1 s'), 'the plan is logged');
    assert.match(
      bench.log,
      new RegExp(`mail not sent, 127\\.0\\.0\\.1:${port}: .*ECONNREFUSED.*attempt 1 of \\d+, next in 1 s`),
    );
    const { impairments } = await bench.lifecycle.describe({});
    assert.match(impairments.join(), new RegExp(`127\\.0\\.0\\.1:${port}`));
    const server = sink();
    server.listen(port, '127.0.0.1');
    try {
      await until(() => mails.length === 1, 'the mail arrives');
      await until(async () => (await bench.state()).mailsOk === 1n, 'it is counted');
    } finally {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
    const [header = '', text] = (mails[0] ?? '').split('\r\n\r\n');
    assert.deepEqual(
      header.split('\r\n').map((line) => line.split(':')[0]),
      ['Date', 'From', 'Subject', 'X-Mailer', 'To'],
    );
    assert.match(header, /^Subject: \[LB1\] VRRP Instance VI_1 - Entering MASTER state\r$/m);
    assert.match(header, /^To: a@example\.com, b@example\.com$/m);
    assert.equal(text, body);
  });

  it('tells what is queued before it ends on SIGTERM', async () => {
    const bench = new Bench('stop');
    const seen = join(folder, 'stop.log');
    const slow = script('stop.sh', `sleep 0.2\necho "$1" >> '${seen}'\n`);
    await bench.start();
    await bench.configure('global_defs {\n  router_id LB1\n}\n');
    await bench.notify.deliver({
      notifications: [1, 2, 3].map((n) => notification(n, { scripts: [call(slow, String(n))] })),
    });
    const daemon = bench.process;
    assert.ok(daemon);
    const gone = new Promise<number | null>((resolve) => daemon.once('exit', resolve));
    daemon.kill('SIGTERM');
    assert.equal(await gone, 0, bench.log);
    assert.deepEqual(lines(seen), ['1', '2', '3']);
    assert.equal(existsSync(join(bench.stateDir, 'notifications.journal.lock')), false);
  });

  it('tells without a journal where the state directory belongs to another', async () => {
    const first = new Bench('shared');
    await first.start();
    const second = new Bench('shared-second');
    Object.assign(second, { stateDir: first.stateDir });
    await second.start();
    await second.configure('global_defs {\n  router_id LB1\n}\n');
    const { impairments } = await second.lifecycle.describe({});
    assert.match(impairments.join(), new RegExp(`process ${first.process?.pid} uses the journal.*--state-dir`));
    const seen = join(folder, 'shared.log');
    const path = script('shared.sh', `echo ran >> '${seen}'\n`);
    await second.notify.deliver({ notifications: [notification(1, { scripts: [call(path)] })] });
    await until(() => lines(seen).length === 1, 'told all the same');
    assert.equal(existsSync(join(first.stateDir, 'notifications.running')), false, 'nothing of the other is touched');
  });
});
