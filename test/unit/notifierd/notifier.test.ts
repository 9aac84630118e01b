import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { MailConfig } from '../../../services/notifierd/config/model.js';
import { configChanges } from '../../../services/notifierd/configChanges.js';
import { Spool } from '../../../services/notifierd/spool.js';
import type { ScriptOutcome } from '../../../services/shared/script/outcome.js';
import type { RunningScript, ScriptRequest } from '../../../services/shared/script/run.js';
import { millis, seconds } from '../../../services/shared/time/duration.js';
import {
  config,
  FakeRunner,
  FakeTransport,
  fakeNotifier,
  MemoryStore,
  notification,
  temporaryFolder,
  until,
} from './support.js';

const mailConfig = (host: string): MailConfig => ({
  host,
  port: 25,
  connectTimeout: seconds(1),
  heloName: 'lb1',
  from: 'lb@example.com',
  recipients: ['a@example.com'],
  tls: { mode: 'off' },
});
const mail = (subject: string) => ({ subject, body: '=> x <=' });
const words = (runner: FakeRunner): string[] => runner.begun.map(({ argv }) => argv.slice(1).join(' '));

describe('the notifier', () => {
  it('begins nothing before its first configuration, then runs lanes side by side and each in order', async () => {
    const runner = new FakeRunner(true);
    const { notifier, results } = fakeNotifier({ runner });
    const delivered = await notifier.deliver([
      notification(1, { scripts: [['/bin/true', '1']] }),
      notification(2, { scripts: [['/bin/true', '2']] }),
      notification(3, { scripts: [['/bin/true', '3']], lane: 'group VG_1' }),
      notification(3, { scripts: [['/bin/true', '3']], lane: 'group VG_1' }),
    ]);
    assert.deepEqual(delivered, { accepted: 3, duplicates: 1 });
    assert.equal(runner.begun.length, 0);
    await notifier.configure(config());
    await until(() => runner.begun.length === 2, 'two lanes');
    assert.deepEqual(words(runner).sort(), ['1', '3']);
    assert.deepEqual([notifier.state().queued, notifier.state().running], [1, 2]);
    const [first] = words(runner);
    runner.endFirst(3);
    await until(() => results.length === 1, 'its result');
    const [failed] = results;
    assert.equal(failed?.what, `/bin/true ${first}`);
    assert.deepEqual(
      [failed?.ok, failed?.detail, failed?.outputTail, failed?.kind],
      [false, 'exit 3', 'said', 'script'],
    );
    runner.endFirst();
    await until(() => runner.begun.length === 3, 'the second of the lane');
    runner.endFirst();
    await until(() => results.length === 3, 'all results');
    const lane = results.filter((result) => result.lane === 'instance VI_1').map(({ what }) => what);
    assert.deepEqual(lane, ['/bin/true 1', '/bin/true 2']);
    assert.deepEqual([notifier.state().scriptsOk, notifier.state().scriptsFailed], [2n, 1n]);
  });

  it('runs scripts that are missing, without words, or of unknown users as failures that name the cause', async () => {
    const { notifier, results } = fakeNotifier();
    await notifier.configure(config());
    const unknown = notification(3, { scripts: [['/bin/true']] });
    const [call] = unknown.scripts;
    assert.ok(call);
    await notifier.deliver([
      notification(1, { scripts: [['/no/such/notify.sh', 'x']] }),
      notification(2, { scripts: [[]] }),
      { ...unknown, scripts: [{ ...call, user: 'nobody-here' }] },
      { ...notification(4, { scripts: [['/bin/true']] }), id: undefined },
    ]);
    await until(() => results.length === 4, 'four results');
    assert.match(results[0]?.detail ?? '', /\/no\/such\/notify\.sh does not exist: create it/);
    assert.match(results[1]?.detail ?? '', /command is empty/);
    assert.match(results[2]?.detail ?? '', /user nobody-here does not exist/);
    assert.equal(results[3]?.ok, true);
  });

  it('tries again what the machine cannot start now, and keeps the lane waiting; what is wrong for good it does not', async () => {
    const answers: ScriptOutcome[] = [
      { kind: 'cannot-start', reason: 'cannot start a process: spawn /bin/sh EAGAIN', passing: true },
      { kind: 'cannot-start', reason: 'cannot start a process: spawn /bin/sh ENOMEM', passing: true },
      { kind: 'exited', code: 0 },
      { kind: 'cannot-start', reason: 'exec format error' },
    ];
    const begun: string[] = [];
    const runner = {
      run: ({ argv }: ScriptRequest): RunningScript => {
        begun.push(argv.slice(1).join(' '));
        const outcome = answers.shift() ?? { kind: 'stopped' };
        return { pid: undefined, ended: Promise.resolve({ outcome, duration: millis(1), outputTail: '' }), stop() {} };
      },
    };
    const { notifier, results } = fakeNotifier({ runner });
    await notifier.configure(config());
    await notifier.deliver([1, 2].map((n) => notification(n, { scripts: [['/bin/true', String(n)]] })));
    await until(() => results.length === 2, 'both results');
    assert.deepEqual(begun, ['1', '1', '1', '2']);
    assert.deepEqual(
      results.map(({ ok, attempts, detail }) => [ok, attempts, detail]),
      [
        [true, 3, 'exit 0'],
        [false, 1, 'exec format error'],
      ],
    );
  });

  it('tells after a restart what was not told, in order, and nothing twice', async () => {
    const store = new MemoryStore();
    const spool = new Spool(join(temporaryFolder(), 'running'));
    const before = new FakeRunner(true);
    const first = fakeNotifier({ store, spool, runner: before });
    await first.notifier.configure(config());
    await first.notifier.deliver([1, 2, 3].map((n) => notification(n, { scripts: [['/bin/true', String(n)]] })));
    await until(() => before.begun.length === 1, 'the first');
    before.endFirst();
    await until(() => before.begun.length === 2, 'the second');
    // Killed here: the second was begun without a process, so it counts as not begun.
    const runner = new FakeRunner();
    const second = fakeNotifier({ store, spool, runner });
    assert.deepEqual(await second.notifier.deliver([notification(3), notification(1)]), { accepted: 0, duplicates: 2 });
    await second.notifier.configure(config());
    await until(() => second.results.length === 2, 'the rest');
    assert.deepEqual(words(runner), ['2', '3']);
    assert.equal(second.notifier.state().recent.length, 3, 'the result of the former life is shown');
    assert.equal(second.notifier.state().scriptsOk, 2n, 'but not counted again');
  });

  it('goes on from memory when the disk is full, and says so', async () => {
    const store = new MemoryStore();
    let changes = 0;
    const { notifier, results } = fakeNotifier({ store, impairmentsChanged: () => changes++ });
    await notifier.configure(config());
    store.full = true;
    changes = 0;
    assert.deepEqual(await notifier.deliver([notification(1, { scripts: [['/bin/true']] })]), {
      accepted: 1,
      duplicates: 0,
    });
    await until(() => results.length === 1, 'told');
    assert.match(notifier.problems().join(), /ENOSPC/);
    assert.ok(changes > 0);
  });

  it('gives up the oldest of a lane that overflows, and says which', async () => {
    const runner = new FakeRunner(true);
    const { notifier, results } = fakeNotifier({ runner, laneLimit: 2 });
    await notifier.configure(config());
    for (let n = 1; n <= 5; n++) await notifier.deliver([notification(n, { scripts: [['/bin/true', String(n)]] })]);
    assert.deepEqual(
      results.map(({ id, detail }) => [id?.sequence, detail]),
      [
        [2n, 'given up: too much waits in its lane'],
        [3n, 'given up: too much waits in its lane'],
      ],
    );
  });

  it('never lets a mail delay a script, and tries again with new settings at once', async () => {
    const transport = new FakeTransport();
    transport.answers = [{ kind: 'server-down', reason: 'connect ECONNREFUSED 192.0.2.1:25' }];
    const { notifier, results } = fakeNotifier({ transport });
    await notifier.configure(config({ mail: mailConfig('192.0.2.1') }));
    await notifier.deliver([
      notification(1, { mails: [mail('first')], scripts: [['/bin/true']] }),
      notification(2, { mails: [mail('second')] }),
    ]);
    await until(() => results.length === 1 && transport.sent.length === 1, 'the script, and one attempt');
    assert.equal(results[0]?.kind, 'script');
    assert.match(notifier.problems().join(), /mail server 192\.0\.2\.1:25 does not take mails/);
    assert.equal(notifier.state().queued, 2);
    await notifier.configure(config({ mail: mailConfig('192.0.2.2') }));
    await until(() => results.length === 3, 'both mails');
    assert.deepEqual(
      transport.sent.map(({ mail: { subject }, host }) => `${subject} ${host}`),
      ['first 192.0.2.1', 'first 192.0.2.2', 'second 192.0.2.2'],
    );
    assert.deepEqual(
      results.slice(1).map(({ what, ok, attempts }) => [what, ok, attempts]),
      [
        ['first', true, 2],
        ['second', true, 1],
      ],
    );
    assert.deepEqual(notifier.problems(), []);
  });

  it('lets other mails pass one that is refused for now, and gives up one refused for good', async () => {
    const transport = new FakeTransport();
    transport.answers = [
      { kind: 'later', reason: '450 greylisted' },
      { kind: 'refused', reason: '550 no such user' },
    ];
    const { notifier, results } = fakeNotifier({ transport });
    await notifier.configure(config({ mail: mailConfig('mx') }));
    await notifier.deliver([1, 2, 3].map((n) => notification(n, { mails: [mail(`m${n}`)] })));
    await until(() => results.length === 3, 'all mails');
    assert.deepEqual(
      results.map(({ what, ok, detail, attempts }) => [what, ok, detail, attempts]),
      [
        ['m2', false, 'refused by mx:25: 550 no such user', 1],
        ['m3', true, 'taken by mx:25', 1],
        ['m1', true, 'taken by mx:25', 2],
      ],
    );
  });

  it('drains within a bound when stopped, and keeps the rest', async () => {
    const store = new MemoryStore();
    const runner = new FakeRunner(true);
    const { notifier, results } = fakeNotifier({ store, runner });
    await notifier.configure(config());
    await notifier.deliver([1, 2].map((n) => notification(n, { scripts: [['/bin/true', String(n)]] })));
    await until(() => runner.begun.length === 1, 'begun');
    await notifier.stop({ leaveScripts: false, limit: millis(60) });
    assert.deepEqual(
      results.map(({ detail }) => detail),
      ['ended because the daemon stops'],
    );
    const again = fakeNotifier({ store });
    await again.notifier.configure(config());
    await until(() => again.results.length === 1, 'the rest');
    assert.equal(again.results[0]?.what, '/bin/true 2');
  });

  it('plans changes by meaning', () => {
    const from = config({ mail: mailConfig('a') });
    assert.deepEqual(configChanges(from, config({ mail: mailConfig('a') })), []);
    assert.deepEqual(configChanges(from, config({ mail: mailConfig('b') })), [
      { kind: 'update', subject: 'mail', details: ['server a port 25 -> b port 25'] },
    ]);
    assert.deepEqual(configChanges(from, config()), [{ kind: 'remove', subject: 'mail', details: [] }]);
  });
});
