import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { silentLogger } from '../../../../services/shared/log/logger.js';
import { EventLog } from '../../../../services/shared/rpc/eventLog.js';
import { EventStore } from '../../../../services/shared/rpc/eventStore.js';
import type { WatchResponse } from '../../../../services/shared/rpc/generated/keepwatch/v1/lifecycle.js';
import { Notification } from '../../../../services/shared/rpc/generated/keepwatch/v1/notify.js';
import { FakeClock } from '../../../../services/shared/time/clock.js';

const folder = mkdtempSync(join(tmpdir(), 'keepwatch-events-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const errors: unknown[] = [];
const logOn = (path: string, incarnation: string, more: { readonly inheritsLate?: boolean } = {}): EventLog =>
  new EventLog({
    service: 'vrrpd',
    incarnation,
    clock: new FakeClock(),
    logger: silentLogger(),
    store: new EventStore(path, (error) => errors.push(error)),
    ...more,
  });
const told = (lane: string, state: string): Notification => Notification.fromPartial({ lane, state, summary: state });
const publish = (log: EventLog, ...notifications: Notification[]): void =>
  log.publish({ event: undefined, notifications });
const kept = (log: EventLog): string[] =>
  log
    .unacknowledged('', 0n)
    .flatMap(({ body }: WatchResponse) =>
      body?.$case === 'event'
        ? body.value.notifications.map(
            ({ id, summary }) => `${id?.incarnation}/${id?.sequence}.${id?.index} ${summary}`,
          )
        : [],
    );

describe('events of a process that was killed', () => {
  it('are told by its successor under their own ids, before anything of its own, and by its successor too', () => {
    const path = join(folder, 'killed');
    const first = logOn(path, 'one');
    publish(first, told('a', 'BACKUP'), told('b', 'BACKUP'));
    publish(first, told('a', 'MASTER'));
    publish(first, told('a', 'FAULT'));
    first.acknowledge('one', 1n);
    const second = logOn(path, 'two');
    second.generation = 1n;
    assert.deepEqual(kept(second), ['one/2.0 MASTER', 'one/3.0 FAULT']);
    publish(second, told('a', 'BACKUP'));
    const third = logOn(path, 'three');
    publish(third, told('b', 'FAULT'));
    assert.deepEqual(kept(third), ['one/2.0 MASTER', 'one/3.0 FAULT', 'two/2.0 BACKUP', 'three/2.0 FAULT']);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('are not told again when the successor only stands where the dead one stood', () => {
    const path = join(folder, 'same');
    const first = logOn(path, 'one');
    publish(first, told('a', 'MASTER'), told('b', 'BACKUP'));
    first.acknowledge('one', 1n);
    const second = logOn(path, 'two');
    publish(second, told('a', 'MASTER'));
    publish(second, told('b', 'FAULT'));
    assert.deepEqual(kept(second), ['two/2.0 FAULT']);
    // Only what comes first repeats; from then on it speaks for itself.
    publish(second, told('a', 'BACKUP'), told('a', 'MASTER'));
    publish(second, told('a', 'MASTER'));
    assert.equal(kept(second).length, 4);
  });

  it('stay with a process that waits until it speaks, and nothing stays of one that left in good order', () => {
    const path = join(folder, 'waits');
    const first = logOn(path, 'one');
    publish(first, told('a', 'MASTER'));
    const spare = logOn(path, 'spare', { inheritsLate: true });
    spare.generation = 1n;
    publish(first, told('a', 'BACKUP'));
    assert.deepEqual(kept(spare), []);
    publish(spare, told('a', 'BACKUP'));
    assert.deepEqual(kept(spare), ['one/1.0 MASTER', 'one/2.0 BACKUP']);
    spare.acknowledge('spare', 9n);
    spare.close(true);
    assert.ok(existsSync(path), 'a successor that goes on needs it');
    spare.close();
    assert.ok(!existsSync(path));
  });

  it('survive damage of a line, a file that grows, and a directory that cannot be written', () => {
    const path = join(folder, 'damaged');
    const first = logOn(path, 'one');
    publish(first, told('a', 'MASTER'));
    writeFileSync(path, `${readFileSync(path, 'utf8')}{"s":"2","n":[{"la`);
    const second = logOn(path, 'two');
    second.generation = 1n;
    assert.deepEqual(kept(second), ['one/1.0 MASTER']);
    for (let n = 2; n < 3000; n++) {
      publish(second, told('a', n % 2 === 0 ? 'FAULT' : 'BACKUP'));
      second.acknowledge('two', BigInt(n));
    }
    assert.ok(statSync(path).size < 80_000, `${statSync(path).size} bytes`);
    assert.deepEqual(errors, []);
    const nowhere = logOn(join(folder, 'no', 'such', 'directory'), 'x');
    publish(nowhere, told('a', 'MASTER'));
    assert.equal(kept(nowhere).length, 1);
    assert.ok(errors.length > 0);
  });
});
