/** The dashboard's door over real sockets, with a made-up status and page behind it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { request as plainRequest } from 'node:http';
import { type RequestOptions, request as tlsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { silentLogger } from '../../../../services/shared/log/logger.js';
import { HistoryEntry, SuiteStatus } from '../../../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { type DashboardSource, timelineUpdate } from '../../../../services/supervisor/dashboard/broadcast.js';
import {
  type DashboardOptions,
  type DashboardServer,
  listenForDashboard,
} from '../../../../services/supervisor/dashboard/dashboardServer.js';
import { isOwnHost } from '../../../../services/supervisor/dashboard/ownHost.js';
import type { DashboardView, TimelineUpdate } from '../../../../services/supervisor/dashboard/view.js';

const scratch = mkdtempSync(join(tmpdir(), 'keepwatch-dashboard-'));
const PAGE = join(scratch, 'page');
mkdirSync(PAGE);
for (const [name, text] of [
  ['index.html', '<p>page</p>'],
  ['page-ABCDEFGH.js', 'script()'],
  ['icon.svg', '<svg/>'],
] as const) {
  writeFileSync(join(PAGE, name), text);
  writeFileSync(join(PAGE, `${name}.gz`), gzipSync(text));
}
after(() => rmSync(scratch, { recursive: true, force: true }));

const open: DashboardServer[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
  for (const socket of sockets.splice(0)) socket.destroy();
});

async function listen(source?: DashboardSource, options: Partial<DashboardOptions> = {}): Promise<DashboardServer> {
  const server = await listenForDashboard({
    address: { host: '127.0.0.1', port: 0 },
    tlsDirectory: undefined,
    assetsDirectory: PAGE,
    ...options,
  });
  open.push(server);
  if (source !== undefined) server.show(source, silentLogger());
  return server;
}

/** A suite with a history and a status of any size, which changes when it is told to. */
class FakeSource implements DashboardSource {
  entries: HistoryEntry[] = [];
  padding = '';
  views = 0;
  #wake: () => void = () => {};
  readonly history = {
    find: ({ limit }: { limit: number }) => this.entries.slice(-limit),
    entries: () => this.entries,
    get count(): number {
      return this.entries().length;
    },
  };
  readonly feed = {
    nextChange: async (timeoutMs: number): Promise<void> => {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, timeoutMs).unref();
      });
    },
  };
  status(): SuiteStatus {
    this.views++;
    return SuiteStatus.fromPartial({ version: `${this.views}`, configFile: this.padding });
  }
  async refresh(): Promise<void> {}
  change(): void {
    this.entries.push(
      HistoryEntry.fromPartial({ subject: 'suite', change: `${this.entries.length}`, at: new Date(0) }),
    );
    this.#wake();
  }
}

