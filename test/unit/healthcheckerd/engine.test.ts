import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seconds } from '../../../services/shared/time/duration.js';
import { address, Bench, healthConfig, position, realServer, refused, tcpCheck, virtualServer } from './support.js';

const script = (word: string) => ({ argv: ['/bin/note', word], position });

test('without alpha everything is in the table at once; a dead server leaves after its retries and comes back', () => {
  const bench = new Bench();
  bench.engine.apply(healthConfig([virtualServer([realServer('10.9.1.1'), realServer('10.9.1.2')])]));
  assert.deepEqual(bench.table(), ['10.9.1.1:80 w1', '10.9.1.2:80 w1']);
  bench.runUntil(15);
  assert.deepEqual(bench.transitions(), []);

  bench.prober.answers.set('10.9.1.2:80', refused);
  bench.runUntil(21.9);
  assert.deepEqual(bench.transitions(), []);
  bench.runUntil(22);
  assert.deepEqual(bench.transitions(), ['22 [10.9.1.2]:tcp:80 DOWN']);
  assert.deepEqual(bench.table(), ['10.9.1.1:80 w1']);
  const { event } = bench.reports.at(-1) ?? assert.fail();
  assert.equal(event.transition?.cause, 'TCP_CHECK to 10.9.1.2:80: connection refused, after 2 retries');
  assert.deepEqual(
    event.desired.map(({ destinations }) => destinations.length),
    [1],
  );
  assert.equal(event.virtualServers[0]?.realServers[1]?.checkers[0]?.lastError, 'connection refused');

  bench.prober.answers.clear();
  bench.runUntil(32);
  assert.deepEqual(bench.transitions().slice(1), ['32 [10.9.1.2]:tcp:80 UP']);
  assert.deepEqual(bench.table(), ['10.9.1.1:80 w1', '10.9.1.2:80 w1']);
});

test('scripts, FIFO lines and mails are keepalived’s, in its order', () => {
  const bench = new Bench();
  const real = realServer('10.9.1.1', { notifyUp: script('up'), notifyDown: script('down') });
  bench.engine.apply(
    healthConfig([virtualServer([real], { quorumUp: script('quorum-up'), quorumDown: script('quorum-down') })]),
  );
  const scripts = (): string[] =>
    bench.reports.flatMap(({ notifications }) =>
      notifications.flatMap((notification) => notification.scripts.map(({ argv }) => argv.join(' '))),
    );
  assert.deepEqual(scripts(), ['/bin/note quorum-up']);
  bench.prober.answers.set('10.9.1.1:80', refused);
  bench.runUntil(5);
  bench.prober.answers.clear();
  bench.runUntil(30);
  assert.deepEqual(scripts().slice(1), [
    '/bin/note down',
    '/bin/note quorum-down',
    '/bin/note up',
    '/bin/note quorum-up',
  ]);
  assert.deepEqual(bench.fifo(), [
    'VS [10.8.0.1]:tcp:80 UP',
    'RS [10.9.1.1]:tcp:80 [10.8.0.1]:tcp:80 DOWN',
    'VS [10.8.0.1]:tcp:80 DOWN',
    'RS [10.9.1.1]:tcp:80 [10.8.0.1]:tcp:80 UP',
    'VS [10.8.0.1]:tcp:80 UP',
  ]);
  const virtual = '[LB1] Virtualserver [10.8.0.1]:tcp:80';
  const server = '[LB1] Realserver [10.9.1.1]:tcp:80 of virtual server [10.8.0.1]:tcp:80';
  assert.deepEqual(bench.mails(), [
    `${virtual} - UP | => Starting with quorum up 1+0=1 <= 1 <=`,
    `${virtual} - DOWN | => Lost quorum 1-0=1 > 0 <=`,
    `${server} - DOWN | => TCP CHECK failed on service <=`,
    `${virtual} - UP | => Gained quorum 1+0=1 <= 1 <=`,
    `${server} - UP | => TCP CHECK succeed on service <=`,
  ]);
  const lanes = new Set(bench.reports.flatMap(({ notifications }) => notifications.map(({ lane }) => lane)));
  assert.deepEqual([...lanes], ['virtual_server [10.8.0.1]:tcp:80']);
});

