import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFlags } from '../../../cmd/keepwatchd/flags.js';
import { formatListenAddress, isLoopback, parseListenAddress } from '../../../services/supervisor/listenAddress.js';

for (const [text, host, port] of [
  ['127.0.0.1:9650', '127.0.0.1', 9650],
  ['[::1]:9650', '::1', 9650],
  ['[::]:0', '::', 0],
  ['[2001:db8::9]:65535', '2001:db8::9', 65_535],
  ['localhost:80', 'localhost', 80],
  ['lb-1.example.net:80', 'lb-1.example.net', 80],
] as const) {
  test(`--metrics ${text}`, () => {
    assert.deepEqual(parseListenAddress('--metrics', text), { host, port });
    assert.equal(formatListenAddress({ host, port }), text);
    assert.deepEqual(parseFlags(['--metrics', text]).metrics, { host, port });
    assert.deepEqual(parseFlags([`--metrics=${text}`]).metrics, { host, port });
  });
}

for (const [text, why] of [
  ['9650', /the port is missing/],
  ['', /the port is missing/],
  ['localhost', /the port is missing/],
  ['[::1]', /the port is missing/],
  ['::1', /stands in brackets/],
  ['::1:9650', /stands in brackets/],
  [':9650', /the host is missing/],
  ['[]:9650', /nothing between the brackets/],
  ['[127.0.0.1]:9650', /127\.0\.0\.1 between the brackets is no IPv6 address/],
  ['[::1%lo]:9650', /no IPv6 address/],
  ['127.0.0.1:', /an empty port is no port/],
  ['127.0.0.1:65536', /65536 is no port/],
  ['127.0.0.1:-1', /-1 is no port/],
  ['127.0.0.1:http', /http is no port/],
  ['127.0.0.1: 80', / 80 is no port/],
  ['127.0.0:80', /neither an address nor a name/],
  ['127.0.0.256:80', /neither an address nor a name/],
  ['a_b:80', /neither an address nor a name/],
  ['-a:80', /neither an address nor a name/],
  ['http://localhost:80', /no HOST:PORT/],
] as const) {
  test(`--metrics '${text}' is refused`, () => {
    for (const parse of [() => parseListenAddress('--metrics', text), () => parseFlags([`--metrics=${text}`])]) {
      assert.throws(
        parse,
        (error: Error) => error.message.startsWith(`--metrics ${text}: `) && why.test(error.message),
      );
    }
  });
}

test('off without the flag; its value is no other flag', () => {
  assert.equal(parseFlags([]).metrics, undefined);
  assert.throws(() => parseFlags(['--metrics']), /metrics/);
  assert.throws(() => parseFlags(['--metrics', '-t']), /metrics/);
});

test('what only this machine reaches', () => {
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) assert.ok(isLoopback(address), address);
  for (const address of ['0.0.0.0', '::', '10.127.0.1', '::11', 'fe80::1', '128.0.0.1']) {
    assert.ok(!isLoopback(address), address);
  }
});

test('--dashboard and its certificates, from flags or the environment', () => {
  const of = (argv: string[], environment = {}) => parseFlags(argv, environment).dashboard;
  const address = { host: '127.0.0.1', port: 9_651 };
  assert.equal(of([]), undefined);
  assert.deepEqual(of(['--dashboard', '127.0.0.1:9651']), { address, tlsDirectory: undefined });
  assert.deepEqual(of(['--dashboard=127.0.0.1:9651', '--dashboard-tls-dir', '/etc/x']), {
    address,
    tlsDirectory: '/etc/x',
  });
  const variables = { KEEPWATCH_DASHBOARD: '127.0.0.1:9651', KEEPWATCH_DASHBOARD_TLS_DIR: '/etc/y' };
  assert.deepEqual(of([], variables), { address, tlsDirectory: '/etc/y' });
  assert.deepEqual(of([], { ...variables, KEEPWATCH_DASHBOARD: '' }), undefined);
  assert.throws(() => of(['--dashboard', '9651']), /^RangeError: --dashboard 9651: the port is missing/);
  assert.throws(() => of(['--dashboard-tls-dir', '/etc/x']), /no effect without --dashboard/);
});