interface Reply {
  readonly code: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

async function ask(
  { address }: DashboardServer,
  path: string,
  {
    method = 'GET',
    headers = {},
    tls,
  }: { method?: string; headers?: Record<string, string>; tls?: RequestOptions } = {},
): Promise<Reply> {
  return await new Promise((resolve, reject) => {
    const options = { host: address.host, port: address.port, path, method, headers, agent: false as const };
    const asked = (tls === undefined ? plainRequest(options) : tlsRequest({ ...options, ...tls })).on(
      'response',
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ code: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
        );
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}

/** What one page would have got. */
class Follower {
  readonly socket: Socket;
  head = '';
  views = 0;
  newest: DashboardView | undefined;
  readonly updates: TimelineUpdate[] = [];
  #chunks: string[] = [];

  constructor({ address }: DashboardServer) {
    this.socket = connect(address.port, address.host);
    sockets.push(this.socket);
    this.socket.setEncoding('utf8').on('data', (chunk: string) => this.#take(chunk));
    this.socket.on('error', () => {});
    this.socket.write('GET /events HTTP/1.0\r\nHost: localhost\r\n\r\n');
  }

  #take(chunk: string): void {
    this.#chunks.push(chunk);
    if (!chunk.includes('\n')) return;
    const parts = this.#chunks.join('').split('\n\n');
    this.#chunks = [parts.pop() ?? ''];
    for (const part of parts) {
      const [, name, data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(part) ?? [];
      if (name === undefined) this.head += part;
      else if (name === 'timeline') this.updates.push(JSON.parse(data) as TimelineUpdate);
      else {
        this.views++;
        this.newest = JSON.parse(data) as DashboardView;
      }
    }
  }
}

const follow = (server: DashboardServer): Follower => new Follower(server);

async function until<T>(what: string, probe: () => T | undefined | false, within = 5_000): Promise<T> {
  const deadline = Date.now() + within;
  for (;;) {
    const found = probe();
    if (found !== undefined && found !== false) return found;
    assert.ok(Date.now() < deadline, what);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('page and script: compressed where wanted, kept by the browser as long as they are good, with every header', async () => {
  const server = await listen();
  const page = await ask(server, '/', { headers: { 'accept-encoding': 'gzip, br' } });
  assert.equal(page.code, 200);
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  assert.equal(page.headers['content-encoding'], 'gzip');
  assert.equal(page.headers['cache-control'], 'no-cache');
  assert.deepEqual(page.body, gzipSync('<p>page</p>'));
  const again = await ask(server, '/', { headers: { 'if-none-match': String(page.headers.etag) } });
  assert.deepEqual([again.code, again.body.length], [304, 0]);
  const script = await ask(server, '/page-ABCDEFGH.js');
  assert.equal(script.body.toString(), 'script()');
  assert.equal(script.headers['cache-control'], 'public, max-age=31536000, immutable');
  for (const { headers } of [
    page,
    again,
    script,
    await ask(server, '/nowhere'),
    await ask(server, '/', { method: 'POST' }),
  ]) {
    assert.equal(
      headers['content-security-policy'],
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    );
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'no-referrer');
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
    assert.equal(headers['access-control-allow-origin'], undefined);
  }
});

test('only GET and HEAD, only what is there', async () => {
  const server = await listen(new FakeSource());
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
    const { code, headers } = await ask(server, '/events', { method });
    assert.deepEqual([code, headers.allow], [405, 'GET, HEAD'], method);
  }
  for (const path of ['/../package.json', '/index.html', '/page-ABCDEFGH.js.map', '//', '/constructor', '/metrics']) {
    assert.equal((await ask(server, path)).code, 404, path);
  }
  const head = await ask(server, '/events', { method: 'HEAD' });
  assert.deepEqual([head.code, head.body.length, head.headers['cache-control']], [200, 0, 'no-store']);
});

test('a request in the name of another host is refused, and the stream to pages of other sites', async () => {
  const server = await listen(new FakeSource());
  const { port } = server.address;
  for (const host of ['evil.example', `evil.example:${port}`, 'localhost.evil.example', '10.0.0.1', '[::2]', 'a b']) {
    assert.equal((await ask(server, '/', { headers: { host } })).code, 421, host);
  }
  for (const host of [`127.0.0.1:${port}`, 'localhost', 'LOCALHOST:8080', '[::1]:8080', 'localhost.']) {
    assert.equal((await ask(server, '/', { headers: { host } })).code, 200, host);
  }
  for (const site of ['cross-site', 'same-site']) {
    assert.equal((await ask(server, '/events', { headers: { 'sec-fetch-site': site } })).code, 403, site);
    assert.equal((await ask(server, '/', { headers: { 'sec-fetch-site': site } })).code, 200, 'a link from elsewhere');
  }
});

for (const [host, facts, own] of [
  ['lb.example:443', { configured: 'lb.example' }, true],
  ['lb2.example', { configured: 'lb.example' }, false],
  ['cert.example', { configured: '0.0.0.0', local: '192.0.2.1' }, true],
  ['192.0.2.1:9', { configured: '0.0.0.0', local: '192.0.2.1' }, true],
  ['192.0.2.1', { configured: '::', local: '::ffff:192.0.2.1' }, true],
  ['192.0.2.2', { configured: '0.0.0.0', local: '192.0.2.1' }, false],
  ['[2001:db8:0::1]', { configured: '::', local: '2001:db8::1' }, true],
  ['localhost', { configured: '0.0.0.0', local: '192.0.2.1' }, false],
  ['user@lb.example', { configured: 'lb.example' }, false],
  ['', { configured: 'lb.example' }, false],
  [undefined, { configured: 'lb.example' }, false],
] as const) {
  test(`host ${host} of ${JSON.stringify(facts)} is ${own ? '' : 'not '}ours`, () => {
    const certified = (name: string): boolean => name === 'cert.example';
    assert.equal(isOwnHost(host, { local: '192.0.2.1', certified, ...facts }), own);
  });
}

test('before the suite is there the page comes and the stream does not', async () => {
  const server = await listen();
  assert.equal((await ask(server, '/')).code, 200);
  const { code, body } = await ask(server, '/events');
  assert.deepEqual([code, body.toString()], [503, 'the suite starts\n']);
});

test('a stream begins with the time line and a view, and goes on with what is new', async () => {
  const source = new FakeSource();
  for (let index = 0; index < 300; index++) source.change();
  const page = follow(await listen(source));
  await until('a view', () => page.views > 0);
  const [first] = page.updates;
  assert.equal(first?.whole, true);
  assert.deepEqual([first.entries.length, first.entries[0]?.number, first.entries.at(-1)?.number], [250, 51, 300]);
  assert.equal(page.newest?.script, 'page-ABCDEFGH.js');
  source.change();
  source.change();
  await until('news', () => page.updates.length > 1);
  assert.deepEqual([page.updates[1]?.whole, page.updates[1]?.entries[0]?.number], [false, 301]);
  const before = page.views;
  await until('views come without changes', () => page.views > before, 2_500);
});

test('more than a page holds came in between: it gets all anew', () => {
  const source = new FakeSource();
  for (let index = 0; index < 1_000; index++) source.change();
  const update = timelineUpdate(source.history, 10);
  assert.deepEqual([update?.whole, update?.entries.length, update?.entries[0]?.number], [true, 250, 751]);
  assert.equal(timelineUpdate(source.history, 1_000), undefined);
  assert.equal(timelineUpdate(source.history, 999)?.whole, false);
});

test('pages share each view; a busy suite sends at most ten a second; nobody looks, nothing is made', async () => {
  const source = new FakeSource();
  const server = await listen(source);
  const streams = Array.from({ length: 8 }, () => follow(server));
  await until('all have one', () => streams.every(({ views: got }) => got > 0));
  const [began, views] = [performance.now(), source.views];
  while (performance.now() - began < 600) {
    source.change();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const made = source.views - views;
  assert.ok(made >= 1 && made <= 7, `${made} views in 0.6 s`);
  for (const { socket } of streams) socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 1_300));
  const rest = source.views;
  await new Promise((resolve) => setTimeout(resolve, 1_300));
  assert.equal(source.views, rest);
});

test('a slow reader costs nothing: it misses views and then gets the newest', async () => {
  const source = new FakeSource();
  // More than the kernel takes for somebody who reads nothing.
  source.padding = 'x'.repeat(1_500_000);
  const server = await listen(source);
  const slow = follow(server);
  const quick = follow(server);
  await until('both have begun', () => slow.views > 0 && quick.views > 0);
  slow.socket.pause();
  const timer = setInterval(() => source.change(), 20);
  await until('many views', () => quick.views > 15, 20_000);
  clearInterval(timer);
  const newest = source.entries.length;
  slow.socket.resume();
  await until('the slow one has the newest entry', () =>
    slow.updates.some(({ entries }) => entries.at(-1)?.number === newest),
  );
  const numbers = slow.updates.flatMap(({ entries }) => entries.map(({ number }) => number));
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => index + 1),
    'every entry once, in order',
  );
  assert.ok(slow.views < quick.views - 4, `${slow.views} of ${quick.views} views`);
});

test('sixteen look at once; the next one is told so, and has a place when one goes', async () => {
  const server = await listen(new FakeSource());
  const streams = Array.from({ length: 16 }, () => follow(server));
  await until('all are there', () => streams.every(({ views }) => views > 0));
  const { code, body } = await ask(server, '/events');
  assert.deepEqual([code, body.toString()], [503, 'too many look already\n']);
  streams[0]?.socket.destroy();
  await new Promise((resolve) => streams[0]?.socket.once('close', resolve));
  const deadline = Date.now() + 5_000;
  for (;;) {
    const later = follow(server);
    await until('an answer', () => later.head !== '');
    if (later.head.startsWith('HTTP/1.1 200')) break;
    assert.ok(Date.now() < deadline, 'the place is free again');
  }
});

test('other machines could reach it: refused without certificates', async () => {
  for (const host of ['0.0.0.0', '::', '192.0.2.77']) {
    await assert.rejects(
      listen(undefined, { address: { host, port: 0 } }),
      /^Error: --dashboard .*: other machines could reach it/,
    );
  }
  await assert.rejects(listen(undefined, { assetsDirectory: scratch }), /page is not built/);
});

describe('with certificates', { skip: existsSync('/usr/bin/openssl') ? false : 'openssl is not installed' }, () => {
  const tls = join(scratch, 'tls');
  const pem = (name: string): Buffer => readFileSync(join(tls, `${name}.pem`));
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: tls, stdio: 'ignore' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '90'];

  before(() => {
    mkdirSync(tls);
    for (const name of ['client-ca', 'other-ca']) {
      openssl('req', '-x509', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', `/CN=${name}`);
    }
    for (const [name, ca, names, unit] of [
      ['cert', 'client-ca', 'DNS:lb.example,IP:127.0.0.1', 'router'],
      ['client', 'client-ca', 'DNS:somebody', 'keepwatch-viewer'],
      ['nobody', 'client-ca', 'DNS:nobody', 'sales'],
      ['stranger', 'other-ca', 'DNS:somebody', 'keepwatch-admin'],
    ] as const) {
      writeFileSync(join(tls, 'names'), `subjectAltName=${names}`);
      const key = name === 'cert' ? 'key.pem' : `${name}.key`;
      openssl('req', ...newKey, '-keyout', key, '-out', 'request', '-subj', `/OU=${unit}/CN=${name}`);
      const signing = [
        '-CA',
        `${ca}.pem`,
        '-CAkey',
        `${ca}.key`,
        '-CAcreateserial',
        '-extfile',
        'names',
        '-days',
        '90',
      ];
      openssl('x509', '-req', '-in', 'request', ...signing, '-out', `${name}.pem`);
    }
    chmodSync(join(tls, 'key.pem'), 0o600);
  });

  const clientOf = (name: string): RequestOptions => ({
    ca: pem('client-ca'),
    cert: pem(name),
    key: readFileSync(join(tls, `${name}.key`)),
    servername: 'lb.example',
  });

  test('a certificate of the authority opens it; none, or one of another, does not; nor does plain HTTP', async () => {
    const server = await listen(new FakeSource(), { address: { host: '0.0.0.0', port: 0 }, tlsDirectory: tls });
    const page = await ask(server, '/', { tls: clientOf('client'), headers: { host: 'lb.example' } });
    assert.deepEqual([page.code, page.body.toString()], [200, '<p>page</p>']);
    assert.equal((await ask(server, '/', { tls: clientOf('client'), headers: { host: 'evil.example' } })).code, 421);
    const nobody = await ask(server, '/events', { tls: clientOf('nobody'), headers: { host: 'lb.example' } });
    assert.deepEqual([nobody.code, nobody.body.toString()], [403, 'your certificate has no role here\n']);
    await assert.rejects(ask(server, '/', { tls: clientOf('stranger'), headers: { host: 'lb.example' } }));
    await assert.rejects(ask(server, '/', { tls: { ca: pem('client-ca'), servername: 'lb.example' } }));
    await assert.rejects(ask(server, '/'));
  });

  test('renewed material counts from then on; what is no good leaves the door as it is', async () => {
    const server = await listen(new FakeSource(), { tlsDirectory: tls });
    const asked = async () =>
      (await ask(server, '/', { tls: clientOf('client'), headers: { host: 'lb.example' } })).code;
    const good = pem('client-ca');
    writeFileSync(join(tls, 'client-ca.pem'), 'nonsense');
    server.renew();
    writeFileSync(join(tls, 'client-ca.pem'), good);
    assert.equal(await asked(), 200);
    const client = clientOf('client');
    writeFileSync(join(tls, 'client-ca.pem'), pem('other-ca'));
    try {
      server.renew();
      await assert.rejects(ask(server, '/', { tls: client, headers: { host: 'lb.example' } }));
    } finally {
      writeFileSync(join(tls, 'client-ca.pem'), good);
    }
  });

  test('a role file counts as it does for the API', async () => {
    writeFileSync(join(tls, 'roles'), 'viewer CN=nobody\n');
    try {
      const server = await listen(new FakeSource(), { tlsDirectory: tls });
      const asked = async (name: string) =>
        (await ask(server, '/', { tls: clientOf(name), headers: { host: 'lb.example' } })).code;
      assert.deepEqual([await asked('nobody'), await asked('client')], [200, 403]);
      rmSync(join(tls, 'roles'));
      server.renew();
      assert.deepEqual([await asked('nobody'), await asked('client')], [403, 200]);
    } finally {
      rmSync(join(tls, 'roles'), { force: true });
    }
  });

  for (const [what, spoil, why] of [
    ['a key everybody can read', () => chmodSync(join(tls, 'key.pem'), 0o644), /key\.pem is open to everybody/],
    ['no authority', () => rmSync(join(tls, 'client-ca.pem')), /client-ca\.pem cannot be read: ENOENT/],
    ['another key', () => writeFileSync(join(tls, 'key.pem'), readFileSync(join(tls, 'client.key'))), /is not the key/],
    ['no key', () => writeFileSync(join(tls, 'key.pem'), 'secret'), /key\.pem holds no private key/],
    ['no certificate', () => writeFileSync(join(tls, 'cert.pem'), 'x'), /cert\.pem holds no certificate/],
  ] as const) {
    test(`${what} is refused with the name of the file and nothing of what is in it`, async () => {
      const kept = (['key.pem', 'client-ca.pem', 'cert.pem'] as const).map(
        (name) => [name, readFileSync(join(tls, name))] as const,
      );
      try {
        spoil();
        await assert.rejects(listen(undefined, { tlsDirectory: tls }), (error: Error) => {
          assert.match(error.message, /^--dashboard-tls-dir: /);
          assert.match(error.message, why);
          assert.doesNotMatch(error.message, /secret|BEGIN/);
          return true;
        });
      } finally {
        for (const [name, bytes] of kept) writeFileSync(join(tls, name), bytes);
        chmodSync(join(tls, 'key.pem'), 0o600);
      }
    });
  }
});