test('a mark, a group and DR are named and numbered as keepalived does', () => {
  const bench = new Bench();
  const direct = { forwarding: { method: 'droute' } as const, port: 8080 };
  bench.engine.apply({
    ...healthConfig([
      virtualServer([realServer('10.9.1.1', { port: 8080 })], { target: { kind: 'fwmark', fwmark: 42 } }),
      virtualServer([realServer('10.9.1.1', direct)], { target: { kind: 'fwmark', fwmark: 43 } }),
      virtualServer([realServer('10.9.1.1', direct)], { target: { kind: 'group', name: 'WEB' } }),
      virtualServer([realServer('10.9.1.1', direct)], { target: { kind: 'group', name: 'WEB' }, protocol: 'udp' }),
      virtualServer([realServer('10.9.1.1', direct)]),
    ]),
    groups: [
      {
        name: 'WEB',
        members: [
          { kind: 'addresses', first: address('10.8.0.254'), last: address('10.8.1.1'), port: 81 },
          { kind: 'fwmark', fwmark: 7 },
        ],
        position,
      },
    ],
  });
  const { virtualServers, desired } = bench.engine.state();
  assert.deepEqual(
    virtualServers.map(({ name, realServers }) => `${name} ${realServers[0]?.name}`),
    [
      'FWM 42 [10.9.1.1]:none:8080',
      'FWM 43 [10.9.1.1]:none:0',
      '[WEB]:0 [10.9.1.1]:tcp:8080',
      '[WEB]:1 [10.9.1.1]:udp:8080',
      '[10.8.0.1]:tcp:80 [10.9.1.1]:tcp:80',
    ],
  );
  // The range crosses an octet; DR takes the port of the service, a mark has none.
  assert.deepEqual(
    desired
      .slice(0, 7)
      .map(({ key, destinations }) => `${key?.fwmark} ${key?.address}:${key?.port} -> ${destinations[0]?.port}`),
    [
      '42 :0 -> 8080',
      '43 :0 -> 0',
      '0 10.8.0.254:81 -> 81',
      '0 10.8.0.255:81 -> 81',
      '0 10.8.1.0:81 -> 81',
      '0 10.8.1.1:81 -> 81',
      '7 :0 -> 0',
    ],
  );
});

test('alpha: nothing unchecked gets traffic, the sorry server stands in, a first failure is told without a mail', () => {
  const bench = new Bench();
  const sorryServer = {
    address: address('10.9.9.9'),
    port: 99,
    forwarding: { method: 'masq' } as const,
    inhibit: false,
    position,
  };
  const servers = ['10.9.1.1', '10.9.1.2'].map((server) => realServer(server, {}, { alpha: true, warmup: seconds(4) }));
  bench.prober.answers.set('10.9.1.2:80', refused);
  bench.engine.apply(healthConfig([virtualServer(servers, { alpha: true, sorryServer })]));
  assert.deepEqual(bench.table(), ['10.9.9.9:99 w1']);
  bench.runUntil(4);
  assert.deepEqual(bench.table(), ['10.9.1.1:80 w1']);
  assert.deepEqual(bench.fifo().sort(), [
    'RS [10.9.1.1]:tcp:80 [10.8.0.1]:tcp:80 UP',
    'RS [10.9.1.2]:tcp:80 [10.8.0.1]:tcp:80 DOWN',
    'VS [10.8.0.1]:tcp:80 DOWN',
    'VS [10.8.0.1]:tcp:80 UP',
  ]);
  assert.equal(bench.mails().filter((mail) => mail.includes('10.9.1.2')).length, 0);
});

test('a server with several checkers is up only when all are; the others’ changes are mailed alone', () => {
  const bench = new Bench();
  const real = realServer('10.9.1.1', { checkers: [tcpCheck('10.9.1.1', 80), tcpCheck('10.9.1.1', 81)] });
  bench.engine.apply(healthConfig([virtualServer([real])]));
  bench.runUntil(1);
  bench.prober.answers.set('10.9.1.1:80', refused);
  bench.prober.answers.set('10.9.1.1:81', refused);
  bench.runUntil(15);
  assert.deepEqual(bench.transitions(), ['12 [10.9.1.1]:tcp:80 DOWN']);
  bench.prober.answers.delete('10.9.1.1:80');
  bench.runUntil(23);
  assert.deepEqual(bench.transitions().length, 1);
  assert.equal(bench.mails().filter((mail) => mail.includes('Realserver') && mail.includes('- UP')).length, 1);
  bench.prober.answers.clear();
  bench.runUntil(40);
  assert.equal(bench.transitions().length, 2);
});

test('a thousand checkers start evenly over delay_loop, and stay so', () => {
  const bench = new Bench();
  const servers = Array.from({ length: 1000 }, (_, index) =>
    realServer(`10.9.${Math.floor(index / 250)}.${(index % 250) + 1}`, {}, { warmup: seconds(10) }),
  );
  bench.engine.apply(healthConfig([virtualServer(servers)]));
  bench.runUntil(100);
  for (let second = 0; second < 100; second++) {
    const count = bench.prober.checks.filter(({ at }) => at >= second && at < second + 1).length;
    assert.ok(count >= 98 && count <= 102, `${count} checks in second ${second}`);
  }
});

