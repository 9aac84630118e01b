/** Every socket speaks plain gRPC: judged by clients that share no code with us. */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { rpcClient, unixChannel } from '../../services/shared/rpc/client.js';
import { describeRpcError, isTimeout } from '../../services/shared/rpc/errors.js';
import { LifecycleServiceDefinition } from '../../services/shared/rpc/generated/keepwatch/v1/lifecycle.js';
import { bundleWithDoubles, exitOf, STANDING_SERVICES, TestSuite, until } from './support/suite.js';

const run = promisify(execFile);
const BUF = 'node_modules/@bufbuild/buf/bin/buf';
let bundle: string;
let suite: TestSuite;

before(async () => {
  bundle = await bundleWithDoubles();
  mkdirSync(join(bundle, 'proto'));
  execFileSync(BUF, ['build', '-o', join(bundle, 'proto/keepwatch.binpb')]);
  suite = new TestSuite(bundle, 'vrrp_instance VI_1 {\n}\nvirtual_server 10.0.0.2 5 {\n}\n');
  await suite.startReady();
});
after(async () => {
  await suite.clean();
  rmSync(bundle, { recursive: true, force: true });
});

const socket = (name: string): string => join(suite.runDir, `${name}.sock`);

async function bufCurl(name: string, method: string, data = '{}'): Promise<unknown> {
  const args = ['curl', '--unix-socket', socket(name), '--protocol', 'grpc', '--http2-prior-knowledge'];
  const { stdout } = await run(BUF, [...args, '-d', data, `http://localhost/${method}`]);
  return JSON.parse(stdout);
}

for (const name of STANDING_SERVICES) {
  test(`buf curl finds ${name} by reflection, reads its description and health`, async () => {
    const description = (await bufCurl(name, 'keepwatch.v1.LifecycleService/Describe')) as {
      origin: { service: string; generation: string };
      pid: number;
    };
    assert.equal(description.origin.service, name);
    assert.equal(description.origin.generation, '1');
    assert.equal(description.pid, suite.pid(name));
    assert.deepEqual(await bufCurl(name, 'grpc.health.v1.Health/Check'), { status: 'SERVING' });
    const lifecycle = '{"service":"keepwatch.v1.LifecycleService"}';
    assert.deepEqual(await bufCurl(name, 'grpc.health.v1.Health/Check', lifecycle), { status: 'SERVING' });
  });
}

test('buf curl asks the control API, and unknown health services are not found', async () => {
  const { status } = (await bufCurl('keepwatchd', 'keepwatch.v1.ControlService/GetStatus')) as {
    status: { services: { name: string; health: string }[] };
  };
  assert.deepEqual(
    status.services.map(({ name, health }) => [name, health]),
    STANDING_SERVICES.map((name) => [name, 'SERVICE_HEALTH_READY']),
  );
  await assert.rejects(bufCurl('keepwatchd', 'grpc.health.v1.Health/Check', '{"service":"nobody"}'), /not_found/);
});

/** Debian's own Python has its packages; another one may come first in PATH. */
const python = ['/usr/bin/python3', 'python3'].find(hasGrpcio);
const canPython = python !== undefined && ['/usr/bin/protoc', '/usr/bin/grpc_python_plugin'].every(existsSync);

test('python3-grpcio describes, checks health and lists by the older reflection name', {
  skip: canPython ? false : 'python3-grpcio or protoc is not installed',
}, async () => {
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
  const script = join(suite.directory, 'client.py');
  writeFileSync(
    script,
    `
import sys, json, grpc
sys.path.insert(0, ${JSON.stringify(stubs)})
from keepwatch.v1 import lifecycle_pb2, lifecycle_pb2_grpc
result = {}
for name in ${JSON.stringify(STANDING_SERVICES)}:
    with grpc.insecure_channel("unix:${suite.runDir}/" + name + ".sock") as channel:
        stub = lifecycle_pb2_grpc.LifecycleServiceStub(channel)
        described = stub.Describe(lifecycle_pb2.DescribeRequest(), timeout=5)
        first = next(iter(stub.Watch(lifecycle_pb2.WatchRequest(), timeout=5)))
        raw = lambda data: data
        health = channel.unary_unary("/grpc.health.v1.Health/Check", request_serializer=raw, response_deserializer=raw)(b"", timeout=5)
        reflect = channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", request_serializer=raw, response_deserializer=raw)
        listed = next(reflect(iter([b"\\x3a\\x01*"]), timeout=10))
        result[name] = [described.origin.service, described.pid, first.WhichOneof("body"), health.hex(), b"keepwatch.v1.LifecycleService" in listed]
print(json.dumps(result))
`,
  );
  const { stdout } = await run(python ?? '', [script]);
  assert.deepEqual(
    JSON.parse(stdout),
    Object.fromEntries(STANDING_SERVICES.map((name) => [name, [name, suite.pid(name), 'state', '0801', true]])),
  );
});

