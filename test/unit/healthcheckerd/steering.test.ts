/** What orders of an operator do to pools. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Order } from '../../../services/shared/rpc/generated/keepwatch/v1/order.js';
import { Bench, healthConfig, realServer, refused, virtualServer } from './support.js';

let number = 0;
const order = (action: Order['action'], remainingMs?: number): Order =>
  Order.fromPartial({
    id: `o${number++}`,
    text: 'ordered by root',
    ...(action === undefined ? {} : { action }),
    ...(remainingMs === undefined ? {} : { remainingMs: BigInt(remainingMs) }),
  });
const weight = (server: string, value: number, remainingMs?: number, virtual = ''): Order =>
  order({ $case: 'setWeight', value: { virtualServer: virtual, realServer: server, weight: value } }, remainingMs);
const add = (server: string, port = 0): Order =>
  order({
    $case: 'addServer',
    value: { virtualServer: '10.8.0.1:80', address: server, port, weight: 3 },
  });
const remove = (server: string): Order =>
  order({ $case: 'removeServer', value: { virtualServer: '', realServer: server } });

function running(): Bench {
  const bench = new Bench();
  bench.engine.apply(healthConfig([virtualServer([realServer('10.9.1.1'), realServer('10.9.1.2')])]));
  bench.runUntil(15);
  return bench;
}

test('a drained server stays in the table with weight 0, over reloads, until its time is over', () => {
  const bench = running();
  bench.engine.steer([weight('10.9.1.2', 0, 20_000)]);
  assert.deepEqual(bench.table(), ['10.9.1.1:80 w1', '10.9.1.2:80 w0']);
  const server = bench.engine.state().virtualServers[0]?.realServers[1];
  assert.deepEqual([server?.order, server?.up, server?.configuredWeight], ['ordered by root', true, 1]);
  bench.engine.apply(healthConfig([virtualServer([realServer('10.9.1.1'), realServer('10.9.1.2')])]));
  assert.deepEqual(bench.table(), ['10.9.1.1:80 w1', '10.9.1.2:80 w0']);
  bench.runUntil(34);
  assert.deepEqual(bench.table(), ['10.9.1.1:80 w1', '10.9.1.2:80 w0']);
  bench.runUntil(36);
  assert.deepEqual(bench.table(), ['10.9.1.1:80 w1', '10.9.1.2:80 w1']);
});

test('checks go on under an order, and a dead server leaves all the same', () => {
  const bench = running();
  bench.engine.steer([weight('[10.9.1.2]:tcp:80', 7)]);
  assert.deepEqual(bench.table(), ['10.9.1.1:80 w1', '10.9.1.2:80 w7']);
  bench.prober.answers.set('10.9.1.2:80', refused);
  bench.runUntil(40);
  assert.deepEqual(bench.table(), ['10.9.1.1:80 w1']);
});

test('an order that comes before the configuration counts from its first moment', () => {
  const bench = new Bench();
  bench.engine.steer([weight('10.9.1.2', 0)]);
  bench.engine.apply(healthConfig([virtualServer([realServer('10.9.1.1'), realServer('10.9.1.2')])]));
  assert.deepEqual(bench.table(), ['10.9.1.1:80 w1', '10.9.1.2:80 w0']);
});

test('an added server is checked as its siblings are; taking the order back takes it out', () => {
  const bench = running();
  const wanted = add('10.9.1.3');
  bench.engine.steer([wanted]);
  assert.deepEqual(bench.table(), ['10.9.1.1:80 w1', '10.9.1.2:80 w1', '10.9.1.3:80 w3']);
  bench.prober.answers.set('10.9.1.3:80', refused);
  bench.runUntil(40);
  assert.deepEqual(bench.table(), ['10.9.1.1:80 w1', '10.9.1.2:80 w1']);
  bench.prober.answers.clear();
  bench.runUntil(60);
  bench.engine.steer([wanted, weight('10.9.1.3', 5)]);
  assert.deepEqual(bench.table(), ['10.9.1.1:80 w1', '10.9.1.2:80 w1', '10.9.1.3:80 w5']);
  bench.engine.steer([]);
  assert.deepEqual(bench.table(), ['10.9.1.1:80 w1', '10.9.1.2:80 w1']);
});

test('a removed server leaves at once; the last one of a pool does not', () => {
  const bench = running();
  bench.engine.steer([remove('10.9.1.1:80')]);
  assert.deepEqual(bench.table(), ['10.9.1.2:80 w1']);
  bench.engine.steer([remove('10.9.1.1:80'), remove('10.9.1.2')]);
  assert.deepEqual(bench.table(), ['10.9.1.2:80 w1']);
  bench.engine.steer([]);
  assert.deepEqual(bench.table(), ['10.9.1.1:80 w1', '10.9.1.2:80 w1']);
});

test('orders of other pools, for unknown servers and told twice change nothing', () => {
  const bench = running();
  const orders = [weight('10.9.1.1', 0, undefined, '10.8.0.9:80'), weight('10.9.9.9', 0), weight('10.9.1.1:81', 0)];
  bench.engine.steer(orders);
  assert.deepEqual(bench.table(), ['10.9.1.1:80 w1', '10.9.1.2:80 w1']);
  const before = bench.reports.length;
  bench.engine.steer(orders);
  assert.equal(bench.reports.length, before);
});
