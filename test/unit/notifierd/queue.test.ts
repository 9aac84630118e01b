import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Job, jobsOf } from '../../../services/notifierd/job.js';
import { NotificationQueue } from '../../../services/notifierd/queue.js';
import { notification } from './support.js';

const script = (name: string): string[][] => [[`/bin/${name}`]];
const keys = (jobs: readonly Job[]): string[] => jobs.map((job) => job.key);

function takeAll(queue: NotificationQueue): Job[] {
  const jobs: Job[] = [];
  for (let job = queue.take(); job !== undefined; job = queue.take()) jobs.push(job);
  return jobs;
}

describe('the queue', () => {
  it('splits a notification into scripts, FIFO lines and mails', () => {
    const mail = { subject: 's', body: 'b' };
    const jobs = jobsOf(notification(1, { scripts: [['/a'], ['/b']], vrrp: ['V'], lvs: ['L'], mails: [mail] }));
    assert.deepEqual(
      jobs.map((job) => [job.name, job.lane]),
      [
        ['script 0', 'script instance VI_1'],
        ['script 1', 'script instance VI_1'],
        ['fifo vrrp', 'fifo vrrp'],
        ['fifo lvs', 'fifo lvs'],
        ['fifo common', 'fifo common'],
        ['mail 0', 'mail'],
      ],
    );
    const common = jobs[4]?.task;
    assert.deepEqual(common?.kind === 'fifo' && common.lines, ['V', 'L']);
  });

  it('runs one job per lane and lets no other lane wait', () => {
    const queue = new NotificationQueue();
    queue.offer(notification(1, { scripts: [['/1a'], ['/1b']] }));
    queue.offer(notification(2, { scripts: script('2') }));
    queue.offer(notification(3, { scripts: script('3'), lane: 'group VG' }));
    const first = takeAll(queue);
    assert.deepEqual(keys(first), ['vrrpd/one/1.0 script 0', 'vrrpd/one/3.0 script 0']);
    assert.equal(queue.running, 2);
    const [job] = first;
    assert.ok(job);
    assert.equal(queue.finish(job), false, 'its second script is open');
    const second = takeAll(queue);
    assert.deepEqual(keys(second), ['vrrpd/one/1.0 script 1']);
    assert.ok(second[0] && queue.finish(second[0]));
    assert.deepEqual(keys(takeAll(queue)), ['vrrpd/one/2.0 script 0']);
  });

  it('drops duplicates per incarnation', () => {
    const queue = new NotificationQueue();
    const offered = [notification(1), notification(2, { index: 1 }), notification(2), notification(2, { index: 1 })];
    assert.deepEqual(
      offered.map((each) => queue.offer(each).kind),
      ['taken', 'taken', 'duplicate', 'duplicate'],
    );
    assert.equal(queue.offer(notification(1, { incarnation: 'two' })).kind, 'taken');
    assert.equal(queue.offer(notification(2)).kind, 'duplicate', 'the older incarnation is still known');
  });

  it('gives up the oldest waiting job of a full lane, never the running one', () => {
    const queue = new NotificationQueue(2);
    queue.offer(notification(1, { scripts: script('1') }));
    const running = queue.take();
    for (const sequence of [2, 3]) queue.offer(notification(sequence, { scripts: script('x') }));
    const offer = queue.offer(notification(4, { scripts: script('4') }));
    assert.deepEqual(offer.kind === 'taken' && keys(offer.givenUp), ['vrrpd/one/2.0 script 0']);
    assert.deepEqual(
      queue.pending().map(({ notification: { id } }) => id.sequence),
      [1n, 3n, 4n],
    );
    assert.ok(running && queue.finish(running));
    assert.deepEqual(keys(takeAll(queue)), ['vrrpd/one/3.0 script 0']);
  });

  it('puts back what did not begin', () => {
    const queue = new NotificationQueue();
    for (const sequence of [1, 2]) queue.offer(notification(sequence, { scripts: script('x') }));
    const job = queue.takeKey('vrrpd/one/1.0 script 0');
    assert.ok(job);
    assert.equal(queue.take(), undefined, 'the lane waits');
    assert.equal(queue.takeKey('vrrpd/one/2.0 script 0'), undefined, 'not the next of its lane');
    queue.putBack(job);
    assert.deepEqual(keys(takeAll(queue)), ['vrrpd/one/1.0 script 0']);
  });

  it('keeps order per lane, loses nothing and repeats nothing, however jobs come and end', () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('offer' as const),
        lane: fc.integer({ min: 0, max: 2 }),
        scripts: fc.integer({ min: 0, max: 2 }),
        again: fc.boolean(),
      }),
      fc.record({ kind: fc.constant('take' as const) }),
      fc.record({ kind: fc.constant('end' as const), which: fc.nat(5), back: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = new NotificationQueue();
        const offered: string[] = [];
        const ended: string[] = [];
        const running: Job[] = [];
        let sequence = 0;
        for (const each of steps) {
          if (each.kind === 'offer') {
            const given = notification(++sequence, {
              lane: `L${each.lane}`,
              scripts: Array(each.scripts).fill(['/x']),
            });
            offered.push(...keys(jobsOf(given)));
            assert.equal(queue.offer(given).kind, 'taken');
            if (each.again) assert.equal(queue.offer(given).kind, 'duplicate');
          } else if (each.kind === 'take') {
            const job = queue.take();
            if (job !== undefined) running.push(job);
          } else {
            const [job] = running.splice(each.which % Math.max(1, running.length), 1);
            if (job === undefined) continue;
            if (each.back) queue.putBack(job);
            else {
              queue.finish(job);
              ended.push(job.key);
            }
          }
          assert.equal(new Set(running.map((job) => job.lane)).size, running.length, 'two jobs of one lane run');
          assert.equal(queue.running, running.length);
        }
        for (;;) {
          for (const job of running.splice(0)) {
            queue.finish(job);
            ended.push(job.key);
          }
          running.push(...takeAll(queue));
          if (running.length === 0) break;
        }
        const lane = (key: string): string => key.split(' ')[0] ?? '';
        assert.deepEqual([...ended].sort(), [...offered].sort());
        const laneOf = new Map<string, string>();
        for (const each of steps.filter((one) => one.kind === 'offer').entries())
          laneOf.set(`vrrpd/one/${each[0] + 1}.0`, `L${each[1].lane}`);
        for (const name of ['L0', 'L1', 'L2']) {
          const mine = (key: string): boolean => laneOf.get(lane(key)) === name;
          assert.deepEqual(ended.filter(mine), offered.filter(mine));
        }
        assert.equal(queue.pendingCount + queue.waiting + queue.running, 0);
      }),
      { numRuns: 300 },
    );
  });
});
