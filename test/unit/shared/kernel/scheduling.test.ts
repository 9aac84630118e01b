/** On the process of this test itself: everything is given back at the end. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { test } from 'node:test';
import { getAffinity, getResourceLimit, isRealtime } from '../../../../services/shared/kernel/process.js';
import { readProcessName } from '../../../../services/shared/kernel/processName.js';
import { applyScheduling } from '../../../../services/shared/kernel/scheduling.js';

/** Field 40 of proc(5) stat: 0 for an ordinary thread. */
function realtimePriorityOf(thread: string): number {
  const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[37]);
}

const needsRoot = process.getuid?.() === 0 ? false : 'needs root';

test('what is wanted is set, and what is not wanted any more goes back', { skip: needsRoot }, () => {
  const [nice, cpus, limit] = [getPriority(), getAffinity(), getResourceLimit('rttime').soft];
  const [cpu = 0] = cpus;
  assert.deepEqual(
    applyScheduling('vrrp', { realtimePriority: 5, nice: nice + 1, cpus: [cpu], realtimeLimit: 2_000_000 }),
    [],
  );
  assert.ok(isRealtime());
  // V8's threads, for which the main one waits, are not left behind, and never before it.
  const helpers = readdirSync('/proc/self/task').filter((thread) => thread !== String(process.pid));
  assert.ok(helpers.length >= 4);
  assert.deepEqual([...new Set(helpers.map(realtimePriorityOf))], [4]);
  assert.equal(getPriority(), nice + 1);
  assert.deepEqual(getAffinity(), [cpu]);
  assert.equal(getResourceLimit('rttime').soft, 2_000_000);
  // Scripts must not inherit it: the kernel clears the policy of children.
  assert.match(readFileSync('/proc/self/sched', 'utf8'), /policy\s*:\s*2/);
  assert.deepEqual(applyScheduling('vrrp', {}), []);
  assert.ok(!isRealtime());
  assert.deepEqual([...new Set(helpers.map(realtimePriorityOf))], [0]);
  assert.equal(getPriority(), nice);
  assert.deepEqual(getAffinity(), cpus);
  assert.equal(getResourceLimit('rttime').soft, limit);
});

test('what cannot be is told with its keyword and what to do, and the rest is done', { skip: needsRoot }, () => {
  const nice = getPriority();
  const problems = applyScheduling('checker', { cpus: [1023], noSwap: true, nice: nice + 1, realtimeLimit: 1000 });
  assert.equal(getPriority(), nice + 1);
  assert.equal(problems.length, 3);
  assert.match(problems[0] ?? '', /^checker_cpu_affinity: .*This machine has the CPUs 0/);
  assert.match(problems[1] ?? '', /^checker_rlimit_rttime: 1000 is taken as 1000000/);
  assert.match(problems[2] ?? '', /^checker_no_swap: .*MemorySwapMax=0/);
  applyScheduling('checker', {});
});

test('the process is shown under its name, of which the kernel keeps 15 bytes, and then under its own again', () => {
  const own = readProcessName();
  assert.deepEqual(applyScheduling('vrrp', { name: 'keepalived_vrrp_too_long' }), []);
  assert.equal(readProcessName(), 'keepalived_vrrp');
  assert.deepEqual(applyScheduling('vrrp', {}), []);
  assert.equal(readProcessName(), own);
});
