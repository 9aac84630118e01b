import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckDurations, DURATION_BOUNDS } from '../../../services/healthcheckerd/checkDurations.js';
import { micros, millis } from '../../../services/shared/time/duration.js';

test('each check counts in the class of its time, by kind; what is over all bounds in the last one', () => {
  const durations = new CheckDurations();
  for (const ms of [0.2, 0.5, 0.6, 20, 60_000]) durations.record('TCP_CHECK', millis(ms));
  durations.record('HTTP_GET', micros(0));
  const [tcp, http] = durations.wire();
  assert.deepEqual([tcp?.kind, tcp?.checks, tcp?.totalUs], ['TCP_CHECK', 5n, 60_021_300n]);
  assert.deepEqual(
    tcp?.classes.filter(({ count }) => count > 0n),
    [
      { upToUs: 500n, count: 2n },
      { upToUs: 1_000n, count: 1n },
      { upToUs: 25_000n, count: 1n },
      { upToUs: 0n, count: 1n },
    ],
  );
  assert.equal(tcp?.classes.length, DURATION_BOUNDS.length + 1);
  assert.deepEqual([http?.kind, http?.checks], ['HTTP_GET', 1n]);
});
