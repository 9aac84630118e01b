import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../../../services/shared/log/logger.js';
import { EventLog } from '../../../../services/shared/rpc/eventLog.js';
import type { ServiceEvent } from '../../../../services/shared/rpc/generated/keepwatch/v1/lifecycle.js';
import { Notification } from '../../../../services/shared/rpc/generated/keepwatch/v1/notify.js';
import { Mailbox } from '../../../../services/shared/rpc/mailbox.js';
import { FakeClock } from '../../../../services/shared/time/clock.js';

const eventLog = (options: { maxRetained?: number; watcherCapacity?: number } = {}): EventLog =>
  new EventLog({ service: 'vrrpd', incarnation: 'now', clock: new FakeClock(), logger: silentLogger(), ...options });
const note = (summary?: string): ServiceEvent => ({
  event: undefined,
  notifications: summary === undefined ? [] : [Notification.fromPartial({ summary })],
});
const sequences = (entries: { origin?: { sequence: bigint } | undefined }[]): number[] =>
  entries.map(({ origin }) => Number(origin?.sequence));
const never = new AbortController().signal;

test('numbers all events, keeps those with notifications until they are acknowledged', () => {
  const log = eventLog();
  for (const summary of ['a', undefined, 'b', 'c']) log.publish(note(summary));
  assert.equal(log.sequence, 4n);
  assert.deepEqual(sequences(log.unacknowledged('', 0n)), [1, 3, 4]);
  assert.deepEqual(sequences(log.unacknowledged('now', 1n)), [3, 4], 'a watcher of this incarnation has the first');
  assert.deepEqual(
    sequences(log.unacknowledged('earlier', 99n)),
    [1, 3, 4],
    'the number of another incarnation says nothing',
  );
  log.acknowledge('earlier', 99n);
  assert.equal(log.retainedCount, 3);
  log.acknowledge('now', 3n);
  assert.deepEqual(sequences(log.unacknowledged('', 0n)), [4]);
  log.acknowledge('now', 4n);
  assert.equal(log.retainedCount, 0);
});

test('is bounded when nobody acknowledges: the oldest go and are counted', () => {
  const log = eventLog({ maxRetained: 3 });
  for (let index = 0; index < 5; index++) log.publish(note(String(index)));
  assert.deepEqual(sequences(log.unacknowledged('', 0n)), [3, 4, 5]);
  assert.equal(log.lostCount, 2);
});

test('watchers get events from their subscription on, each at its own pace; one too slow is cut off alone', async () => {
  const log = eventLog({ watcherCapacity: 2 });
  log.publish(note());
  const slow = log.subscribe();
  const quick = log.subscribe();
  for (let index = 0; index < 3; index++) {
    log.publish(note());
    const mail = await quick.next(never);
    assert.equal(mail.kind === 'item' && Number(mail.item.origin?.sequence), index + 2);
  }
  assert.deepEqual(await slow.next(never), { kind: 'end', reason: 'overflow' });
  assert.deepEqual(await quick.next(never, 1), { kind: 'timeout' });
});

test('draining waits for the acknowledgement, not longer than allowed, and not for nobody', async () => {
  const log = eventLog();
  log.publish(note('a'));
  assert.equal(await log.drained(10_000), false, 'nobody watches');
  log.subscribe();
  assert.equal(await log.drained(5), false);
  setTimeout(() => log.acknowledge('now', 1n), 5);
  assert.equal(await log.drained(10_000), true);
});

test('a mailbox ends when it is closed, after what is in it, and at once when the reader gives up', async () => {
  const mailbox = new Mailbox<number>(10);
  mailbox.push(1);
  mailbox.close();
  assert.equal(mailbox.push(2), false);
  assert.deepEqual(await mailbox.next(never), { kind: 'item', item: 1 });
  assert.deepEqual(await mailbox.next(never), { kind: 'end', reason: 'closed' });
  const reader = new AbortController();
  const waiting = new Mailbox<number>(10).next(reader.signal);
  reader.abort();
  assert.deepEqual(await waiting, { kind: 'end', reason: 'aborted' });
});
