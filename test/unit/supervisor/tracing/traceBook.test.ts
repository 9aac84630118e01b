/** Which steps make a trace, whose child each is, and when the trace is whole. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Origin } from '../../../../services/shared/rpc/generated/keepwatch/v1/common.js';
import { HealthEvent } from '../../../../services/shared/rpc/generated/keepwatch/v1/health.js';
import type { ServiceEvent } from '../../../../services/shared/rpc/generated/keepwatch/v1/lifecycle.js';
import { Notification, NotifyResult } from '../../../../services/shared/rpc/generated/keepwatch/v1/notify.js';
import { instant, seconds } from '../../../../services/shared/time/duration.js';
import { parseOtlpEndpoint } from '../../../../services/supervisor/tracing/otlpEndpoint.js';
import { otlpJson } from '../../../../services/supervisor/tracing/otlpJson.js';
import type { Span } from '../../../../services/supervisor/tracing/span.js';
import { nanos, TraceBook } from '../../../../services/supervisor/tracing/traceBook.js';

const AT = new Date('2026-01-01T00:00:10.000Z');
const later = (ms: number): Date => new Date(AT.getTime() + ms);
const time = (fromMs: number, toMs: number) => ({ startNs: nanos(later(fromMs)), endNs: nanos(later(toMs)) });
const now = instant(seconds(1));
const done = { operations: 2, errors: [] };

const origin = (sequence: bigint, service = 'healthcheckerd', incarnation = 'a') =>
  Origin.fromPartial({ service, incarnation, sequence, generation: 3n, at: AT });

/** A server that went down after a check of 40 ms, with so many scripts to tell. */
function down(sequence: bigint, scripts = 1, desired = 1): ServiceEvent {
  const checker = { checked: true, lastDurationUs: 40_000n, lastCheckedAt: AT, failuresInRow: 3 };
  return {
    event: {
      $case: 'health',
      value: HealthEvent.fromPartial({
        transition: { virtualServer: 'V', realServer: 'R', up: false, cause: 'refused', at: AT },
        virtualServers: [
          {
            name: 'V',
            realServers: [
              {
                name: 'R',
                checkers: [
                  { ...checker, kind: 'HTTP_GET', target: 'r:80', up: true, lastCheckedAt: later(5) },
                  { ...checker, kind: 'TCP_CHECK', target: 'r:80', up: false, lastError: 'refused' },
                ],
              },
            ],
          },
        ],
        desired: Array.from({ length: desired }, () => ({})),
      }),
    },
    notifications:
      scripts === 0
        ? []
        : [Notification.fromPartial({ id: id(sequence), scripts: Array.from({ length: scripts }, () => ({})) })],
  };
}
const id = (sequence: bigint) => ({ service: 'healthcheckerd', incarnation: 'a', sequence, index: 0 });
const result = (sequence: bigint, kind: string, ok: boolean, atMs: number): ServiceEvent => ({
  event: {
    $case: 'notify',
    value: {
      result: NotifyResult.fromPartial({
        id: id(sequence),
        kind,
        what: '/x',
        ok,
        detail: ok ? '' : 'exit 1',
        durationMs: 30,
        at: later(atMs),
      }),
    },
  },
  notifications: [],
});

function book() {
  const spans: Span[] = [];
  let next = 0;
  const traces = new TraceBook(
    (bytes) => String(++next).padStart(bytes * 2, '0'),
    (span) => spans.push(span),
  );
  const told = (): string[] =>
    spans.map(({ name, parentSpanId, startNs, endNs, error }) => {
      const parent = spans.find((other) => other.spanId === parentSpanId);
      const ms = (ns: bigint): number => Number(ns - nanos(AT)) / 1e6;
      return `${name} < ${parentSpanId === undefined ? 'nothing' : (parent?.name ?? 'root')} ${ms(startNs)}..${ms(endNs)}${error === undefined ? '' : ` !${error}`}`;
    });
  return { traces, spans, told };
}

test('check, verdict, table, delivery and script: one trace, each step below its parent, the root last and around all', () => {
  const { traces, spans, told } = book();
  traces.event(origin(1n), down(1n), now);
  const about = traces.takeUnapplied();
  assert.equal(about.length, 1);
  traces.applied(about, time(1, 4), done);
  traces.delivered([{ id: id(1n) }], time(1, 6));
  assert.equal(
    spans.some(({ parentSpanId }) => parentSpanId === undefined),
    false,
    'the script is still to come',
  );
  traces.event(origin(1n, 'notifierd'), result(1n, 'script', false, 50), now);
  assert.deepEqual(told(), [
    'check TCP_CHECK r:80 < real_server R DOWN -40..0 !refused',
    'keepwatch.v1.IpvsService/Apply < real_server R DOWN 1..4',
    'keepwatch.v1.NotifyService/Deliver < real_server R DOWN 1..6',
    'script /x < keepwatch.v1.NotifyService/Deliver 20..50 !exit 1',
    'real_server R DOWN < nothing -40..50',
  ]);
  assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 1);
  assert.equal(new Set(spans.map(({ spanId }) => spanId)).size, spans.length);
  assert.equal(spans.find(({ name }) => name.endsWith('Apply'))?.attributes['keepwatch.ipvs.operations'], 2);
  traces.event(origin(2n, 'notifierd'), result(1n, 'mail', true, 9_000), now);
  assert.equal(
    told().at(-1),
    'mail < keepwatch.v1.NotifyService/Deliver 8970..9000',
    'what comes late still belongs to it',
  );
});