test('reload: unchanged checkers go on undisturbed, a changed one starts from its verdict, the rest comes and goes', () => {
  const bench = new Bench();
  const dead = realServer('10.9.1.1');
  const living = realServer('10.9.1.2');
  bench.prober.answers.set('10.9.1.1:80', refused);
  bench.engine.apply(healthConfig([virtualServer([dead, living])]));
  bench.runUntil(5);
  assert.deepEqual(bench.table(), ['10.9.1.2:80 w1']);
  const told = bench.fifo().length;

  const slower = realServer('10.9.1.1', { weight: 7 }, { retry: 5 });
  bench.engine.apply(healthConfig([virtualServer([slower, living, realServer('10.9.1.3')])]));
  assert.deepEqual(bench.table(), ['10.9.1.2:80 w1', '10.9.1.3:80 w1'], 'the dead server stays dead');
  bench.engine.apply(healthConfig([virtualServer([slower, realServer('10.9.1.3')])]));
  assert.deepEqual(bench.table(), ['10.9.1.3:80 w1']);
  bench.runUntil(31);
  assert.equal(bench.prober.checks.filter(({ target, at }) => target === '10.9.1.2:80' && at > 5).length, 0);
  const gone = 'RS [10.9.1.2]:tcp:80 [10.8.0.1]:tcp:80 DOWN';
  assert.deepEqual(bench.fifo().slice(told), [gone], 'that nobody else was touched need nobody hear');
  bench.prober.answers.clear();
  bench.runUntil(60);
  assert.deepEqual(bench.table(), ['10.9.1.1:80 w7', '10.9.1.3:80 w1']);

  bench.engine.apply(healthConfig([]));
  const { event } = bench.reports.at(-1) ?? assert.fail();
  assert.deepEqual(event.removedVirtualServers, ['[10.8.0.1]:tcp:80']);
  assert.deepEqual(bench.fifo().slice(-3), [
    'RS [10.9.1.1]:tcp:80 [10.8.0.1]:tcp:80 DOWN',
    'RS [10.9.1.3]:tcp:80 [10.8.0.1]:tcp:80 DOWN',
    'VS [10.8.0.1]:tcp:80 DOWN',
  ]);
  assert.deepEqual(
    event.removedDesired.map(({ address: text, port }) => `${text}:${port}`),
    ['10.8.0.1:80'],
  );
  assert.equal(bench.engine.nextDeadline(), undefined);
});

test('a reload tells only what it changed; the rest goes on, with what it still had to tell', () => {
  const bench = new Bench();
  const pool = (number: number, weight = 1) =>
    virtualServer([realServer(`10.9.${number}.1`, { weight })], {
      target: { kind: 'address', address: address(`10.8.0.${number}`), port: 80 },
    });
  bench.engine.apply(healthConfig([pool(1), pool(2), pool(3)]));
  bench.runUntil(5);
  bench.reports.length = 0;
  bench.engine.apply(healthConfig([pool(1), pool(2, 7), pool(3)]));
  const told = (): string[] => bench.reports.flatMap(({ event }) => event.virtualServers.map(({ name }) => name));
  assert.deepEqual(told(), ['[10.8.0.2]:tcp:80']);
  assert.deepEqual(bench.reports[0]?.event.desired[0]?.destinations[0]?.weight, 7);
  bench.engine.apply(healthConfig([pool(1), pool(2, 7), pool(3)]));
  assert.equal(bench.reports.length, 1, 'nothing changed');
  bench.prober.answers.set('10.9.3.1:80', refused);
  bench.runUntil(30);
  assert.equal(bench.transitions().length, 1, 'checks go on');
});

test('a check under way survives a reload that does not change it, and dies with one that does', () => {
  const bench = new Bench();
  bench.engine.apply(healthConfig([virtualServer([realServer('10.9.1.1'), realServer('10.9.1.2')])]));
  bench.prober.answers.set('10.9.1.1:80', refused);
  bench.prober.answers.set('10.9.1.2:80', refused);
  bench.engine.runDue();
  bench.engine.apply(healthConfig([virtualServer([realServer('10.9.1.1'), realServer('10.9.1.2', {}, { retry: 9 })])]));
  bench.prober.flush();
  assert.deepEqual(bench.transitions(), ['0 [10.9.1.1]:tcp:80 DOWN']);
});

test('ha_suspend checks only while the address is here, told by vrrpd or found on the machine', () => {
  const bench = new Bench();
  bench.engine.apply(healthConfig([virtualServer([realServer('10.9.1.1')], { haSuspend: true })]));
  bench.prober.answers.set('10.9.1.1:80', refused);
  bench.runUntil(30);
  assert.deepEqual(bench.prober.checks, []);
  assert.deepEqual(bench.table(), ['10.9.1.1:80 w1']);
  assert.equal(bench.engine.state().virtualServers[0]?.realServers[0]?.checkers[0]?.suspended, true);
  bench.engine.informVrrp(new Set(['10.8.0.1']));
  bench.runUntil(31);
  assert.deepEqual(bench.transitions(), ['30 [10.9.1.1]:tcp:80 DOWN']);
  bench.engine.informVrrp(new Set());
  const checks = bench.prober.checks.length;
  bench.runUntil(60);
  assert.equal(bench.prober.checks.length, checks);
  bench.local.add('10.8.0.1');
  bench.prober.answers.clear();
  bench.runUntil(62);
  assert.equal(bench.transitions().length, 2);
});