test('a call to a process that does not answer ends with its deadline', async () => {
  process.kill(suite.pid('notifierd'), 'SIGSTOP');
  const channel = unixChannel(socket('notifierd'));
  const began = Date.now();
  try {
    await assert.rejects(rpcClient(LifecycleServiceDefinition, channel).describe({}, { deadlineMs: 300 }), (error) => {
      assert.ok(isTimeout(error), describeRpcError(error));
      return true;
    });
    assert.ok(Date.now() - began < 2_000);
  } finally {
    channel.close();
    process.kill(suite.pid('notifierd'), 'SIGCONT');
  }
});

test('a watch that nothing interrupts hears a heartbeat at least every second', async () => {
  const channel = unixChannel(socket('ipvsd'));
  const ending = new AbortController();
  const gaps: number[] = [];
  let last = Date.now();
  try {
    for await (const { body } of rpcClient(LifecycleServiceDefinition, channel).watch({}, { signal: ending.signal })) {
      if (body?.$case === 'heartbeat') gaps.push(Date.now() - last);
      last = Date.now();
      if (gaps.length === 3) break;
    }
  } finally {
    ending.abort();
    channel.close();
  }
  assert.ok(
    gaps.every((gap) => gap >= 450 && gap < 1_500),
    String(gaps),
  );
});

test('a socket that a dead process left is replaced, one that is served is not, a path too long is told', async () => {
  const other = new TestSuite(bundle, '');
  const start = (runDir: string) =>
    spawn(process.execPath, [other.main('ipvsd'), '--run-dir', runDir, '--state-dir', other.stateDir], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  const stderrOf = async (child: ReturnType<typeof start>): Promise<string> => {
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    assert.equal(await exitOf(child), 2);
    return text;
  };
  try {
    const path = join(other.runDir, 'ipvsd.sock');
    const first = start(other.runDir);
    await until('the first serves', () => existsSync(join(other.runDir, 'ipvsd.pid')) || undefined);
    first.kill('SIGKILL');
    await exitOf(first);
    assert.ok(existsSync(path), 'the dead process left its socket');
    const left = statSync(path).ino;
    const second = start(other.runDir);
    await until('the second has replaced it', () => statSync(path).ino !== left || undefined);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.match(await stderrOf(start(other.runDir)), /another process is serving this socket/);
    assert.equal(second.exitCode, null, 'the second was not disturbed');
    second.kill('SIGTERM');
    assert.equal(await exitOf(second), 0);
    assert.ok(!existsSync(path));
    assert.match(await stderrOf(start(join(other.runDir, 'x'.repeat(100)))), /choose a shorter --run-dir/);
  } finally {
    await other.clean();
  }
});

test('a server that accepts and says nothing does not hang a client', async () => {
  const path = join(suite.directory, 'mute.sock');
  const mute = createServer(() => {});
  await new Promise<void>((resolve) => mute.listen(path, resolve));
  const channel = unixChannel(path);
  try {
    await assert.rejects(rpcClient(LifecycleServiceDefinition, channel).describe({}, { deadlineMs: 300 }), isTimeout);
  } finally {
    channel.close();
    mute.close();
  }
});

function hasGrpcio(interpreter: string): boolean {
  try {
    execFileSync(interpreter, ['-c', 'import grpc'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
