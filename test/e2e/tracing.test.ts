/** A server dies: one trace from its failed check to the change of the table and the end of the script, as a collector gets it. */
import assert from 'node:assert/strict';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { bundleWithDoubles, TestSuite, until } from './support/suite.js';

interface JsonSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly status?: { readonly code: number; readonly message: string };
  readonly service: string;
}

let bundle: string;
let suite: TestSuite;
const received: JsonSpan[] = [];
const requests = new Set<string>();
const collector = createHttpServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => {
    body += chunk.toString();
  });
  request.on('end', () => {
    requests.add(`${request.method} ${request.url} ${request.headers['content-type']}`);
    for (const { resource, scopeSpans } of JSON.parse(body).resourceSpans) {
      const service = resource.attributes.find(({ key }: { key: string }) => key === 'service.name').value.stringValue;
      for (const { spans } of scopeSpans) received.push(...spans.map((span: object) => ({ ...span, service })));
    }
    response.end('{}');
  });
});

before(async () => {
  bundle = await bundleWithDoubles(['healthcheckerd', 'notifierd']);
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
});
after(async () => {
  await suite?.clean();
  collector.close();
  rmSync(bundle, { recursive: true, force: true });
});

test('check, table, delivery and script are one trace', async () => {
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.11', resolve));
  const { port } = server.address() as AddressInfo;
  suite = new TestSuite(bundle, '');
  const script = join(suite.directory, 'note');
  writeFileSync(script, '#!/bin/sh\nsleep 0.3\nexit 3\n');
  chmodSync(script, 0o755);
  suite.writeConfig(`global_defs {
  script_user ${userInfo().username}
}
virtual_server 192.0.2.1 80 {
  delay_loop 1
  lb_algo rr
  lb_kind NAT
  protocol TCP
  real_server 127.0.0.11 ${port} {
    notify_down "${script} down"
    TCP_CHECK {
      connect_timeout 1
      retry 1
      delay_before_retry 0.2
    }
  }
}
`);
  const { port: at } = collector.address() as AddressInfo;
  await suite.startReady('-C', '--otlp-endpoint', `http://127.0.0.1:${at}`);
  await suite.untilStatus('it is up', ({ health }) => health?.virtualServers[0]?.realServers[0]?.up === true);
  await until('it was checked', async () =>
    (await suite.status())?.health?.virtualServers[0]?.realServers[0]?.checkers[0]?.checked === true ? true : undefined,
  );
  const before = BigInt(Date.now()) * 1_000_000n;
  await new Promise((resolve) => server.close(resolve));

  const isRoot = ({ parentSpanId, name }: JsonSpan): boolean =>
    parentSpanId === undefined && /^real_server .* DOWN$/.test(name);
  const root = await until(
    'the trace is told',
    () => received.find(isRoot),
    () => suite.log,
  );
  const trace = received.filter(({ traceId }) => traceId === root.traceId);
  const named = (pattern: RegExp): JsonSpan =>
    trace.find(({ name }) => pattern.test(name)) ?? assert.fail(JSON.stringify(trace));
  const check = named(/^check TCP_CHECK /);
  const apply = named(/IpvsService\/Apply$/);
  const deliver = named(/NotifyService\/Deliver$/);
  const told = named(/^script /);
  assert.equal(root.name, `real_server [127.0.0.11]:tcp:${port} DOWN`);
  assert.deepEqual(
    [root, check, apply, deliver, told].map(({ service }) => service),
    ['healthcheckerd', 'healthcheckerd', 'keepwatchd', 'keepwatchd', 'notifierd'],
  );
  assert.deepEqual(
    [check, apply, deliver, told].map(({ parentSpanId }) => parentSpanId),
    [root.spanId, root.spanId, root.spanId, deliver.spanId],
  );
  for (const { traceId, spanId, kind } of trace) {
    assert.match(traceId, /^(?!0+$)[0-9a-f]{32}$/);
    assert.match(spanId, /^(?!0+$)[0-9a-f]{16}$/);
    assert.ok(kind === 1 || kind === 3);
  }
  const start = (span: JsonSpan): bigint => BigInt(span.startTimeUnixNano);
  const end = (span: JsonSpan): bigint => BigInt(span.endTimeUnixNano);
  // Times are told in milliseconds by the services.
  const slack = 3_000_000n;
  assert.ok(
    start(check) >= before - 2_000_000_000n && end(check) <= start(apply) + slack,
    'the table changes after the check',
  );
  assert.ok(start(root) <= start(check) && end(root) >= end(told), 'the root is around all');
  assert.ok(start(told) + slack >= start(deliver), 'the script runs after notifierd has it');
  assert.ok(end(told) - start(told) >= 280_000_000n, 'the script took its time');
  for (const span of trace) assert.ok(end(span) >= start(span), span.name);
  assert.match(check.status?.message ?? '', /refused/i);
  assert.deepEqual(told.status, { code: 2, message: 'exit 3' });
  assert.deepEqual(apply.attributes.find(({ key }) => key === 'keepwatch.ipvs.operations')?.value, { intValue: '1' });
  assert.deepEqual([...requests], ['POST /v1/traces application/json']);
  const status = await suite.untilStatus(
    'it is counted',
    ({ tracing }) => (tracing?.exported ?? 0n) >= BigInt(trace.length),
  );
  assert.equal(status.tracing?.dropped, 0n);
});
