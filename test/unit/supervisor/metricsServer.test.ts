/** The door for Prometheus over real sockets on the loopback, with a made-up status behind it. */
import assert from 'node:assert/strict';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import { silentLogger } from '../../../services/shared/log/logger.js';
import { ServiceHealth, SuiteStatus } from '../../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { listenForMetrics, type MetricsServer, type StatusSource } from '../../../services/supervisor/metricsServer.js';
import { parseExposition, sampleValue } from '../../e2e/support/exposition.js';

const open: MetricsServer[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
  for (const socket of sockets.splice(0)) socket.destroy();
});

const LOOPBACK = { host: '127.0.0.1', port: 0 };

async function listen(source?: StatusSource): Promise<MetricsServer> {
  const server = await listenForMetrics(LOOPBACK);
  open.push(server);
  if (source !== undefined) server.show(source, silentLogger());
  return server;
}

class FakeSource implements StatusSource {
  refreshes = 0;
  shown = 0;
  fails = false;
  current = SuiteStatus.fromPartial({
    origin: { generation: 1n },
    version: '1',
    services: [{ name: 'notifierd', health: ServiceHealth.SERVICE_HEALTH_READY, silenceMs: 1n, generation: 1n }],
  });
  status(): SuiteStatus {
    if (this.fails) throw new Error('made up');
    this.shown++;
    return this.current;
  }
  async refresh(): Promise<void> {
    this.refreshes++;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

interface Reply {
  readonly code: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function ask({ address }: MetricsServer, path: string, method = 'GET', body?: string): Promise<Reply> {
  return await new Promise((resolve, reject) => {
    const asked = request({ host: address.host, port: address.port, path, method, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () => resolve({ code: response.statusCode, headers: response.headers, body: text }));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** Sends bytes and gives back what comes until the other side ends. */
async function raw({ address }: MetricsServer, bytes: string): Promise<string> {
  const socket = connect(address.port, address.host);
  sockets.push(socket);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  socket.on('error', () => {});
  socket.write(bytes);
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

test('serves the page, healthz and readyz, each connection once', async () => {
  const server = await listen(new FakeSource());
  const page = await ask(server, '/metrics');
  assert.equal(page.code, 200);
  assert.equal(page.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  assert.equal(page.headers.connection, 'close');
  assert.equal(Number(page.headers['content-length']), Buffer.byteLength(page.body));
  assert.equal(sampleValue(parseExposition(page.body), 'keepalived_up'), 1);
  for (const [path, body] of [
    ['/healthz', 'ok\n'],
    ['/readyz', 'ready\n'],
    ['/readyz?verbose=1', 'ready\n'],
  ] as const) {
    const reply = await ask(server, path);
    assert.deepEqual([reply.code, reply.body, reply.headers['content-type']], [200, body, 'text/plain; charset=utf-8']);
  }
});

test('HEAD is GET without the body; other methods 405, other paths 404', async () => {
  const server = await listen(new FakeSource());
  const [head, get] = [await ask(server, '/metrics', 'HEAD'), await ask(server, '/metrics')];
  assert.deepEqual([head.code, head.body], [200, '']);
  assert.equal(head.headers['content-length'], get.headers['content-length']);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    const reply = await ask(server, '/metrics', method, method === 'POST' ? 'x'.repeat(100) : undefined);
    assert.deepEqual([reply.code, reply.headers.allow], [405, 'GET, HEAD'], method);
  }
  for (const path of ['/', '/metrics/', '/METRICS', '/../metrics', '//metrics', '/constructor']) {
    assert.equal((await ask(server, path)).code, 404, path);
  }
});

test('before the suite is there: alive, not ready, no numbers', async () => {
  const server = await listen();
  assert.equal((await ask(server, '/healthz')).code, 200);
  for (const path of ['/readyz', '/metrics']) {
    const reply = await ask(server, path);
    assert.deepEqual([reply.code, reply.body], [503, 'the suite starts\n'], path);
  }
});

test('readyz gives the reasons', async () => {
  const source = new FakeSource();
  source.current = SuiteStatus.fromPartial({
    services: [{ name: 'vrrpd', health: ServiceHealth.SERVICE_HEALTH_RESTARTING, detail: 'died' }],
  });
  const reply = await ask(await listen(source), '/readyz');
  assert.equal(reply.code, 503);
  assert.deepEqual(reply.body.split('\n'), [
    'no configuration is in force yet',
    'vrrpd is restarting: died',
    'vrrpd has not told its instances yet',
    '',
  ]);
});

test('an error behind it is a 500, and gone with its reason', async () => {
  const source = new FakeSource();
  source.fails = true;
  const server = await listen(source);
  assert.equal((await ask(server, '/metrics')).code, 500);
  assert.equal((await ask(server, '/readyz')).code, 500);
  assert.equal((await ask(server, '/healthz')).code, 200);
  source.fails = false;
  assert.equal((await ask(server, '/metrics')).code, 200);
});

test('scrapers at the same time share one page', async () => {
  const source = new FakeSource();
  const server = await listen(source);
  const replies = await Promise.all(Array.from({ length: 16 }, () => ask(server, '/metrics')));
  assert.ok(replies.every(({ code, body }) => code === 200 && body === replies[0]?.body));
  assert.deepEqual([source.refreshes, source.shown], [1, 1]);
});

test('a page of ten thousand servers leaves turns for others while it is made', async () => {
  const source = new FakeSource();
  source.current = SuiteStatus.fromPartial({
    ...source.current,
    services: [{ ...source.current.services[0], name: 'healthcheckerd' }],
    health: {
      virtualServers: [
        { name: 'v', realServers: Array.from({ length: 10_000 }, (_, index) => ({ name: `r${index}`, up: true })) },
      ],
    },
  });
  const server = await listen(source);
  let turns = 0;
  let asking = true;
  const count = (): void => {
    turns++;
    if (asking) setImmediate(count);
  };
  const asked = ask(server, '/metrics');
  count();
  const { body } = await asked;
  asking = false;
  assert.equal(parseExposition(body).filter(({ name }) => name === 'keepwatch_real_server_up').length, 10_000);
  assert.ok(turns > 30, `${turns} turns`);
});

test('what is no HTTP, or too much of it, is refused, and the next request is answered', async () => {
  const server = await listen(new FakeSource());
  assert.match(await raw(server, 'nonsense\r\n\r\n'), /^HTTP\/1\.1 400 /);
  assert.match(
    await raw(server, `GET /healthz HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`),
    /^(HTTP\/1\.1 431 |$)/,
  );
  assert.match(await raw(server, 'GET /healthz HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 400 /, 'HTTP/1.1 wants a Host');
  assert.match(await raw(server, 'GET /healthz HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 /);
  const two = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2);
  assert.equal((await raw(server, two)).match(/HTTP\/1\.1 /g)?.length, 1, 'one request for each connection');
  assert.equal((await ask(server, '/healthz')).code, 200);
});

test('connections beyond the limit are dropped; free again, they are taken', async () => {
  const server = await listen(new FakeSource());
  const idle = Array.from({ length: 32 }, () => {
    const socket = connect(server.address.port, server.address.host);
    sockets.push(socket);
    return socket;
  });
  await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
  await assert.rejects(ask(server, '/healthz'), /ECONNRESET|socket hang up/);
  await Promise.all(
    idle.map((socket) => {
      socket.destroy();
      return new Promise((resolve) => socket.once('close', resolve));
    }),
  );
  const deadline = Date.now() + 5_000;
  for (;;) {
    const reply = await ask(server, '/healthz').catch(() => undefined);
    if (reply?.code === 200) break;
    assert.ok(Date.now() < deadline, 'free connections are taken');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});

test('a place that cannot be had is named with what to do', async () => {
  const first = await listen();
  const taken = `--metrics 127.0.0.1:${first.address.port}: the port is in use by another program; choose another one, or stop that program first`;
  await assert.rejects(listenForMetrics(first.address), { message: taken });
  await assert.rejects(listenForMetrics({ host: '192.0.2.77', port: 0 }), {
    message: '--metrics 192.0.2.77:0: no interface of this machine has the address',
  });
});

test('close ends connections that are open', async () => {
  const server = await listen(new FakeSource());
  const socket = connect(server.address.port, server.address.host);
  sockets.push(socket);
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  await ask(server, '/healthz');
  server.close();
  await new Promise((resolve) => socket.once('close', resolve));
  await assert.rejects(ask(server, '/healthz'), /ECONNREFUSED/);
});
