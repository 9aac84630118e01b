import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { hexDump } from '../../services/healthcheckerd/genhash/hexDump.js';

const BODY = `${'Keepwatch '.repeat(5000)}\n`;
const DIGEST = createHash('md5').update(BODY).digest('hex');
const HEADER = 'HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n';

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const [stdout, stderr]: [string[], string[]] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk.toString()));
    child.on('error', (error) => resolve({ code: null, stdout: '', stderr: error.message }));
    child.on('close', (code) => resolve({ code, stdout: stdout.join(''), stderr: stderr.join('') }));
  });
}

const genhash = (...args: string[]): Promise<Ended> =>
  run(process.execPath, ['--import', 'tsx', 'cmd/genhash/main.ts', ...args]);

/** Serves BODY to everybody, in small pieces; remembers the requests. */
async function serve(context: TestContext, secure = false): Promise<{ port: string; requests: string[] }> {
  const requests: string[] = [];
  const answer = (socket: NodeJS.ReadWriteStream & { end: (text: string) => unknown }): void => {
    socket.on('error', () => {});
    socket.once('data', (data: Buffer) => {
      requests.push(data.toString());
      socket.write(HEADER.slice(0, 10));
      setTimeout(() => socket.end(HEADER.slice(10) + BODY), 20);
    });
  };
  const server: Server = secure ? createTlsServer(certificate(context), answer) : createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  return { port: String((server.address() as AddressInfo).port), requests };
}

function certificate(context: TestContext): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'keepwatch-genhash-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=test'],
    { stdio: 'ignore' },
  );
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

test('a page is hashed, and hashed alike by keepalived where it is installed', async (context) => {
  const { port, requests } = await serve(context);
  const args = ['-s', '127.0.0.1', '-p', port, '-u', '/page'];
  assert.deepEqual(await genhash(...args), { code: 0, stdout: `${DIGEST}\n`, stderr: '' });
  assert.deepEqual(requests, [`GET /page HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: 127.0.0.1:${port}\r\n\r\n`]);
  const theirs = await run('keepalived', ['--genhash', ...args]);
  if (theirs.code === null) context.diagnostic('keepalived is not installed: not compared with it');
  else {
    assert.equal(theirs.stdout, `${DIGEST}\n`);
    assert.equal(requests[1], requests[0], 'the same request, byte for byte');
  }
});

test('host, protocol and verbose output', async (context) => {
  const { port, requests } = await serve(context);
  const args = ['-s', '127.0.0.1', '-p', port, '-u', '/', '-V', 'www.example.org', '-P', '1.1'];
  const { code, stdout } = await genhash(...args, '-v');
  assert.equal(code, 0);
  assert.deepEqual(requests, [
    'GET / HTTP/1.1\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: www.example.org\r\n\r\n',
  ]);
  assert.ok(stdout.includes(`[ HTML hash final resulting ]-----------------------\n${DIGEST}\n`));
  assert.ok(stdout.includes('0000  48 54 54 50 2f 31 2e 30 - 20 32 30 30 20 4f 4b 0d   HTTP/1.0 200 OK.\n'));
});

test('TLS, with a certificate nobody vouches for', async (context) => {
  const { port } = await serve(context, true);
  const { code, stdout } = await genhash('-S', '-I', '-V', 'www.example.org', '-s', '127.0.0.1', '-p', port, '-u', '/');
  assert.deepEqual([code, stdout], [0, `${DIGEST}\n`]);
});

test('what goes wrong is said on stderr, with exit code 1', async (context) => {
  const silent = createServer((socket) => socket.on('error', () => {}).resume());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  context.after(() => silent.close());
  const port = String((silent.address() as AddressInfo).port);
  const cases: [string[], RegExp][] = [
    [['-s', '127.0.0.1', '-p', '1', '-u', '/'], /ECONNREFUSED/],
    [['-s', 'localhost', '-u', '/'], /'localhost' is not an IP address/],
    [['-s', '127.0.0.1'], /needs -s ADDRESS and -u URL/],
    [['-s', '127.0.0.1', '-u', '/', '-p', '0'], /--port takes 1 to 65535/],
    [['-s', '127.0.0.1', '-u', '/', '-P', '2'], /--protocol takes/],
    [['-s', '127.0.0.1', '-u', '/', '-p', port, '-t', '1'], /no complete answer within 1 s/],
    [['--bogus'], /bogus/],
  ];
  const results = await Promise.all(cases.map(([args]) => genhash(...args)));
  for (const [index, [, message]] of cases.entries()) {
    assert.equal(results[index]?.code, 1);
    assert.equal(results[index]?.stdout, '');
    assert.match(results[index]?.stderr ?? '', message);
  }
});

test('a dump pads its last line', () => {
  assert.equal(hexDump(Buffer.from('hello\n')), `0000  68 65 6c 6c 6f 0a       - ${' '.repeat(24)}  hello.\n`);
});
