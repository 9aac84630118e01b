import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { CheckResult } from '../../../services/healthcheckerd/checker.js';
import { describeConnectError } from '../../../services/healthcheckerd/checkers/connectError.js';
import { startTcpCheck } from '../../../services/healthcheckerd/checkers/tcpCheck.js';
import { ClientSockets } from '../../../services/shared/kernel/clientSockets.js';
import { millis } from '../../../services/shared/time/duration.js';
import { address, tcpCheck } from './support.js';

const sockets = new ClientSockets((error) => assert.fail(error));

function listen(context: TestContext, onConnection: (socket: Socket) => void, host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve) => {
    const server: Server = createServer((socket) => {
      socket.on('error', () => {});
      onConnection(socket);
    }).listen(0, host, () => resolve((server.address() as AddressInfo).port));
    context.after(() => server.close());
  });
}

const check = (port: number, more: object = {}, connectTimeout = millis(300)): Promise<CheckResult> => {
  const config = tcpCheck('127.0.0.1', port, { connectTimeout });
  return new Promise((resolve) =>
    startTcpCheck({ ...config, endpoint: { ...config.endpoint, ...more } }, sockets, resolve),
  );
};

test('a server that accepts is up, also when it says goodbye at once', async (context) => {
  assert.deepEqual(await check(await listen(context, (socket) => socket.resume())), { kind: 'success' });
  assert.deepEqual(await check(await listen(context, (socket) => socket.end('banner\r\n'))), { kind: 'success' });
});

test('the check comes from the bound address and leaves no connection behind', async (context) => {
  const peers: (string | undefined)[] = [];
  const closed = new Promise<void>((resolve) => {
    void listen(context, (socket) => {
      peers.push(socket.remoteAddress);
      socket.resume().on('close', () => resolve());
    }).then((port) => check(port, { bindAddress: address('127.0.0.77') }));
  });
  await closed;
  assert.deepEqual(peers, ['127.0.0.77']);
});

test('IPv6 servers are checked alike', async (context) => {
  const port = await listen(context, (socket) => socket.resume(), '::1');
  assert.deepEqual(await check(port, { address: address('::1') }), { kind: 'success' });
});

test('a refused connection, a reset, a silent server and a foreign source address have their words', async (context) => {
  const port = await listen(context, (socket) => socket.resetAndDestroy());
  // The server is slow to reset where the processors are busy: a reset that comes too late for one check counts for none.
  let reset = await check(port);
  for (let more = 50; reset.kind === 'success' && more > 0; more--) reset = await check(port);
  assert.deepEqual(reset, { kind: 'failure', reason: 'connection reset at once' });
  assert.deepEqual(await check(1), { kind: 'failure', reason: 'connection refused' });
  assert.deepEqual(await check(port, { bindAddress: address('192.0.2.1') }), {
    kind: 'failure',
    reason: 'cannot bind to 192.0.2.1: not an address of this machine',
  });
});

test('no answer within the timeout, or no way there, ends as a failure in time', async () => {
  // TEST-NET-1 is routed nowhere: silence behind a default route, an error at once without one.
  const started = performance.now();
  const result = await check(80, { address: address('192.0.2.1') }, millis(200));
  assert.ok(performance.now() - started < 2000);
  assert.equal(result.kind, 'failure');
  assert.match(
    result.kind === 'failure' ? result.reason : '',
    /^(no answer within 200 ms|network unreachable|no route to host|connection refused)$/,
  );
});

test('a cancelled check says nothing', async (context) => {
  const port = await listen(context, (socket) => socket.resume());
  let ended = false;
  const cancel = startTcpCheck(tcpCheck('127.0.0.1', port), sockets, () => {
    ended = true;
  });
  cancel();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(ended, false);
});

test('trouble of this machine is not the server’s fault', () => {
  const error = (code: string) => Object.assign(new Error(code), { code });
  const endpoint = { address: address('10.9.1.1'), port: 80 };
  assert.equal(describeConnectError(error('EMFILE'), endpoint).kind, 'undecided');
  assert.equal(describeConnectError(error('EADDRNOTAVAIL'), endpoint).kind, 'undecided');
  assert.deepEqual(describeConnectError(error('EHOSTUNREACH'), endpoint), {
    kind: 'failure',
    reason: 'no route to host',
  });
  assert.deepEqual(describeConnectError(error('EWHATEVER'), endpoint), { kind: 'failure', reason: 'EWHATEVER' });
});
