/** The way to a collector that takes, refuses, is away, or comes back. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Logger } from '../../../../services/shared/log/logger.js';
import type { Span } from '../../../../services/supervisor/tracing/span.js';
import { SpanExporter } from '../../../../services/supervisor/tracing/spanExporter.js';

const span: Span = {
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  service: 'x',
  name: 'n',
  kind: 'internal',
  startNs: 1n,
  endNs: 2n,
  attributes: {},
};

/** A collector that answers as told, and what it was sent. */
async function collector(context: TestContext, answers: readonly number[]) {
  const counts: number[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      const { resourceSpans } = JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: object[] }[] }[] };
      counts.push(resourceSpans[0]?.scopeSpans[0]?.spans.length ?? 0);
      response.writeHead(answers[Math.min(counts.length, answers.length) - 1] ?? 200).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const logged: string[] = [];
  const note = (_fields: object, text: string) => logged.push(text);
  const logger = { info: note, warn: note } as unknown as Logger;
  const { port } = server.address() as AddressInfo;
  const url = new URL(`http://127.0.0.1:${port}/v1/traces`);
  const exporter = new SpanExporter({ url, source: { version: '1', host: 'h' }, logger });
  return { exporter, counts, logged, server };
}

const until = async (what: string, probe: () => boolean): Promise<void> => {
  for (const deadline = Date.now() + 10_000; !probe(); ) {
    assert.ok(Date.now() < deadline, what);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

test('what waits goes together, and at the end at once', async (context) => {
  const { exporter, counts } = await collector(context, [200]);
  for (let count = 0; count < 600; count++) exporter.add(span);
  await until('a batch', () => counts.length === 1);
  await until('it is counted', () => exporter.counts.exported === 512);
  exporter.add(span);
  await exporter.close();
  assert.deepEqual(counts, [512, 89]);
  assert.deepEqual(exporter.counts, { exported: 601, dropped: 0 });
});

test('busy: the same again later, said once; refused: dropped and counted', async (context) => {
  const { exporter, counts, logged } = await collector(context, [503, 200, 400]);
  exporter.add(span);
  await until('it is tried again', () => exporter.counts.exported === 1);
  exporter.add(span);
  await until('it is dropped', () => exporter.counts.dropped === 1);
  assert.deepEqual(counts, [1, 1, 1]);
  assert.deepEqual(logged, [
    'the collector takes no traces',
    'the collector takes traces again',
    'the collector takes no traces',
    'steps of traces were dropped',
  ]);
  await exporter.close();
});

test('a collector that is away: what does not fit is counted, nothing grows, and the end does not wait', async (context) => {
  const { exporter, server, logged } = await collector(context, []);
  await new Promise((resolve) => server.close(resolve));
  for (let count = 0; count < 3_000; count++) exporter.add(span);
  assert.deepEqual(exporter.counts, { exported: 0, dropped: 952 });
  await until('it was tried', () => logged.includes('the collector takes no traces'));
  assert.deepEqual(exporter.counts, { exported: 0, dropped: 952 }, 'the batch is back in the queue');
  const began = performance.now();
  await exporter.close();
  assert.ok(performance.now() - began < 500);
  assert.equal(logged.filter((line) => line === 'steps of traces were dropped').length, 1, 'said once');
});