test('an event that is sent again begins nothing; one of a successor does', () => {
  const { traces } = book();
  for (const incarnation of ['a', 'a', 'b']) traces.event(origin(1n, 'healthcheckerd', incarnation), down(1n), now);
  assert.equal(traces.takeUnapplied().length, 2);
});

test('an Apply that fails is a step with its error, and the next one is about the same and the new ones', () => {
  const { traces, told } = book();
  traces.event(origin(1n), down(1n, 0), now);
  const about = traces.takeUnapplied();
  traces.event(origin(2n), down(2n, 0), now);
  traces.applied(about, time(1, 2), new Error('unavailable'));
  const again = traces.takeUnapplied();
  assert.equal(again.length, 2);
  traces.applied(again, time(3, 4), done);
  const all = told();
  assert.equal(all.filter((line) => line.includes('Apply') && line.endsWith('1..2 !unavailable')).length, 1);
  assert.equal(all.filter((line) => line.includes('Apply') && line.endsWith('3..4')).length, 2);
  assert.equal(all.filter((line) => line.includes('< nothing')).length, 2);
});

test('nothing to do: the trace is whole at once; nothing heard: it is told as far as it came', () => {
  const { traces, spans } = book();
  traces.event(origin(1n), down(1n, 0, 0), now);
  assert.equal(spans.length, 2);
  traces.event(origin(2n), down(2n), now);
  traces.expire(instant(seconds(120)));
  assert.equal(spans.length, 3);
  traces.expire(instant(seconds(121)));
  assert.equal(spans.at(-1)?.attributes['keepwatch.incomplete'], true);
  assert.deepEqual(traces.takeUnapplied(), []);
});

test('memory is bounded: of a thousand traces that never end the oldest are told as they are', () => {
  const { traces, spans } = book();
  for (let sequence = 1n; sequence <= 1_000n; sequence++) traces.event(origin(sequence), down(sequence), now);
  assert.equal(spans.filter(({ attributes }) => attributes['keepwatch.incomplete'] === true).length, 488);
  assert.equal(traces.takeUnapplied().length, 512);
});

test('JSON as OTLP wants it', () => {
  const span: Span = {
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    parentSpanId: 'c'.repeat(16),
    service: 'ipvsd',
    name: 'n',
    kind: 'client',
    startNs: 1_767_225_600_000_000_001n,
    endNs: 1_767_225_600_000_000_002n,
    attributes: { text: 'x', yes: true, whole: 3, half: 0.5 },
    error: 'no',
  };
  const { parentSpanId: _none, error: _good, ...root } = span;
  const json = JSON.parse(
    JSON.stringify(otlpJson([span, { ...root, service: 'notifierd' }], { version: '1', host: 'h' })),
  );
  const [first, second] = json.resourceSpans;
  assert.deepEqual(first.resource.attributes[0], { key: 'service.name', value: { stringValue: 'ipvsd' } });
  assert.deepEqual(first.scopeSpans[0].spans, [
    {
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      parentSpanId: 'c'.repeat(16),
      name: 'n',
      kind: 3,
      startTimeUnixNano: '1767225600000000001',
      endTimeUnixNano: '1767225600000000002',
      attributes: [
        { key: 'text', value: { stringValue: 'x' } },
        { key: 'yes', value: { boolValue: true } },
        { key: 'whole', value: { intValue: '3' } },
        { key: 'half', value: { doubleValue: 0.5 } },
      ],
      status: { code: 2, message: 'no' },
    },
  ]);
  assert.equal('parentSpanId' in second.scopeSpans[0].spans[0], false);
  assert.equal('status' in second.scopeSpans[0].spans[0], false);
});

test('an endpoint is a URL that only whoever may see the command line needs to know', () => {
  assert.equal(parseOtlpEndpoint('http://127.0.0.1:4318').href, 'http://127.0.0.1:4318/v1/traces');
  assert.equal(parseOtlpEndpoint('https://c.example/otlp/').href, 'https://c.example/otlp/v1/traces');
  for (const [text, expected] of [
    ['127.0.0.1:4318', /no URL|only http and https/],
    ['ftp://x', /only http and https/],
    ['http://u:p@x', /read by everybody/],
    ['http://x?y', /query/],
  ] as const) {
    assert.throws(() => parseOtlpEndpoint(text), expected, text);
  }
});
