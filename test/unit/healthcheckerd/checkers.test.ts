/** The checks against real servers on loopback: good ones, bad ones and hostile ones. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createSocket, type RemoteInfo } from 'node:dgram';
import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { SMTPServer } from 'smtp-server';
import type { CheckResult } from '../../../services/healthcheckerd/checker.js';
import { patternProblem } from '../../../services/healthcheckerd/checkers/patterns.js';
import { SystemProber } from '../../../services/healthcheckerd/checkers/prober.js';
import type {
  CheckerConfig,
  HttpCheckConfig,
  UrlConfig,
} from '../../../services/healthcheckerd/config/checkerModel.js';
import { SessionBoard } from '../../../services/healthcheckerd/sessionBoard.js';
import { SystemClock } from '../../../services/shared/kernel/systemClock.js';
import { silentLogger } from '../../../services/shared/log/logger.js';
import { SystemAccounts } from '../../../services/shared/script/accounts.js';
import { ProcessScriptRunner } from '../../../services/shared/script/run.js';
import { millis, seconds } from '../../../services/shared/time/duration.js';
import { tcpCheck } from './support.js';

const sessions = new SessionBoard();
const prober = new SystemProber(
  {
    runner: new ProcessScriptRunner(new SystemClock()),
    accounts: new SystemAccounts(),
    logger: silentLogger(),
  },
  sessions,
);

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'keepwatch-checkers-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Timing and endpoint of a check of 127.0.0.1. */
const common = (port: number, connectTimeout = seconds(2)) => {
  const { endpoint, timing, position } = tcpCheck('127.0.0.1', port, { connectTimeout });
  return { endpoint, timing, position };
};

const run = (check: CheckerConfig, url = 0): Promise<CheckResult> =>
  new Promise((resolve) => prober.start(check, resolve, url));

const reasonOf = (result: CheckResult): string => (result.kind === 'success' ? 'success' : result.reason);

function serve(context: TestContext, talk: (socket: Socket) => void, server?: Server): Promise<number> {
  const open = new Set<Socket>();
  const listening = server ?? createServer();
  listening.on(server === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    open.add(socket);
    socket.on('error', () => {});
    talk(socket);
  });
  context.after(() => {
    listening.close();
    for (const socket of open) socket.destroy();
  });
  return new Promise((resolve) =>
    listening.listen(0, '127.0.0.1', () => resolve((listening.address() as AddressInfo).port)),
  );
}

const OK = { first: 200, last: 299 };

const http = (
  port: number,
  url: Partial<UrlConfig> = {},
  more: Partial<HttpCheckConfig> = {},
  timeout = seconds(2),
): HttpCheckConfig => ({
  kind: 'http',
  ...common(port, timeout),
  protocol: '1.0',
  fastRecovery: false,
  urls: [{ path: '/', status: [OK], ...url }],
  ...more,
});

/** Answers a request once its header has come, then closes. */
const answering =
  (answer: string, seen: string[] = []) =>
  (socket: Socket): void => {
    let asked = '';
    socket.on('data', (data) => {
      asked += data.toString('latin1');
      if (!asked.includes('\r\n\r\n')) return;
      seen.push(asked);
      socket.end(answer);
    });
  };

