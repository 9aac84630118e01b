/** The control API over TCP: certificates, roles, the audit log, limits, and the example clients. */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { type Channel, ClientError, Status } from 'nice-grpc';
import { type ClientTls, rpcClient, tlsChannel, unixChannel } from '../../services/shared/rpc/client.js';
import {
  ControlServiceDefinition,
  GetAuditResponse,
  WatchStatusResponse,
} from '../../services/shared/rpc/generated/keepwatch/v1/control.js';
import { Order } from '../../services/shared/rpc/generated/keepwatch/v1/order.js';
import { Authority, type CertificateFiles, withoutOpenssl } from './support/certificates.js';
import { bundleWithDoubles, exitOf, STANDING_SERVICES, TestSuite, until } from './support/suite.js';

const run = promisify(execFile);
const CONFIG =
  'vrrp_instance VI_1 {\n  authentication {\n    auth_pass hunter2\n  }\n}\nvirtual_server 10.0.0.2 5 {\n}\n';
const ROLES = 'none SERIAL=00\nviewer CN=vic\noperator CN=olga\nadmin OU=bosses\n';
const SERVER_NAMES = 'IP:127.0.0.1,DNS:localhost';

describe('the control API over TCP', { skip: withoutOpenssl }, () => {
  let bundle: string;
  let suite: TestSuite;
  let tlsDir: string;
  let port = 0;
  let ours: Authority;
  let theirs: Authority;
  let clients: Record<'vic' | 'olga' | 'bess' | 'stranger' | 'foreign', CertificateFiles>;
  const channels: Channel[] = [];

  before(async () => {
    bundle = await bundleWithDoubles();
    suite = new TestSuite(bundle, CONFIG);
    const certificates = join(suite.directory, 'certificates');
    ours = new Authority(certificates, 'ours');
    theirs = new Authority(certificates, 'theirs');
    clients = {
      vic: ours.issue('vic', '/CN=vic'),
      olga: ours.issue('olga', '/CN=olga/OU=ops'),
      bess: ours.issue('bess', '/CN=bess/OU=bosses'),
      stranger: ours.issue('stranger', '/CN=stranger/OU=keepwatch-admin'),
      foreign: theirs.issue('foreign', '/CN=bess/OU=bosses'),
    };
    tlsDir = join(suite.directory, 'tls');
    mkdirSync(tlsDir, { mode: 0o700 });
    install(ours.issue('server', '/CN=router', { names: SERVER_NAMES }));
    copyFileSync(ours.ca, join(tlsDir, 'client-ca.pem'));
    writeFileSync(join(tlsDir, 'roles'), ROLES, { mode: 0o600 });
    await refusedStarts();
    await suite.startReady('--api', '127.0.0.1:0', '--api-tls-dir', tlsDir);
    port = await until('the port is told', () => {
      const [, found] = /"address":"127\.0\.0\.1:(\d+)"[^\n]*control API is served/.exec(suite.log) ?? [];
      return found === undefined ? undefined : Number(found);
    });
  });
  after(async () => {
    for (const channel of channels) channel.close();
    await suite?.clean();
    if (bundle !== undefined) rmSync(bundle, { recursive: true, force: true });
  });

  function install({ cert, key }: CertificateFiles): void {
    copyFileSync(cert, join(tlsDir, 'cert.pem'));
    copyFileSync(key, join(tlsDir, 'key.pem'));
    chmodSync(join(tlsDir, 'key.pem'), 0o600);
  }

  const tlsOf = ({ cert, key }: CertificateFiles): ClientTls => ({
    certificate: readFileSync(cert),
    key: readFileSync(key),
    authorities: readFileSync(ours.ca),
  });

  function client(files: CertificateFiles) {
    const channel = tlsChannel(`127.0.0.1:${port}`, tlsOf(files));
    channels.push(channel);
    return rpcClient(ControlServiceDefinition, channel);
  }

  function localClient() {
    const channel = unixChannel(join(suite.runDir, 'keepwatchd.sock'));
    channels.push(channel);
    return rpcClient(ControlServiceDefinition, channel);
  }

  async function ctl(files: CertificateFiles | undefined, args: string[], ca = ours.ca) {
    const tls = files === undefined ? [] : ['--cert', files.cert, '--key', files.key, '--ca', ca];
    const child = spawn(
      process.execPath,
      [suite.main('keepwatchctl'), '--address', `127.0.0.1:${port}`, ...tls, ...args],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    return { code: await exitOf(child), stdout, stderr };
  }

  const audited = async () => (await localClient().getAudit({ limit: 0, since: undefined })).entries;

  const failsWith = (code: Status, details: RegExp) => (error: unknown) => {
    assert.ok(error instanceof ClientError, String(error));
    assert.equal(Status[error.code], Status[code], error.details);
    assert.match(error.details, details);
    return true;
  };

  /** Starts that must not leave a process behind. */
  async function refusedStarts(): Promise<void> {
    const refused = async (expected: RegExp, address = '127.0.0.1:0'): Promise<void> => {
      const { code, stderr } = await suite.command('keepwatchd', '-n', '--api', address, '--api-tls-dir', tlsDir);
      assert.equal(code, 2, stderr);
      assert.match(stderr, expected);
      assert.ok(STANDING_SERVICES.every((name) => !existsSync(join(suite.runDir, `${name}.pid`))));
    };
    chmodSync(join(tlsDir, 'key.pem'), 0o644);
    await refused(/--api: .*key\.pem is open to everybody; chmod 0600/);
    chmodSync(join(tlsDir, 'key.pem'), 0o600);
    chmodSync(join(tlsDir, 'roles'), 0o666);
    await refused(/--api: .*roles can be changed by others.*chmod go-w/);
    chmodSync(join(tlsDir, 'roles'), 0o600);
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port: used } = taken.address() as { port: number };
    await refused(/--api 127\.0\.0\.1:\d+: the port is in use/, `127.0.0.1:${used}`);
    taken.close();
  }

  test('without a certificate of the right authority nobody speaks', async () => {
    const noCertificate = await ctl(undefined, ['status']);
    assert.equal(noCertificate.code, 2);
    assert.match(noCertificate.stderr, /reached by TLS only: --cert is missing/);
    const foreign = await ctl(clients.foreign, ['status']);
    assert.equal(foreign.code, 3);
    assert.match(foreign.stderr, /does not take this certificate \(--cert\)/);
    const wrongCa = await ctl(clients.vic, ['status'], theirs.ca);
    assert.equal(wrongCa.code, 3);
    assert.match(wrongCa.stderr, /certificate of the server is not trusted: --ca/);

    // No certificate at all, and plain HTTP/2: judged on the wire, by what comes back.
    const answer = (start: (done: (text: string) => void) => void): Promise<string> => new Promise(start);
    const bare = await answer((done) => {
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] });
      socket.on('error', (error) => done(String(error)));
      socket.on('close', () => done('closed'));
      socket.on('data', () => {});
    });
    assert.match(bare, /certificate required|closed|ECONNRESET/i);
    const plain = await answer((done) => {
      const session = connectHttp2(`http://127.0.0.1:${port}`);
      session.on('error', (error) => done(String(error)));
      session.on('close', () => done('closed'));
    });
    assert.match(plain, /error|closed/i);
  });

  test('each role may do its part, and is told what it lacks', async () => {
    assert.match((await ctl(clients.vic, ['status'])).stdout, /VI_1 +BACKUP/);
    const refused = await ctl(clients.vic, ['priority', 'set', 'VI_1', '90']);
    assert.equal(refused.code, 4);
    assert.match(refused.stderr, /GiveOrder needs the role operator; CN=vic serial [0-9A-F]+ has the role viewer/);
    const order = await ctl(clients.olga, ['priority', 'set', 'VI_1', '90', '--ttl', '1m', '--reason', 'try']);
    assert.equal(order.code, 0, order.stderr);
    const { orders } = (await suite.status()) ?? { orders: [] };
    assert.match(orders[0]?.text ?? '', /ordered by CN=olga OU=ops serial [0-9A-F]+ \(as \S+\): try/);

    const denied = (text: RegExp) => failsWith(Status.PERMISSION_DENIED, text);
    await assert.rejects(
      client(clients.stranger).getStatus({}),
      denied(/GetStatus needs the role viewer; CN=stranger .* has none/),
    );
    await assert.rejects(
      client(clients.olga).reload({}),
      denied(/Reload needs the role admin; CN=olga OU=ops serial [0-9A-F]+ has the role operator/),
    );
    await assert.rejects(client(clients.olga).stopSuite({}), denied(/StopSuite needs the role admin/));
    assert.equal((await client(clients.bess).reload({})).accepted, true);
  });

  test('the audit log says who changed what from where, and who was refused; no secrets; 0600', async () => {
    await localClient().revokeOrders({
      ids: [],
      like: Order.fromPartial({ action: { $case: 'setPriority', value: { instance: 'VI_1' } } }),
      by: 'me',
    });
    const tree = { files: ['x'], statements: [], lenient: undefined };
    await client(clients.bess)
      .applyConfig({ tree, source: 'x', confirmWithinMs: 0n })
      .catch(() => undefined);
    const entries = await audited();
    const found = (call: string, who: RegExp, result: string) =>
      entries.find((entry) => entry.call === call && who.test(entry.who) && entry.result === result);
    const order = found('GiveOrder', /^CN=olga/, 'OK');
    assert.match(order?.from ?? '', /^127\.0\.0\.1:\d+$/);
    assert.equal(order?.role, 'operator');
    assert.match(order?.arguments ?? '', /"priority":90/);
    assert.match(order?.detail ?? '', /about vrrp_instance VI_1/);
    assert.ok(found('GiveOrder', /^CN=vic/, 'PERMISSION_DENIED'));
    assert.equal(found('GetStatus', /^CN=stranger/, 'PERMISSION_DENIED')?.role, 'none');
    assert.match(found('Reload', /^CN=bess/, 'OK')?.detail ?? '', /generation \d+ is in force/);
    const local = found('RevokeOrders', /^uid /, 'OK');
    assert.equal(local?.who, `uid ${process.getuid?.()}`);
    assert.equal(local?.from, `unix socket, pid ${process.pid}`);

    const file = join(suite.stateDir, 'audit.jsonl');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.doesNotMatch(readFileSync(file, 'utf8'), /hunter2/);
    const shown = await ctl(clients.vic, ['audit', '--limit', '50']);
    assert.match(shown.stdout, /CN=olga .*operator\) {2}GiveOrder \{.*OK: order/);
    const json = await ctl(clients.vic, ['audit', '--json']);
    assert.equal(GetAuditResponse.fromJSON(JSON.parse(json.stdout)).entries.length, entries.length);
  });

  test('certificates and roles are read again at a reload; one that is broken changes nothing', async () => {
    const serialNow = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const { certificate: cert, key } = tlsOf(clients.vic);
        const socket = connectTls({
          port,
          host: '127.0.0.1',
          ca: readFileSync(ours.ca),
          cert,
          key,
          ALPNProtocols: ['h2'],
        });
        socket.on('error', reject);
        socket.on('secureConnect', () => {
          resolve(socket.getPeerCertificate().serialNumber);
          socket.destroy();
        });
      });
    const before = await serialNow();
    const open = client(clients.olga);
    await open.getStatus({});
    install(ours.issue('renewed', '/CN=router', { names: SERVER_NAMES }));
    writeFileSync(join(tlsDir, 'roles'), `none CN=olga\n${ROLES}`);
    assert.equal((await suite.command('keepwatchctl', 'reload')).code, 0);
    const renewed = await until('the new certificate is shown', async () => {
      const serial = await serialNow();
      return serial === before ? undefined : serial;
    });
    await assert.rejects(open.getStatus({}), failsWith(Status.PERMISSION_DENIED, /CN=olga .* has none/));

    writeFileSync(join(tlsDir, 'roles'), 'boss CN=olga\n');
    process.kill(suite.pid('keepwatchd'), 'SIGHUP');
    await until('it is told', () => /roles line 1: 'boss' is no role/.test(suite.log) || undefined);
    assert.equal(await serialNow(), renewed);
    writeFileSync(join(tlsDir, 'roles'), ROLES);
    process.kill(suite.pid('keepwatchd'), 'SIGHUP');
    await until('she may again', () =>
      open.getStatus({}).then(
        () => true,
        () => undefined,
      ),
    );
    const reload = (await audited()).filter(({ who }) => who === 'signal SIGHUP');
    assert.equal(reload.length, 2);

    const lost = ours.issue('lost', '/CN=vic');
    await client(lost).getStatus({});
    copyFileSync(ours.revoke(lost), join(tlsDir, 'client-crl.pem'));
    assert.equal((await suite.command('keepwatchctl', 'reload')).code, 0);
    await until('it does not count any more', () =>
      client(lost)
        .getStatus({})
        .then(
          () => undefined,
          (error: unknown) => (error instanceof ClientError && error.code === Status.UNAVAILABLE) || undefined,
        ),
    );
    await client(clients.vic).getStatus({});
  });

  for (const [door, perSecond, burst, calls] of [
    ['TCP', 50, 100, 800],
    ['Unix', 100, 200, 1_500],
  ] as const) {
    test(`a client that floods the API over ${door} is answered at the rate, and the suite goes on`, async () => {
      const pids = STANDING_SERVICES.map((name) => suite.pid(name));
      const flooding = Array.from({ length: 4 }, () => (door === 'TCP' ? client(clients.vic) : localClient()));
      const text = new Set<string>();
      const call = async (index: number): Promise<string> => {
        try {
          await flooding[index % 4]?.getHistory({ limit: 1, subject: '', since: undefined }, { deadlineMs: 30_000 });
          return 'answered';
        } catch (error) {
          assert.ok(error instanceof ClientError, String(error));
          text.add(error.details);
          return Status[error.code] ?? '';
        }
      };
      const began = performance.now();
      const flood = Promise.all(Array.from({ length: calls }, (_, index) => call(index)));
      // Somebody else is served meanwhile.
      const asked = performance.now();
      await client(clients.bess).getStatus({}, { deadlineMs: 10_000 });
      const waited = performance.now() - asked;
      const outcomes = await flood;
      const seconds = (performance.now() - began) / 1_000;
      const count = (wanted: string): number => outcomes.filter((outcome) => outcome === wanted).length;
      assert.ok(
        count('answered') >= 10 && count('answered') <= burst + perSecond * seconds + 1,
        `${count('answered')} answered in ${seconds} s`,
      );
      assert.equal(count('answered') + count('RESOURCE_EXHAUSTED'), calls);
      assert.ok(count('RESOURCE_EXHAUSTED') > 0, `all were answered in ${seconds} s`);
      assert.ok(waited < 5_000, `somebody else waited for ${waited} ms`);
      assert.ok(
        [...text].every(
          (line) =>
            line.includes(`${perSecond} a second are answered, ${burst} at once; wait`) ||
            /calls open already/.test(line),
        ),
        [...text].join('\n'),
      );
      assert.deepEqual(
        STANDING_SERVICES.map((name) => suite.pid(name)),
        pids,
      );
      const entries = await until('the flood is over', () => audited().catch(() => undefined));
      const listed = entries.filter(({ result }) => result === 'RESOURCE_EXHAUSTED').length;
      assert.ok(listed > 0 && listed < 60, `${listed} entries`);
    });
  }

  test('too large, too many streams: refused with words; a message too large for its method is not decoded', async () => {
    const control = client(clients.bess);
    const subject = 'x'.repeat(70_000);
    await assert.rejects(
      control.getHistory({ limit: 1, subject, since: undefined }),
      failsWith(Status.RESOURCE_EXHAUSTED, /GetHistory takes 65536/),
    );
    const tree = { files: ['x'.repeat(5_000_000)], statements: [], lenient: undefined };
    await assert.rejects(control.planReload({ tree }), failsWith(Status.RESOURCE_EXHAUSTED, /larger than max/));

    const ending = new AbortController();
    const refusals: string[] = [];
    const watchers = Array.from({ length: 9 }, async () => {
      try {
        for await (const _event of client(clients.bess).watchEvents({}, { signal: ending.signal }));
      } catch (error) {
        if (error instanceof ClientError) refusals.push(error.details);
      }
    });
    await until('one of nine is refused', () => refusals.length > 0 || undefined);
    assert.deepEqual(
      refusals.map((text) => /has 8 streams open already/.test(text)),
      [true],
    );
    ending.abort();
    await Promise.all(watchers);
    await until('the places are free again', async () =>
      (await control.getStatus({})) === undefined ? undefined : true,
    );
  });

  test('a watcher that does not read holds nothing up, and goes on with the newest status', async () => {
    const { certificate: cert, key } = tlsOf(clients.vic);
    const settings = { initialWindowSize: 1_024 };
    const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: readFileSync(ours.ca), cert, key, settings });
    session.on('error', () => {});
    const stream = session.request({
      ':method': 'POST',
      ':path': '/keepwatch.v1.ControlService/WatchStatus',
      'content-type': 'application/grpc+proto',
      te: 'trailers',
    });
    stream.on('error', () => {});
    stream.end(Buffer.from([0, 0, 0, 0, 0]));
    stream.pause();
    const change = async (state: 'BACKUP' | 'MASTER' | 'FAULT', wire: number): Promise<void> => {
      suite.tell('vrrpd', { instance: { name: 'VI_1', state } });
      await suite.untilStatus(state, ({ vrrp }) => vrrp?.instances[0]?.state === wire);
      // As often as a watcher is told.
      await new Promise((resolve) => setTimeout(resolve, 120));
    };
    for (let round = 0; round < 9; round++) {
      await change('MASTER', 3);
      await change('BACKUP', 2);
    }
    await change('FAULT', 4);
    const states: (number | undefined)[] = [];
    let unread = Buffer.alloc(0);
    stream.on('data', (chunk: Buffer) => {
      unread = Buffer.concat([unread, chunk]);
      while (unread.length >= 5 && unread.length >= 5 + unread.readUInt32BE(1)) {
        const { status } = WatchStatusResponse.decode(unread.subarray(5, 5 + unread.readUInt32BE(1)));
        unread = unread.subarray(5 + unread.readUInt32BE(1));
        states.push(status?.vrrp?.instances[0]?.state);
      }
    });
    stream.resume();
    await until('it goes on', () => states.length >= 5 || undefined);
    session.destroy();
    const newest = states.indexOf(4);
    assert.ok(newest >= 0 && newest <= 2, `states seen: ${states}`);
    assert.ok(
      states.slice(newest).every((state) => state === 4),
      `states seen: ${states}`,
    );
  });

  describe('the example clients print the status, follow events and order maintenance', () => {
    const environment = (files: CertificateFiles | undefined): NodeJS.ProcessEnv => ({
      ...process.env,
      KEEPWATCH_PROTO: 'proto',
      ...(files === undefined
        ? { KEEPWATCH_ADDRESS: `unix://${join(suite.runDir, 'keepwatchd.sock')}` }
        : {
            KEEPWATCH_ADDRESS: `localhost:${port}`,
            KEEPWATCH_CERT: files.cert,
            KEEPWATCH_KEY: files.key,
            KEEPWATCH_CA: ours.ca,
          }),
    });
    const judge = (stdout: string, by: RegExp): void => {
      assert.match(stdout, /^Keepwatch \d/m);
      assert.match(stdout, /^service vrrpd SERVICE_HEALTH_READY$/m);
      assert.match(stdout, /^instance VI_1 VRRP_STATE_NAME_/m);
      assert.match(stdout, /^event keepwatchd order-given: all instances stand down/m);
      assert.match(stdout, /^event keepwatchd order-ended: /m);
      assert.match(stdout, by);
    };
    const both = async (file: string, args: readonly string[], client: string): Promise<void> => {
      const start = (files: CertificateFiles | undefined) =>
        run(file, args, { env: environment(files), timeout: 20_000 });
      const local = await start(undefined);
      const remote = await start(clients.olga);
      judge(local.stdout, new RegExp(`^order \\S+: ordered by ${client}: example$`, 'm'));
      judge(
        remote.stdout,
        new RegExp(`^order \\S+: ordered by CN=olga OU=ops serial [0-9A-F]+ \\(as ${client}\\): example$`, 'm'),
      );
      await assert.rejects(start(clients.vic), /GiveOrder needs the role operator/);
    };

    test('TypeScript', async () => {
      await both(process.execPath, ['--import', 'tsx', 'docs/examples/client.ts'], 'client.ts');
    });

    const python = ['/usr/bin/python3', 'python3'].find((interpreter) => {
      try {
        execFileSync(interpreter, ['-c', 'import grpc'], { stdio: 'ignore' });
        return true;
      } catch {
        return false;
      }
    });
    const can = python !== undefined && ['/usr/bin/protoc', '/usr/bin/grpc_python_plugin'].every(existsSync);
    test('Python', { skip: can ? false : 'python3-grpcio or protoc is not installed' }, async () => {
      const stubs = join(suite.directory, 'stubs');
      mkdirSync(stubs);
      const protos = execFileSync('find', ['proto', '-name', '*.proto']).toString().trim().split('\n');
      execFileSync('protoc', [
        '-Iproto',
        `--python_out=${stubs}`,
        `--grpc_python_out=${stubs}`,
        '--plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin',
        ...protos,
      ]);
      process.env.PYTHONPATH = stubs;
      await both(python ?? '', ['docs/examples/client.py'], 'client.py');
    });
  });

  test('a stop through the API is in the audit log of the next start', async () => {
    const { code, stderr } = await ctl(clients.bess, ['stop']);
    assert.equal(code, 0, stderr);
    await until('it is gone', () => (suite.supervisor?.exitCode ?? undefined) !== undefined || undefined);
    assert.match(
      readFileSync(join(suite.stateDir, 'audit.jsonl'), 'utf8'),
      /"who":"CN=bess[^\n]*"call":"StopSuite"[^\n]*"result":"OK"/,
    );
  });
});
