import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkerTarget } from '../../../services/healthcheckerd/checkerText.js';
import { HealthEngine } from '../../../services/healthcheckerd/engine.js';
import { silentLogger } from '../../../services/shared/log/logger.js';
import { FakeClock } from '../../../services/shared/time/clock.js';
import { millis } from '../../../services/shared/time/duration.js';
import { healthConfig, realServer, virtualServer } from './support.js';

test('checks that are all due at once are started in turns, the longest due first, and none is forgotten', () => {
  const clock = new FakeClock();
  const started: string[] = [];
  const engine = new HealthEngine({
    clock,
    prober: {
      start: (check) => {
        started.push(checkerTarget(check));
        clock.advance(millis(2));
        return () => {};
      },
    },
    logger: silentLogger(),
    report: () => {},
    rearm: () => {},
    localAddresses: () => new Set(),
    spreadStart: 0,
  });
  const servers = Array.from({ length: 20 }, (_, index) => realServer(`10.9.1.${index + 1}`));
  engine.apply(healthConfig([virtualServer(servers)]));
  engine.runDue();
  assert.equal(started.length, 3, 'a turn ends after 5 ms');
  const next = engine.nextDeadline();
  assert.ok(next !== undefined && next <= clock.now(), 'the rest is still due');
  for (let turn = 0; turn < 20 && started.length < 20; turn++) engine.runDue();
  assert.equal(new Set(started).size, 20);
});
