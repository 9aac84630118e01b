import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallContext } from 'nice-grpc-common';
import { pino } from 'pino';
import { EventLog } from '../../../../services/shared/rpc/eventLog.js';
import type { WatchResponse } from '../../../../services/shared/rpc/generated/keepwatch/v1/lifecycle.js';
import { lifecycleService } from '../../../../services/shared/rpc/lifecycle.js';
import type { ServiceBehaviour } from '../../../../services/shared/rpc/service.js';
import { FakeClock } from '../../../../services/shared/time/clock.js';

const HEARTBEAT_MS = 5;
const behaviour: ServiceBehaviour = {
  name: 'ipvsd',
  validate: () => [],
  plan: () => ({ diagnostics: [], changes: [] }),
  configure: async () => ({ accepted: true, diagnostics: [], changes: [] }),
  state: () => ({ state: undefined }),
  impairments: () => [],
  stop: async () => undefined,
};

/** A watch of a service whose sign of life others can read as long as `beats`. */
function watch(withoutHeartbeats: boolean, beats: boolean) {
  const logger = pino({ enabled: false });
  const pulse = { beats };
  const events = new EventLog({ service: 'ipvsd', incarnation: 'one', clock: new FakeClock(), logger });
  const ending = new AbortController();
  const service = lifecycleService({
    behaviour,
    events,
    version: '1',
    logger,
    pulse,
    heartbeatMs: HEARTBEAT_MS,
    onChange: () => undefined,
    stop: async () => undefined,
    seat: { standby: false, activate: async () => undefined },
  });
  const request = { incarnation: '', afterSequence: 0n, withoutHeartbeats };
  const messages = service.watch(request, { signal: ending.signal } as CallContext) as AsyncGenerator<WatchResponse>;
  const next = async () => (await messages.next()).value?.body?.$case;
  return { pulse, events, next, end: () => ending.abort() };
}

test('a watcher that cannot read the pulse hears heartbeats', async () => {
  for (const [without, beats] of [
    [false, true],
    [true, false],
  ] as const) {
    const { next, end } = watch(without, beats);
    assert.deepEqual([await next(), await next(), await next()], ['state', 'heartbeat', 'heartbeat']);
    end();
  }
});

test('one that reads the pulse hears what happens, and heartbeats once the pulse is lost', async () => {
  const { pulse, events, next, end } = watch(true, true);
  // One after the last large message, so that the transport does not keep that.
  assert.deepEqual([await next(), await next()], ['state', 'heartbeat']);
  let heard: unknown;
  const silence = next().then((found) => {
    heard = found;
  });
  await new Promise((done) => setTimeout(done, 5 * HEARTBEAT_MS));
  events.nudge();
  await new Promise((done) => setTimeout(done, 5 * HEARTBEAT_MS));
  assert.equal(heard, undefined);
  events.publish({ event: undefined, notifications: [] });
  await silence;
  assert.equal(heard, 'event');

  assert.equal(await next(), 'heartbeat');
  const afterwards = next();
  pulse.beats = false;
  events.nudge();
  assert.deepEqual([await afterwards, await next()], ['heartbeat', 'heartbeat']);
  end();
});