test('omega says at the end that all is down; without it the end is silent', () => {
  const bench = new Bench();
  bench.engine.apply(healthConfig([virtualServer([realServer('10.9.1.1'), realServer('10.9.1.2')], { omega: true })]));
  bench.prober.answers.set('10.9.1.1:80', refused);
  bench.runUntil(5);
  const before = bench.fifo().length;
  bench.engine.stop();
  assert.deepEqual(bench.fifo().slice(before), [
    'RS [10.9.1.2]:tcp:80 [10.8.0.1]:tcp:80 DOWN',
    'VS [10.8.0.1]:tcp:80 DOWN',
  ]);
  assert.ok(bench.mails().some((mail) => mail.endsWith('=> Removing <=')));
  const silent = new Bench();
  silent.engine.apply(healthConfig([virtualServer([realServer('10.9.1.1')])]));
  const reports = silent.reports.length;
  silent.engine.stop();
  assert.equal(silent.reports.length, reports);
});

test('rs_init_notifies tells of every server that starts alive', () => {
  const bench = new Bench();
  bench.engine.apply(healthConfig([virtualServer([realServer('10.9.1.1')])], { initNotifies: true }));
  assert.deepEqual(bench.fifo(), ['RS [10.9.1.1]:tcp:80 [10.8.0.1]:tcp:80 UP', 'VS [10.8.0.1]:tcp:80 UP']);
});

test('a real server without a port has that of the virtual server, as in keepalived', () => {
  const bench = new Bench();
  bench.engine.apply(healthConfig([virtualServer([realServer('10.9.1.1', { port: 0 })])]));
  assert.deepEqual(bench.table(), ['10.9.1.1:80 w1']);
  assert.equal(bench.engine.state().virtualServers[0]?.realServers[0]?.name, '[10.9.1.1]:tcp:80');
});

test('under alpha a pool without quorum starts in silence, unless a sorry server stands in', () => {
  const alpha = { alpha: true } as const;
  const bench = new Bench();
  bench.engine.apply(healthConfig([virtualServer([realServer('10.9.1.1', {}, alpha)], alpha)]));
  assert.deepEqual(bench.fifo(), []);
  assert.deepEqual(bench.mails(), []);
  bench.runUntil(5);
  assert.deepEqual(bench.fifo(), ['RS [10.9.1.1]:tcp:80 [10.8.0.1]:tcp:80 UP', 'VS [10.8.0.1]:tcp:80 UP']);
});

test('a server that joins a virtual server is told of there, though its check spoke for another one before', () => {
  for (const alpha of [true, false]) {
    const bench = new Bench();
    bench.prober.answers.set('10.9.1.2:80', refused);
    const servers = () => ['10.9.1.1', '10.9.1.2'].map((one) => realServer(one, {}, { alpha }));
    const first = virtualServer(servers(), { alpha });
    bench.engine.apply(healthConfig([first]));
    bench.runUntil(10);
    bench.reports.splice(0);
    const target = { kind: 'address', address: address('10.8.0.2'), port: 80 } as const;
    const second = virtualServer(servers(), { alpha, target });
    const dead = virtualServer(servers().slice(1), { alpha, target: { ...target, port: 81 } });
    bench.engine.apply(healthConfig([first, second, dead]));
    bench.runUntil(60);
    // Under alpha a server is down to begin with, otherwise up: only the other is told.
    const told = alpha
      ? ['RS [10.9.1.1]:tcp:80 [10.8.0.2]:tcp:80 UP', 'VS [10.8.0.2]:tcp:80 UP']
      : [
          'RS [10.9.1.2]:tcp:80 [10.8.0.2]:tcp:80 DOWN',
          'RS [10.9.1.2]:tcp:80 [10.8.0.2]:tcp:81 DOWN',
          'VS [10.8.0.2]:tcp:80 UP',
          'VS [10.8.0.2]:tcp:81 DOWN',
        ];
    assert.deepEqual(bench.fifo().sort(), told);
    const mailed = bench.mails().filter((mail) => mail.includes('Realserver'));
    assert.deepEqual(
      mailed.map((mail) => /\[10\.9\.1\.\d\]/.exec(mail)?.[0]),
      alpha ? ['[10.9.1.1]'] : ['[10.9.1.2]', '[10.9.1.2]'],
    );
  }
});