const page = (body: string, status = '200 OK'): string =>
  `HTTP/1.0 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

test('HTTP_GET sends exactly what keepalived sends, in every version of the protocol', async (context) => {
  const seen: string[] = [];
  const port = await serve(context, answering(page('x'), seen));
  const requests: Partial<HttpCheckConfig>[] = [{}, { protocol: '1.0C' }, { protocol: '1.1' }];
  for (const more of requests) assert.deepEqual(await run(http(port, {}, more)), { kind: 'success' });
  assert.deepEqual(await run(http(port, { path: '/a?b', virtualHost: 'www.example.org' })), { kind: 'success' });
  const [plain = '', closing = '', newer = '', virtual = ''] = seen;
  assert.match(plain, new RegExp(`^GET / HTTP/1\\.0\r\nUser-Agent: [^\r]*\r\nHost: 127\\.0\\.0\\.1:${port}\r\n\r\n$`));
  assert.match(closing, /^GET \/ HTTP\/1\.0\r\n.*\r\nConnection: close\r\n/s);
  assert.match(newer, /^GET \/ HTTP\/1\.1\r\n.*\r\nConnection: close\r\n/s);
  assert.match(virtual, /^GET \/a\?b HTTP\/1\.0\r\n.*\r\nHost: www\.example\.org\r\n/s);
});

test('HTTP_GET judges status, digest and expressions', async (context) => {
  const port = await serve(context, answering(page('welcome home', '404 Not Found')));
  const found = { status: [{ first: 404, last: 404 }] };
  const regex = (pattern: string, more: object = {}) => ({
    regex: { pattern, options: [], noMatch: false, minOffset: 0, position: common(1).position, ...more },
  });
  const digest = createHash('md5').update('welcome home').digest('hex');
  const expected: readonly (readonly [Partial<UrlConfig>, RegExp])[] = [
    [{}, /^status code 404$/],
    [found, /^success$/],
    [{ ...found, digest }, /^success$/],
    [{ ...found, digest: '0'.repeat(32) }, new RegExp(`^MD5 digest ${digest} of 12 bytes instead of 0+$`)],
    [{ ...found, ...regex('^wel\\w+\\h[[:alpha:]]+\\z') }, /^success$/],
    // The page is searched as a whole, its end counts, and the header is no part of it.
    [{ ...found, ...regex('^welcome home$') }, /^success$/],
    [{ ...found, ...regex('home', { minOffset: 8, maxOffset: 8 }) }, /^success$/],
    [{ ...found, ...regex('Content-Length') }, /^regex does not match$/],
    [{ ...found, ...regex('WELCOME') }, /^regex does not match$/],
    [{ ...found, ...regex('WELCOME', { options: ['caseless'] }) }, /^success$/],
    [{ ...found, ...regex('home', { noMatch: true }) }, /^regex matches, and regex_no_match is set$/],
    [{ ...found, ...regex('welcome', { minOffset: 3 }) }, /^regex does not match$/],
    [{ ...found, ...regex('home', { maxOffset: 3 }) }, /^regex does not match$/],
  ];
  for (const [url, outcome] of expected) assert.match(reasonOf(await run(http(port, url))), outcome);
});

test('HTTP_GET sends a request of any length, and reads an answer of many pieces to its end', async (context) => {
  const seen: string[] = [];
  const body = 'keep watch '.repeat(200_000);
  const digest = createHash('md5').update(body).digest('hex');
  const port = await serve(context, answering(page(body), seen));
  for (const length of [10, 20_000]) {
    const path = `/${'p'.repeat(length)}`;
    assert.deepEqual(await run(http(port, { path, digest })), { kind: 'success' });
    assert.ok(seen.at(-1)?.startsWith(`GET ${path} HTTP/1.0\r\n`), `a path of ${length} characters`);
  }
});

test('an expression that would never end is given up', async (context) => {
  const port = await serve(context, answering(page(`${'a'.repeat(40)}!`)));
  const regex = { pattern: '^(a+)+$', options: [], noMatch: false, minOffset: 0, position: common(1).position };
  assert.match(reasonOf(await run(http(port, { regex }))), /given up/);
});

test('HTTP_GET survives what hostile servers send, in bounded time', async (context) => {
  const hostile: readonly (readonly [string, (socket: Socket) => void, RegExp])[] = [
    ['no answer', (socket) => socket.on('data', () => socket.end()), /without an answer/],
    ['no status line', answering('hello\r\n\r\n'), /no HTTP status line but "hello"/],
    ['a status out of range', answering('HTTP/1.1 9999 X\r\n\r\n'), /no HTTP status line/],
    ['half a header', answering('HTTP/1.0 200 OK\r\nA: b\r\n'), /before the end of the header/],
    ['silence', (socket) => socket.resume(), /^no answer within 300 ms$/],
    ['bytes that drip for ever', (socket) => drip(socket, 'HTTP/1.0 200 OK\r\n'), /^not finished within 4 s$/],
    ['a header without end', (socket) => pour(socket), /the header is longer than 65536 bytes/],
    ['a reset', (socket) => socket.once('data', () => socket.resetAndDestroy()), /reset/],
  ];
  await Promise.all(
    hostile.map(async ([name, talk, outcome]) => {
      const port = await serve(context, talk);
      // Only silence has to be short: on a busy machine all the others take their time.
      const patience = millis(name === 'silence' ? 300 : 1_000);
      assert.match(reasonOf(await run(http(port, {}, {}, patience))), outcome, name);
    }),
  );
});

function drip(socket: Socket, start: string): void {
  socket.write(start);
  const timer = setInterval(() => socket.write('X'), 50);
  socket.on('close', () => clearInterval(timer));
}

function pour(socket: Socket): void {
  const chunk = Buffer.alloc(8192, 'A: b\r\n');
  const more = (): void => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', more);
  more();
}

test('an answer cut off at every byte never counts as good before its header is whole', async (context) => {
  const whole = page('body');
  const header = whole.indexOf('\r\n\r\n') + 4;
  let cut = 0;
  const port = await serve(context, (socket) => socket.once('data', () => socket.end(whole.slice(0, cut))));
  for (cut = 0; cut <= whole.length; cut++) {
    const { kind } = await run(http(port));
    assert.equal(kind, cut < header ? 'failure' : 'success', `after ${cut} bytes`);
  }
});

/** A key and a certificate signed with it. */
function ownIdentity(): { readonly key: Buffer; readonly cert: Buffer } {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-days', '1', '-keyout', key, '-out', cert];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject], { stdio: 'ignore' });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

test('SSL_GET speaks TLS, sends the host name when asked, and tells garbage from TLS', async (context) => {
  const identity = ownIdentity();
  const names: (string | false | null)[] = [];
  const server = createTlsServer(identity, (socket) => {
    names.push((socket as unknown as { servername: string | false | null }).servername);
  });
  const port = await serve(context, answering(page('secret')), server);
  const tls = { sni: true, compliant: false, files: {} };
  const secure = (url: Partial<UrlConfig>, more: object = {}) => http(port, url, { tls: { ...tls, ...more } });
  assert.deepEqual(await run(secure({ virtualHost: 'www.example.org' })), { kind: 'success' });
  assert.deepEqual(await run(secure({ virtualHost: 'www.example.org' }, { sni: false })), { kind: 'success' });
  assert.deepEqual(await run(secure({}, { compliant: true })), { kind: 'success' });
  assert.deepEqual(names.slice(0, 2), ['www.example.org', false]);
  const garbage = await serve(context, (socket) => socket.end('this is not TLS at all\r\n'));
  assert.match(reasonOf(await run(http(garbage, {}, { tls }))), /^TLS: /);
  const missing = await run(secure({}, { files: { ca: join(folder, 'nosuch') } }));
  assert.equal(missing.kind, 'undecided', 'a file of ours is not the fault of the server');
});

test('an answer that ends without close_notify is whole, unless tls_compliant wants the end of TLS as well', async (context) => {
  const identity = ownIdentity();
  let polite = true;
  const port = await serve(context, (raw) => {
    const secured = new TLSSocket(raw, { isServer: true, ...identity });
    secured.on('error', () => {});
    secured.once('data', () => {
      if (polite) secured.end(page('secret'));
      // The end of TCP alone, behind all of the answer.
      else secured.write(page('secret'), () => setTimeout(() => raw.end(), 20));
    });
  });
  const ask = (compliant: boolean): Promise<CheckResult> =>
    run(http(port, {}, { tls: { sni: false, compliant, files: {} } }));
  assert.deepEqual(await ask(false), { kind: 'success' });
  assert.deepEqual(await ask(true), { kind: 'success' });
  polite = false;
  assert.deepEqual(await ask(false), { kind: 'success' });
  assert.match(reasonOf(await ask(true)), /without close_notify/);
});

test('PCRE2 itself judges an expression before any check', () => {
  const regex = { options: [], noMatch: false, minOffset: 0, position: common(1).position };
  assert.equal(patternProblem({ ...regex, pattern: '(?<year>[0-9]{4})\\k<year>' }), '');
  assert.match(patternProblem({ ...regex, pattern: 'a{3,2}' }) ?? '', /out of order.*at character 5 of 'a\{3,2\}'/);
  assert.match(patternProblem({ ...regex, pattern: '\\p{Lu}', options: ['never_ucp'] }) ?? '', /^$/);
  assert.match(patternProblem({ ...regex, pattern: '(*UCP)a', options: ['never_ucp'] }) ?? '', /UCP/i);
});

test('SMTP_CHECK greets, says HELO and QUIT; several lines are one reply', async (context) => {
  const said: string[] = [];
  const dialogue =
    (greeting: string, helo: string) =>
    (socket: Socket): void => {
      socket.write(greeting);
      socket.on('data', (data) => {
        said.push(data.toString());
        if (data.toString().startsWith('HELO')) socket.write(helo);
        else socket.end('221 bye\r\n');
      });
    };
  const check = async (greeting: string, helo: string): Promise<string> => {
    const port = await serve(context, dialogue(greeting, helo));
    return reasonOf(await run({ kind: 'smtp', ...common(port), heloName: 'lb1.example.org' }));
  };
  assert.equal(await check('220-wait\r\n220 ready\r\n', '250-a\r\n250 b\r\n'), 'success');
  assert.deepEqual(said, ['HELO lb1.example.org\r\n', 'QUIT\r\n']);
  assert.match(await check('554 go away\r\n', ''), /^bad greeting: "554 go away"/);
  assert.match(await check('220 ready\r\n', '502 what\r\n'), /^bad answer to HELO: "502 what"/);
  const real = new SMTPServer({ disabledCommands: ['AUTH', 'STARTTLS'], logger: false });
  await new Promise<void>((resolve) => real.listen(0, '127.0.0.1', resolve));
  context.after(() => new Promise<void>((resolve) => real.close(resolve)));
  const { port } = real.server.address() as AddressInfo;
  assert.equal(reasonOf(await run({ kind: 'smtp', ...common(port), heloName: 'lb1' })), 'success');
  const endless = await serve(context, (socket) => pour(socket));
  const outcome = reasonOf(await run({ kind: 'smtp', ...common(endless, millis(300)), heloName: 'lb1' }));
  assert.match(outcome, /a reply that does not end|not finished within|bad greeting/);
});

/** A UDP server on loopback. */
function datagrams(
  context: TestContext,
  answer: (data: Buffer, peer: RemoteInfo) => Buffer | undefined,
): Promise<number> {
  const socket = createSocket('udp4');
  socket.on('message', (data, peer) => {
    const reply = answer(data, peer);
    if (reply !== undefined) socket.send(reply, peer.port, peer.address);
  });
  context.after(() => socket.close());
  return new Promise((resolve) => socket.bind(0, '127.0.0.1', () => resolve(socket.address().port)));
}

test('DNS_CHECK asks one question and judges the code of the answer', async (context) => {
  const asked: Buffer[] = [];
  const server = (code: number) =>
    datagrams(context, (query) => {
      asked.push(query);
      const answer = Buffer.from(query);
      answer.writeUInt16BE(0x8180 | code, 2);
      return answer;
    });
  const dns = async (code: number): Promise<string> =>
    reasonOf(await run({ kind: 'dns', ...common(await server(code)), type: 6, labels: ['example', 'org'] }));
  assert.equal(await dns(0), 'success');
  assert.equal(await dns(3), 'answer code NXDOMAIN (3)');
  assert.equal(
    asked[0]?.subarray(2).toString('hex'),
    `01000001000000000000${'07'}${Buffer.from('example').toString('hex')}03${Buffer.from('org').toString('hex')}0000060001`,
  );
  const other = await datagrams(context, (query) => Buffer.concat([Buffer.from([1, 2]), query.subarray(2)]));
  const silent = await run({ kind: 'dns', ...common(other, millis(200)), type: 6, labels: [] });
  assert.match(reasonOf(silent), /no answer within 200 ms/, 'an answer to somebody else is none');
});

test('UDP_CHECK: refused is a failure, silence is not, and replies are compared under their mask', async (context) => {
  const port = await datagrams(context, () => Buffer.from('pong!'));
  const free = createSocket('udp4');
  await new Promise<void>((resolve) => free.bind(0, '127.0.0.1', resolve));
  const closed = free.address().port;
  await new Promise<void>((resolve) => free.close(() => resolve()));
  assert.match(reasonOf(await run({ kind: 'udp', ...common(closed, millis(500)) })), /refused/);
  const quiet = await datagrams(context, () => undefined);
  assert.equal(reasonOf(await run({ kind: 'udp', ...common(quiet, millis(100)) })), 'success');
  const reply = (bytes: string, minLength = 0) => ({
    bytes: Buffer.from(bytes),
    mask: Buffer.alloc(bytes.length, 0xff),
    minLength,
    maxLength: 255,
  });
  assert.equal(reasonOf(await run({ kind: 'udp', ...common(port), reply: reply('pong') })), 'success');
  assert.match(reasonOf(await run({ kind: 'udp', ...common(port), reply: reply('pang') })), /at byte 1$/);
  assert.match(reasonOf(await run({ kind: 'udp', ...common(port), reply: reply('pong', 6) })), /5 bytes, not 6 to 255/);
  const whatever = await run({ kind: 'udp', ...common(port), reply: reply('', 6) });
  const long = await run({ kind: 'udp', ...common(port), reply: { ...reply(''), maxLength: 1 } });
  assert.equal(reasonOf(long), 'success');
  assert.equal(reasonOf(whatever), 'success', 'without bytes to compare keepalived looks at no length');
});

test('PING_CHECK is answered by loopback', { skip: process.getuid?.() === 0 ? false : 'needs root' }, async () => {
  assert.deepEqual(await run({ kind: 'ping', ...common(0) }), { kind: 'success' });
});

test('MISC_CHECK: exit status, dynamic weight, time-out with its children, and what cannot be started', async () => {
  const script = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o700);
    return path;
  };
  const misc = (argv: readonly string[], more: object = {}): CheckerConfig => ({
    kind: 'misc',
    timing: common(1).timing,
    position: common(1).position,
    script: { argv, position: common(1).position } as never,
    defaultUser: { user: 'root' },
    security: false,
    timeout: seconds(2),
    dynamic: false,
    ...more,
  });
  assert.deepEqual(await run(misc([script('good', 'exit 0')])), { kind: 'success' });
  assert.equal(reasonOf(await run(misc([script('bad', 'exit 3')]))).includes('3'), true);
  const nine = script('nine', '[ "$1" = word ] && exit 9');
  assert.deepEqual(await run(misc([nine, 'word'], { dynamic: true })), { kind: 'success', weight: { set: 7 } });
  const slow = script('slow', 'sleep 30 & wait');
  const started = performance.now();
  assert.match(reasonOf(await run(misc([slow], { timeout: millis(200) }))), /not finished within 200 ms/);
  assert.ok(performance.now() - started < 2000);
  assert.equal((await run(misc([join(folder, 'nosuch')]))).kind, 'undecided');
});

test('FILE_CHECK follows a file through writing, replacing and deleting', async () => {
  const path = join(folder, 'weight');
  writeFileSync(path, '5\n');
  const told: CheckResult[] = [];
  let wake = (): void => {};
  const cancel = prober.start(
    {
      kind: 'file',
      name: 'f',
      path,
      weight: 2,
      reverse: false,
      timing: common(1).timing,
      position: common(1).position,
    },
    (result) => {
      told.push(result);
      wake();
    },
    0,
  );
  const next = async (count: number): Promise<CheckResult | undefined> => {
    while (told.length < count) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return told.at(-1);
  };
  assert.deepEqual(await next(1), { kind: 'success', weight: { add: 10 } });
  writeFileSync(path, '-3');
  assert.deepEqual(await next(2), { kind: 'success', weight: { add: -6 } });
  writeFileSync(`${path}.new`, '7');
  renameSync(`${path}.new`, path);
  assert.deepEqual(await next(3), { kind: 'success', weight: { add: 14 } });
  writeFileSync(path, '99999999999999');
  rmSync(path);
  assert.deepEqual(await next(4), { kind: 'success', weight: { add: 0 } }, 'a number out of range changes nothing');
  cancel();
});

test('init_file writes the file of a FILE_CHECK once, over what is there only with overwrite', () => {
  const path = join(folder, 'initialised');
  const file = (init: { value: number; overwrite: boolean }) =>
    prober.prepare({ kind: 'file', name: 'f', path, weight: 1, reverse: false, init, timing, position });
  file({ value: 3, overwrite: false });
  assert.equal(readFileSync(path, 'utf8'), '3\n');
  file({ value: 4, overwrite: false });
  assert.equal(readFileSync(path, 'utf8'), '3\n');
  file({ value: -5, overwrite: true });
  assert.equal(readFileSync(path, 'utf8'), '-5\n');
});

const { timing, position } = tcpCheck('127.0.0.1', 1);
const session = (up: boolean, settled: boolean, detail = '') => ({
  name: 'peer',
  up,
  settled,
  detail,
  since: undefined,
});

test('BFD_CHECK says what the session says, and nothing while it has not had its time to come up', async () => {
  const results: string[] = [];
  sessions.inform([session(false, false)]);
  const cancel = prober.start({ kind: 'bfd', name: 'peer', timing, position }, (one) => results.push(reasonOf(one)), 0);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(results, []);
  sessions.inform([{ ...session(true, true), name: 'other' }]);
  sessions.inform([session(true, true)]);
  sessions.inform([session(true, true)]);
  sessions.inform([session(false, true, 'session with 10.0.0.3 is Down: control detection time expired')]);
  // Gone from the configuration of bfdd: nothing new is known.
  sessions.inform([]);
  assert.deepEqual(results, ['success', 'session with 10.0.0.3 is Down: control detection time expired']);
  cancel();
  sessions.inform([session(true, true)]);
  assert.equal(results.length, 2);
});

test('BFD_CHECK begins with what is known already', async () => {
  sessions.inform([session(true, true)]);
  assert.deepEqual(await run({ kind: 'bfd', name: 'peer', timing, position }), { kind: 'success' });
});
