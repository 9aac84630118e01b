import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { silentLogger } from '../../../services/shared/log/logger.js';
import { HealthState } from '../../../services/shared/rpc/generated/keepwatch/v1/health.js';
import type { Order } from '../../../services/shared/rpc/generated/keepwatch/v1/order.js';
import { VrrpState } from '../../../services/shared/rpc/generated/keepwatch/v1/vrrp.js';
import { namedByText, namesServer } from '../../../services/shared/rpc/serverPattern.js';
import { FakeClock } from '../../../services/shared/time/clock.js';
import { seconds } from '../../../services/shared/time/duration.js';
import { OrderBook } from '../../../services/supervisor/orderBook.js';
import { checkOrder } from '../../../services/supervisor/orderSubjects.js';

const directory = mkdtempSync(join(tmpdir(), 'keepwatch-orders-'));
const file = join(directory, 'orders.json');
after(() => rmSync(directory, { recursive: true, force: true }));
beforeEach(() => rmSync(file, { force: true }));

const priority = (instance: string, value: number): Pick<Order, 'action' | 'text'> => ({
  action: { $case: 'setPriority', value: { instance, priority: value } },
  text: 'ordered by root',
});
const texts = (book: OrderBook): string[] =>
  book.all.map(({ action }) =>
    action?.$case === 'setPriority' ? `${action.value.instance} ${action.value.priority}` : '',
  );

test('an order takes the place of one about the same thing, survives a restart and ends in time', () => {
  const clock = new FakeClock();
  const book = new OrderBook(directory, clock, silentLogger());
  book.give(priority('VI_1', 200), 60_000);
  book.give(priority('VI_2', 7), undefined);
  book.give(priority('VI_1', 50), 60_000);
  assert.deepEqual(texts(book), ['VI_2 7', 'VI_1 50']);
  assert.equal(statSync(file).mode & 0o777, 0o600);

  clock.advance(seconds(20));
  const next = new OrderBook(directory, clock, silentLogger());
  assert.deepEqual(texts(next), ['VI_2 7', 'VI_1 50']);
  assert.equal(next.all[0]?.remainingMs, undefined);
  assert.equal(next.all[1]?.remainingMs, 40_000n);
  assert.deepEqual(next.expire(), []);
  clock.advance(seconds(41));
  assert.equal(next.expire().length, 1);
  assert.deepEqual(texts(next), ['VI_2 7']);
  assert.equal(next.revoke(({ id }) => id === next.all[0]?.id).length, 1);
  assert.equal(readFileSync(file, 'utf8'), '[]');
});

test('a file that cannot be read is no reason not to start', () => {
  writeFileSync(file, '{');
  assert.deepEqual(new OrderBook(directory, new FakeClock(), silentLogger()).all, []);
});

const mirror = {
  vrrp: VrrpState.fromPartial({
    instances: [
      { name: 'VI_1', basePriority: 100 },
      { name: 'VI_O', basePriority: 255 },
    ],
  }),
  health: HealthState.fromPartial({
    virtualServers: [
      {
        name: '[10.0.0.1]:tcp:80',
        realServers: [
          { name: '[10.0.0.2]:tcp:80', address: '10.0.0.2', port: 80 },
          { name: '[10.0.0.3]:tcp:80', address: '10.0.0.3', port: 80 },
        ],
      },
      { name: 'FWM 42', realServers: [{ name: '[10.0.0.2]:none:0', address: '10.0.0.2', port: 0 }] },
    ],
  }),
};

test('what an order concerns, or why it cannot be given', () => {
  const weight = (realServer: string, value = 0, virtualServer = ''): Order['action'] => ({
    $case: 'setWeight',
    value: { virtualServer, realServer, weight: value },
  });
  const remove = (realServer: string): Order['action'] => ({
    $case: 'removeServer',
    value: { virtualServer: '', realServer },
  });
  const add = (virtualServer: string, address: string): Order['action'] => ({
    $case: 'addServer',
    value: { virtualServer, address, port: 80, weight: 1 },
  });
  const cases: [Order['action'], RegExp][] = [
    [priority('VI_1', 200).action, /^vrrp_instance VI_1$/],
    [priority('VI_1', 0).action, /from 1 to 254/],
    [priority('VI_1', 255).action, /from 1 to 254/],
    [priority('VI_9', 7).action, /no VRRP instance 'VI_9'; there are VI_1, VI_O/],
    [{ $case: 'standDown', value: { instance: 'VI_1' } }, /^vrrp_instance VI_1$/],
    [{ $case: 'standDown', value: { instance: '' } }, /VI_O owns its addresses/],
    [weight('10.0.0.2'), /^real_server \[10.0.0.2\]:tcp:80 of \[10.0.0.1\]:tcp:80, real_server .* of FWM 42$/],
    [weight('10.0.0.2:80'), /^real_server \[10.0.0.2\]:tcp:80 of \[10.0.0.1\]:tcp:80$/],
    [weight('10.0.0.2', 0, 'FWM 42'), /^real_server \[10.0.0.2\]:none:0 of FWM 42$/],
    [weight('10.0.0.2', 70_000), /from 0 to 65535/],
    [weight('10.0.0.9'), /no real server '10.0.0.9'; there are \[10.0.0.2\]/],
    [weight('10.0.0.2', 0, '10.0.0.9:80'), /no virtual server '10.0.0.9:80'/],
    [remove('10.0.0.3'), /^real_server \[10.0.0.3\]/],
    [remove('10.0.0.2'), /the last real server of FWM 42: drain it instead/],
    [add('10.0.0.1:80', '10.0.0.7'), /^virtual_server \[10.0.0.1\]:tcp:80$/],
    [add('10.0.0.1:80', 'x'), /'x' is no IP address/],
    [undefined, /says nothing/],
  ];
  for (const [action, wanted] of cases) {
    const check = checkOrder(action, mirror);
    assert.match('problem' in check ? check.problem : check.subjects.join(', '), wanted, JSON.stringify(action));
  }
});

test('how servers are named', () => {
  const v6 = { name: '[fd00::2]:tcp:80', address: 'fd00::2', port: 80 };
  for (const pattern of ['[fd00::2]:tcp:80', 'fd00::2', '[fd00::2]:80', 'fd00:0::2'])
    assert.ok(namesServer(pattern, v6), pattern);
  for (const pattern of ['fd00::3', '[fd00::2]:81', '', 'fd00', 'x']) assert.ok(!namesServer(pattern, v6), pattern);
  assert.ok(namesServer('FWM 42', namedByText('FWM 42')));
  assert.ok(!namesServer('42', namedByText('FWM 42')));
});
